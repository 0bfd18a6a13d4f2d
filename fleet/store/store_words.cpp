#include "core/words.hpp"
#include "fleet/store/store.hpp"

namespace hale::fleet {

std::string_view to_string(Health health) {
  switch (health) {
    case Health::unknown:
      return "unknown";
    case Health::ok:
      return "ok";
    case Health::info:
      return "info";
    case Health::warning:
      return "warning";
    case Health::critical:
      return "critical";
  }
  return {};
}

std::string_view to_string(DeviceStatus status) {
  switch (status) {
    case DeviceStatus::active:
      return "active";
    case DeviceStatus::revoked:
      return "revoked";
    case DeviceStatus::cloned:
      return "cloned";
  }
  return {};
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::viewer:
      return "viewer";
    case Role::support:
      return "support";
    case Role::admin:
      return "admin";
  }
  return {};
}

namespace {
std::string_view to_string(SortBy sort) {
  switch (sort) {
    case SortBy::health:
      return "health";
    case SortBy::last_seen:
      return "last_seen";
    case SortBy::name:
      return "name";
    case SortBy::model:
      return "model";
    case SortBy::os:
      return "os";
    case SortBy::agent:
      return "agent";
    case SortBy::enrolled:
      return "enrolled";
  }
  return {};
}
}  // namespace

std::optional<Health> parse_health(std::string_view text) { return find_word(text, Health::critical); }
std::optional<DeviceStatus> parse_device_status(std::string_view text) { return find_word(text, DeviceStatus::cloned); }
std::optional<Role> parse_role(std::string_view text) { return find_word(text, Role::admin); }
std::optional<SortBy> parse_sort(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(SortBy::enrolled); ++i) {
    if (to_string(static_cast<SortBy>(i)) == text) return static_cast<SortBy>(i);
  }
  return std::nullopt;
}

}  // namespace hale::fleet
