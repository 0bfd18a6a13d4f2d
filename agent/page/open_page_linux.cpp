#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "agent/page/open_page.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"

namespace hale::agent {
namespace {

constexpr int kFailsWithinMs = 1500;
/// What a system without xdg-utils may have; the first that is there.
constexpr const char* kBrowsers[] = {"xdg-open", "sensible-browser", "x-www-browser",    "firefox",       "firefox-esr",
                                     "chromium", "google-chrome",    "chromium-browser", "microsoft-edge"};

/// The folder is this user's alone, whatever was there before.
Result<> make_private(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(Errc::io, "making " + folder.string() + ": " + std::strerror(errno));
  struct stat seen {};
  if (::lstat(folder.c_str(), &seen) != 0 || !S_ISDIR(seen.st_mode) || seen.st_uid != ::geteuid())
    return fail(Errc::permission, folder.string() + " is not a folder of this user's; move it away");
  if ((seen.st_mode & 077) != 0 && ::chmod(folder.c_str(), 0700) != 0)
    return fail(Errc::permission, "closing " + folder.string() + " to others: " + std::strerror(errno));
  return {};
}

Result<std::filesystem::path> pages_folder() {
  std::filesystem::path base;
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/')
    base = runtime;
  else if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    base = cache;
  else if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    base = std::filesystem::path(home) / ".cache";
  else
    return fail(Errc::not_found, "neither XDG_RUNTIME_DIR nor HOME is set: nowhere to write the page");
  const auto folder = base / "hale";
  if (auto made = make_private(folder); !made) return fail(made.error());
  return folder;
}

std::string safe_name(const std::string& name) {
  std::string out;
  for (const char c : name) out.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ? c : '_');
  return out.substr(0, 80);
}

std::filesystem::path find_browser() {
  // $BROWSER may be a list with arguments; only a plain program is taken, anything else is xdg-open's to read.
  const char* chosen = std::getenv("BROWSER");
  if (chosen != nullptr && *chosen != '\0' && std::strpbrk(chosen, " :%\t") == nullptr) {
    const std::filesystem::path program(chosen);
    return program.is_absolute() ? program : find_program(chosen);
  }
  for (const auto* name : kBrowsers)
    if (auto program = find_program(name); !program.empty()) return program;
  return {};
}

/// In the child between us and the browser: starts it, and ends with 0 once it runs or has done its work. The browser
/// is then init's to reap.
[[noreturn]] void start_and_watch(const char* program, const char* url) {
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);  // the browser must hear its signals
  const pid_t browser = ::fork();
  if (browser == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);
    ::execl(program, program, url, nullptr);
    ::_exit(127);
  }
  for (int waited = 0; browser > 0 && waited < kFailsWithinMs; waited += 25) {
    int status = 0;
    if (::waitpid(browser, &status, WNOHANG) == browser) ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    ::usleep(25'000);
  }
  ::_exit(browser > 0 ? 0 : 1);
}

}  // namespace

Result<std::filesystem::path> write_page(const std::string& name, const std::string& html) {
  auto folder = pages_folder();
  if (!folder) return folder;
  const auto page = *folder / (safe_name(name) + ".html");
  if (auto done = write_file_atomically(page, html, 0600); !done) return fail(done.error());
  return page;
}

Result<> open_page(const std::filesystem::path& page, const std::string& section) {
  const auto url = "file://" + page.string() + (section.empty() ? "" : "#" + section);
  const auto program = find_browser();
  if (program.empty())
    return fail(Errc::not_found, "no browser was found (xdg-open or $BROWSER); the page is " + page.string());
  const pid_t middle = ::fork();
  if (middle < 0) return fail(Errc::io, std::string("starting the browser: ") + std::strerror(errno));
  if (middle == 0) start_and_watch(program.c_str(), url.c_str());
  int status = 0;
  ::waitpid(middle, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Errc::not_found,
              "no browser would open it (" + program.filename().string() + " failed); the page is " + page.string());
}

}  // namespace hale::agent
