#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "agent/page/guide_page.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"

namespace hale::agent {
namespace {

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
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::io, "making " + folder.string() + ": " + error.message());
  return folder;
}

std::string safe_name(const std::string& name) {
  std::string out;
  for (const char c : name) out.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ? c : '_');
  return out.substr(0, 80);
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
  const char* chosen = std::getenv("BROWSER");
  // $BROWSER may be a list with arguments; only a plain program is taken, anything else is xdg-open's to read.
  const bool plain = chosen != nullptr && *chosen != '\0' && std::strpbrk(chosen, " :%\t") == nullptr;
  auto program = plain ? std::filesystem::path(chosen) : find_program("xdg-open");
  if (plain && !program.is_absolute()) program = find_program(chosen);
  if (program.empty())
    return fail(Errc::not_found, "no browser was found (xdg-open or $BROWSER); the page is " + page.string());
  // Twice removed, so that init reaps the browser whenever it ends.
  const pid_t middle = ::fork();
  if (middle < 0) return fail(Errc::io, std::string("starting the browser: ") + std::strerror(errno));
  if (middle == 0) {
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);  // the browser must hear its signals
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::execl(program.c_str(), program.c_str(), url.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(middle, &status, 0);
  return {};
}

}  // namespace hale::agent
