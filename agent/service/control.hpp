#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "agent/service/agent.hpp"
#include "agent/service/desk.hpp"
#include "agent/service/mailbox.hpp"
#include "agent/service/upload_runner.hpp"
#include "platform/local_ipc.hpp"

namespace hale::agent {

/// Answers the lines of the control socket (docs/control.md). Control thread.
class Control {
 public:
  Control(Agent& agent, Desk& desk, Mailbox& mailbox, UploadRunner*& uploads)
      : agent_(agent), desk_(desk), mailbox_(mailbox), uploads_(uploads) {}

  /// One request, one reply; never throws, whatever the line is.
  std::string handle(std::string_view line, const std::shared_ptr<IpcServer::Connection>& connection);

 private:
  using Request = nlohmann::json;
  using ConnectionPointer = std::shared_ptr<IpcServer::Connection>;
  std::string dispatch(const Request& request, const ConnectionPointer& connection);
  std::string on_session(const std::string& what, const Request& request, const ConnectionPointer& connection);
  std::string on_privacy(const Request& request, const Peer& peer);
  std::string on_history(const Request& request);
  std::string on_person(const std::string& what, const Request& request, const Peer& peer);
  std::string on_feedback(const std::string& what, const Request& request, const ConnectionPointer& connection);
  std::string on_administration(const std::string& what, const Request& request, const Peer& peer);
  std::string ask(std::function<Result<nlohmann::json>(Agent&)> question,
                  std::chrono::milliseconds patience = std::chrono::seconds(12));
  std::string busy() const;

  Agent& agent_;
  Desk& desk_;
  Mailbox& mailbox_;
  UploadRunner*& uploads_;
};

}  // namespace hale::agent
