#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string_view>

#include "agent/desktop/desktop.hpp"
#include "agent/service/language.hpp"

namespace {

constexpr const char* kHelp = R"(hale-desktop: shows Hale's messages in this desktop session and takes the answers back.
  hale-desktop             run until the session ends (started by the session itself)
  hale-desktop link URL    follow a link of a guide page, after asking
  --version, --help
)";

int stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, each);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

int main(int argc, char** argv) {
  const auto locale = hale::agent::environment_locale();
  const auto language = hale::agent::language_of_locale(locale);
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (first == "--help" || first == "-h") return std::fputs(kHelp, stdout) < 0 ? 1 : 0;
  if (first == "--version") return std::puts("hale-desktop " HALE_VERSION) < 0 ? 1 : 0;
  if (first == "link" && argc == 3) return hale::agent::follow_link(argv[2], language);
  if (argc > 1) {
    std::fprintf(stderr, "hale-desktop: unknown arguments; --help lists what there is\n");
    return 2;
  }
  const int stop = stop_signals();
  return hale::agent::Desktop(locale, language).run(stop);
}
