// Requests to haled's control socket: lines of one connection, as any local user, a desktop session or an administrator may send them.
#include "agent/service/control.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/service/agent.hpp"
#include "core/codec.hpp"
#include "platform/clock.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace hale;
using namespace hale::agent;
namespace fs = std::filesystem;

namespace {

class Connection final : public IpcServer::Connection {
 public:
  explicit Connection(bool administrator) : peer_{.uid = 1000, .gid = 1000, .pid = 1, .administrator = administrator} {}
  bool send_line(std::string_view line) override {
    fuzz::expect(parse_json(line).has_value(), "what a session is told is JSON");
    return true;
  }
  const Peer& peer() const override { return peer_; }

 private:
  Peer peer_;
};

/// An agent that has judged a failing disk: there is a finding to ask about and a message to answer.
class RunningAgent {
 public:
  RunningAgent() {
    std::string pattern = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / "hale-fuzz-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    {
      std::ofstream file(folder_ / "disk.csv");
      file << "time,hw.model/disk0,hw.physical_disk.smart/disk0/self_assessment\n";
      for (int hour = 0; hour < 12; ++hour) file << 1'772'431'200 + hour * 3600 << ",ST4000DM000," << (hour < 6 ? 1 : 0) << '\n';
    }
    auto made = Agent::make({.config = {}, .state = folder_, .skipped = {}, .replay = folder_ / "disk.csv", .speed = 0},
                            [](const auto&) { return std::vector<std::unique_ptr<Collector>>(); }, desk_, mailbox_, system_clock(),
                            {.upload_soon = [] {}, .sweep_started = {}, .settled = {}});
    fuzz::expect(made.has_value(), "the agent starts");
    agent_ = std::move(*made);
    control_ = std::make_unique<Control>(*agent_, desk_, mailbox_, uploads_);
    collect_ = std::jthread([this](const std::stop_token& stop) { agent_->run(stop); });
  }
  ~RunningAgent() {
    collect_.request_stop();
    mailbox_.wake();
    collect_.join();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Control& control() { return *control_; }

 private:
  fs::path folder_;
  Desk desk_;
  Mailbox mailbox_;
  UploadRunner* uploads_{nullptr};
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<Control> control_;
  std::jthread collect_;
};

void check_reply(std::string_view text) {
  const auto reply = parse_json(text);
  fuzz::expect(reply && reply->is_object() && reply->contains("ok") && (*reply)["ok"].is_boolean(), "every reply is an object with ok");
  fuzz::expect((*reply)["ok"] == true || ((*reply)["code"].is_string() && (*reply)["error"].is_string()), "what is refused says why");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static RunningAgent agent;
  auto input = fuzz::text_of(data, std::min<std::size_t>(size, 70'000));
  const auto connection = std::make_shared<Connection>(fuzz::take_choice(input, 2) == 1);
  for (int lines = 0; !input.empty() && lines < 16; ++lines) {
    const auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    check_reply(agent.control().handle(line, connection));
  }
  return 0;
}
