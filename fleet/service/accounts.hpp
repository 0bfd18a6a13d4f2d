#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "fleet/store/store.hpp"

namespace hale::fleet {

/// What a route may need. A role has exactly those listed for it; everything else is denied.
enum class Permission : std::uint8_t { open, read, revoke_devices, manage_tokens, manage_users, read_audit };
bool may(Role role, Permission permission);
std::string_view to_string(Permission permission);

inline constexpr std::chrono::hours kSessionLife{12};
inline constexpr std::chrono::hours kSessionIdle{2};
inline constexpr std::size_t kMinPassword = 10;
inline constexpr std::size_t kMaxPassword = 1024;

/// A session's secret goes to the browser, its hash to the store.
struct NewSession {
  std::string secret;
  SessionRow row;
};
NewSession make_session(const User& user, Timestamp now);
std::string session_hash(std::string_view secret);
bool session_over(const SessionRow& session, Timestamp now);

/// Names are lower-case letters, digits and . _ @ -, at most 64, beginning with a letter or digit.
Result<> check_user_name(std::string_view name);
Result<> check_new_password(std::string_view password);
/// 20 letters and digits, some 119 bits.
std::string random_password();

/// The user when the password fits. Takes the same (long: memory-hard) time when the user does not exist.
std::optional<User> authenticate(const std::optional<User>& user, std::string_view password);

/// Refuses to leave the fleet without an admin. Inside the transaction that changes `name`'s role to `role` (nullopt:
/// removes it).
Result<> keep_an_admin(Store& store, std::string_view name, std::optional<Role> role);

}  // namespace hale::fleet
