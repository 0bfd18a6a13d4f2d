#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/texts/texts.hpp"
#include "core/finding.hpp"
#include "core/result.hpp"
#include "platform/attention.hpp"
#include "platform/local_ipc.hpp"
#include "platform/notify.hpp"

namespace hale::agent {

/// A session's notifier: shows what haled says and takes the answers back. One thread, asleep in poll() until something
/// happens.
class Desktop {
 public:
  Desktop(std::string locale, std::string language);
  /// Until the session bus is gone or a signal ends it (`stop_fd` readable). Waits quietly while haled does not run.
  int run(int stop_fd);

 private:
  Result<> connect_bus();
  bool connect_agent();
  void take_lines();
  void take_line(const std::string& line);
  void look(bool wanted);
  void report_presence();
  int pause_ms(int retry_ms) const;
  void show(const Notification& message);
  void show_waiting();
  void on_answer(const std::string& id, Answer answer);
  void open_page_for(const Notification& message, Answer answer);
  Result<std::filesystem::path> page_for(const Notification& message);
  void send_answers();

  std::string locale_;
  std::string language_;
  Texts texts_;
  std::unique_ptr<DesktopNotifier> notifier_;
  std::unique_ptr<IpcClient> client_;
  std::vector<std::unique_ptr<Attention>> attention_;  ///< only while haled has something to say
  std::optional<bool> busy_;                           ///< as last told to haled
  std::map<std::string, Notification> on_screen_;
  std::map<std::string, Notification> waiting_;          ///< for a notification service to appear
  std::vector<std::pair<std::string, Answer>> answers_;  ///< fingerprint and answer, not yet at haled
};

/// `hale-desktop link URL`: asks the person in a dialogue of its own, and only then does what the link asks for.
/// Returns the exit code: 2 for a link that is not on the closed list.
int follow_link(std::string_view link, const std::string& language);

}  // namespace hale::agent
