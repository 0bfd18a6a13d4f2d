// The composition root of haled.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>

#include "agent/service/agent.hpp"
#include "agent/service/control.hpp"
#include "agent/service/haled.hpp"
#include "agent/service/log.hpp"
#include "agent/service/paths.hpp"
#include "agent/service/skip_list.hpp"
#include "agent/service/timer_linux.hpp"
#include "agent/service/upload_runner.hpp"
#include "platform/local_ipc.hpp"
#include "platform/memory.hpp"
#include "platform/process.hpp"
#include "platform/secrets.hpp"
#include "platform/service.hpp"
#include "uploader/identity.hpp"

namespace hale::agent {
namespace {

using std::chrono::milliseconds;
/// A sweep that does not come for so long beyond its time hangs: hale-probe's own deadlines end much earlier.
constexpr milliseconds kHang = std::chrono::minutes(2);
constexpr std::chrono::seconds kPatienceAtEnd{4};     ///< SIGTERM is obeyed within five
constexpr unsigned long kTimerSlackNs = 500'000'000;  // half a second: the kernel may wake us along with others
constexpr int kExitBadInput = 2;
constexpr int kExitFailed = 1;

/// SIGTERM and SIGINT as a descriptor; blocked in every thread, for it is made before any is started.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, each);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Signals() { ::close(fd_); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  int fd() const { return fd_; }
  /// True when the service shall end; SIGHUP is taken and ignored.
  bool take_stop() const {
    signalfd_siginfo info{};
    bool stop = false;
    while (::read(fd_, &info, sizeof(info)) == sizeof(info)) stop = stop || info.ssi_signo != SIGHUP;
    return stop;
  }

 private:
  int fd_{-1};
};

Result<> make_state_folder(const std::filesystem::path& folder) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::io, fmt::format("making the state folder {}: {}", folder.string(), error.message()));
  if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (::access(folder.c_str(), W_OK) != 0)
    return fail(
        Errc::permission,
        fmt::format("the state folder {} cannot be written; set HALE_STATE_DIR or run as its owner", folder.string()));
  return {};
}

/// Keys the hashes of serial numbers, so that they say nothing outside this PC's own fleet. Made once.
Result<std::string> serial_salt(const std::filesystem::path& state) { return Secrets(state).spool_key(); }

class Haled {
 public:
  Haled(const HaledArguments& arguments, const std::function<void()>& restart)
      : arguments_(arguments), restart_(restart), state_(state_folder()) {}
  int run();

 private:
  Result<> compose();
  void on_watchdog();

  const HaledArguments& arguments_;
  const std::function<void()>& restart_;
  std::filesystem::path state_;
  Config config_;
  Signals signals_;
  Timer watchdog_;
  Desk desk_;
  Mailbox mailbox_;
  UploadRunner* runner_{nullptr};
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<IpcServer> server_;
  std::unique_ptr<UploadRunner> uploads_;
  std::stop_source stop_;
};

/// A folder that is misspelt would otherwise pass for a machine without any sensor.
Result<> check_roots(const SystemRoots& roots) {
  for (const auto& root : {roots.sys, roots.proc, roots.dev}) {
    std::error_code error;
    if (!std::filesystem::is_directory(root, error))
      return fail(Errc::invalid_input, fmt::format("{} is not a folder", root.string()));
  }
  return {};
}

Result<> Haled::compose() {
  if (auto there = check_roots(arguments_.roots); !there) return there;
  if (!arguments_.config.empty()) {
    auto config = read_config(arguments_.config);
    if (!config) return fail(std::move(config.error()));
    config_ = std::move(*config);
  }
  if (auto made = make_state_folder(state_); !made) return made;
  auto salt = serial_salt(state_);
  if (!salt) return fail(std::move(salt.error()));

  const auto make = [&](std::map<std::string, std::string> bookmarks) {
    if (!arguments_.replay.empty()) return std::vector<std::unique_ptr<Collector>>();
    CollectorEnvironment environment;
    environment.roots = arguments_.roots;
    if (!arguments_.roots.captured) environment.probe = find_program("hale-probe");
    if (!arguments_.roots.captured) environment.smartctl = find_program("smartctl");
    environment.serial_salt = *salt;
    environment.bookmarks = std::move(bookmarks);
    return make_collectors(environment);
  };
  // The runner is made after the server that it is watched by; what is due before then is due at its start.
  Agent::Hooks hooks{.upload_soon =
                         [this] {
                           if (runner_ != nullptr) runner_->soon();
                         },
                     .upload_later =
                         [this] {
                           if (runner_ != nullptr) runner_->later();
                         },
                     .sweep_started = [this](milliseconds pause) { watchdog_.arm(pause + kHang); },
                     .settled = [] { release_startup_memory(); }};
  auto agent = Agent::make(
      {.config = config_,
       .state = state_,
       .skipped = read_skip_list(state_, system_clock().now()),
       .replay = arguments_.replay,
       .speed = arguments_.speed,
       .hardware = arguments_.replay.empty() ? hardware_fingerprint(arguments_.roots.sys, arguments_.roots.proc)
                                             : std::string()},
      make, desk_, mailbox_, system_clock(), std::move(hooks));
  if (!agent) return fail(std::move(agent.error()));
  agent_ = std::move(*agent);

  control_ = std::make_unique<Control>(*agent_, desk_, mailbox_, runner_);
  auto server = IpcServer::listen(control_socket(), [this](std::string_view line, const auto& connection) {
    return control_->handle(line, connection);
  });
  if (!server) return fail(std::move(server.error()).with_context("the control socket"));
  server_ = std::move(*server);
  const char* trigger = std::getenv("HALE_UPLOAD_TRIGGER");
  uploads_ = std::make_unique<UploadRunner>(
      UploadRunner::Options{.program = find_program("hale-upload"),
                            .state = state_,
                            .trigger = trigger != nullptr ? trigger : "",
                            .proxy = config_.proxy,
                            .interval = std::chrono::minutes(config_.upload_interval_minutes)},
      UploadRunner::Loop{
          .watch = [this](int fd, std::function<void()> readable) { server_->watch(fd, std::move(readable)); },
          .unwatch = [this](int fd) { server_->unwatch(fd); },
          .may_run = [this] { return agent_->may_run_upload(); },
          .identity_changed =
              [this] {
                mailbox_.post([agent = agent_.get()] {
                  if (auto done = agent->enrolled(); !done) log_warning(done.error().message);
                });
              }});
  runner_ = uploads_.get();
  if (agent_->may_run_upload()) runner_->soon();
  server_->watch(signals_.fd(), [this] {
    if (signals_.take_stop()) stop_.request_stop();
  });
  server_->watch(watchdog_.fd(), [this] { on_watchdog(); });
  return {};
}

void Haled::on_watchdog() {
  if (!watchdog_.take()) return;
  const int index = agent_->scheduler().running();
  if (index < 0) {
    log_warning(
        "a sweep is more than two minutes late, though no collector runs: is the disk of the state folder stuck?");
    return watchdog_.arm(kHang);
  }
  const auto name = agent_->scheduler().entries()[static_cast<std::size_t>(index)].collector->name();
  log_error(fmt::format("the {} collector hangs; restarting without it for a day", name));
  if (auto noted = add_to_skip_list(state_, name, system_clock().now()); !noted) log_error(noted.error().message);
  restart_();
}

int Haled::run() {
  if (auto composed = compose(); !composed) {
    log_error("haled: " + composed.error().message);
    const bool input = composed.error().code == Errc::invalid_input || composed.error().code == Errc::not_found;
    return input ? kExitBadInput : kExitFailed;
  }
  std::promise<void> written;
  auto done = written.get_future();
  std::jthread collect([this, &written] {
    ::prctl(PR_SET_NAME, "collect");
    ::prctl(PR_SET_TIMERSLACK, kTimerSlackNs);
    agent_->run(stop_.get_token());
    written.set_value();
  });
  notify_ready();
  server_->run(stop_.get_token());
  notify_stopping();
  stop_.request_stop();
  mailbox_.wake();
  if (done.wait_for(kPatienceAtEnd) != std::future_status::ready) {
    log_warning("a collector hangs; ending without it (readings since the last write are lost, findings are not)");
    std::_Exit(0);
  }
  collect.join();
  runner_ = nullptr;
  uploads_.reset();
  return 0;
}

}  // namespace

int run_haled(const HaledArguments& arguments, const std::function<void()>& restart) {
  be_small();
  return Haled(arguments, restart).run();
}

}  // namespace hale::agent
