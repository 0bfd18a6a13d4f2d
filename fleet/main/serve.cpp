#include "fleet/main/serve.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <ctime>

#include "fleet/main/lock.hpp"
#include "fleet/main/server.hpp"
#include "fleet/service/log.hpp"
#include "platform/service.hpp"

namespace hale::fleet {
namespace {

constexpr std::time_t kTick{60};  // s

// Blocked before any thread is made, so that only the main thread takes them, when it asks.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

Result<> serve(const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t signals = block_stop_signals();
  raise_file_limit();
  std::error_code error;
  if (!std::filesystem::exists(options.data / "ca.key", error)) {
    return fail(Errc::not_found, options.data.string() + " holds no fleet; make one with: hale-fleet init --data " +
                                     options.data.string());
  }
  auto lock = FolderLock::take(options.data);
  if (!lock) return fail(lock.error());
  auto server = Server::open(options);
  if (!server) return fail(server.error());
  if (auto started = (*server)->start(); !started) return started;
  fmt::print("hale-fleet ready: devices {} console {}\n", (*server)->device_url(), (*server)->console_url());
  std::fflush(stdout);
  log::info("ready",
            {{"device", (*server)->device_url()}, {"console", (*server)->console_url()}, {"version", HALE_VERSION}});
  notify_ready();
  for (;;) {
    (*server)->tick();
    const timespec wait{kTick, 0};
    if (sigtimedwait(&signals, nullptr, &wait) > 0) break;
  }
  log::info("stopping");
  notify_stopping();
  (*server)->stop();
  log::info("stopped");
  return {};
}

}  // namespace hale::fleet
