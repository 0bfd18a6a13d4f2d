#include <cstdlib>

#include "agent/service/paths.hpp"

namespace hale::agent {
namespace {

const char* set_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

std::filesystem::path state_folder() {
  if (const char* own = set_variable("HALE_STATE_DIR")) return own;
  if (const char* managed = set_variable("STATE_DIRECTORY")) return managed;
  return "/var/lib/hale";
}

std::filesystem::path control_socket() {
  if (const char* own = set_variable("HALE_STATE_DIR")) return std::filesystem::path(own) / "control.sock";
  return "/run/hale/control.sock";
}

}  // namespace hale::agent
