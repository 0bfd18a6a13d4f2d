#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "agent/desktop/privileged.hpp"
#include "core/codec.hpp"
#include "platform/process.hpp"

namespace hale::agent {
namespace {

/// pkexec's own: the dialogue was dismissed, or authorisation was refused.
constexpr int kDismissed = 126;
constexpr int kRefused = 127;
/// Long enough to find the password.
constexpr auto kPatience = std::chrono::minutes(3);

std::map<std::string, std::string> session_environment() {
  std::map<std::string, std::string> kept;
  for (const auto* name : {"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_ID",
                           "DBUS_SESSION_BUS_ADDRESS", "HOME", "LANG", "LC_ALL", "PATH"})
    if (const char* value = std::getenv(name)) kept[name] = value;
  return kept;
}

}  // namespace

Result<nlohmann::json> run_as_administrator(std::vector<std::string> arguments) {
  const auto pkexec = find_program("pkexec");
  if (pkexec.empty()) return fail(Errc::unavailable, "pkexec is not installed");
  arguments.insert(arguments.begin(), (own_folder() / "hale").string());
  const auto done = run_process({.program = pkexec,
                                 .arguments = std::move(arguments),
                                 .environment = session_environment(),
                                 .deadline = kPatience,
                                 .max_output = 64u << 20,
                                 .input = {}});
  if (!done) return fail(done.error());
  if (done->exit_code == kDismissed || done->exit_code == kRefused)
    return fail(Errc::permission, "no administrator agreed");
  if (done->exit_code != 0) return fail(Errc::unavailable, done->error_output);
  return parse_json(done->output, 64u << 20);
}

}  // namespace hale::agent
