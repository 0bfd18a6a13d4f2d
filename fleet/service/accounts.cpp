#include "fleet/service/accounts.hpp"

#include <algorithm>
#include <array>

#include "platform/crypto.hpp"

namespace hale::fleet {
namespace {

struct Grant {
  Role role;
  Permission permission;
};
// Everything that is not here is denied.
constexpr std::array kGrants{
    Grant{Role::viewer, Permission::read},         Grant{Role::support, Permission::read},
    Grant{Role::admin, Permission::read},          Grant{Role::admin, Permission::revoke_devices},
    Grant{Role::admin, Permission::manage_tokens}, Grant{Role::admin, Permission::manage_users},
    Grant{Role::admin, Permission::read_audit},
};

const std::string& hash_of_nobody() {
  static const std::string hash = crypto::hash_password(crypto::random_bytes(16)).value_or("");
  return hash;
}

}  // namespace

bool may(Role role, Permission permission) {
  return std::any_of(kGrants.begin(), kGrants.end(),
                     [&](const Grant& grant) { return grant.role == role && grant.permission == permission; });
}

std::string_view to_string(Permission permission) {
  switch (permission) {
    case Permission::open:
      return "open";
    case Permission::read:
      return "read";
    case Permission::revoke_devices:
      return "devices.revoke";
    case Permission::manage_tokens:
      return "tokens";
    case Permission::manage_users:
      return "users";
    case Permission::read_audit:
      return "audit";
  }
  return {};
}

std::string session_hash(std::string_view secret) {
  return crypto::hash_hex("hale console session\n" + std::string(secret));
}

NewSession make_session(const User& user, Timestamp now) {
  NewSession session;
  session.secret = crypto::to_base64url(crypto::random_bytes(32));
  session.row = {session_hash(session.secret), user.name, user.role, now, now, now + kSessionLife};
  return session;
}

bool session_over(const SessionRow& session, Timestamp now) {
  return now >= session.expires || now - session.last_used >= kSessionIdle;
}

Result<> check_user_name(std::string_view name) {
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool good = !name.empty() && name.size() <= 64 && word(name.front()) &&
                    std::all_of(name.begin(), name.end(),
                                [&](char c) { return word(c) || c == '.' || c == '_' || c == '@' || c == '-'; });
  if (good) return {};
  return fail(Errc::invalid_input,
              "name: expected 1 to 64 lower-case letters, digits or . _ @ -, beginning with a letter or digit");
}

Result<> check_new_password(std::string_view password) {
  if (password.size() >= kMinPassword && password.size() <= kMaxPassword) return {};
  return fail(Errc::invalid_input,
              "password: expected " + std::to_string(kMinPassword) + " to " + std::to_string(kMaxPassword) + " bytes");
}

std::string random_password() {
  // 64 letters would divide 256 evenly; look-alikes (0 O 1 l I) are left out, and bytes beyond the last whole multiple
  // are thrown away.
  static constexpr std::string_view kLetters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  constexpr unsigned kLimit = 256 / kLetters.size() * kLetters.size();
  std::string password;
  while (password.size() < 20) {
    for (const char byte : crypto::random_bytes(32)) {
      const auto value = static_cast<unsigned char>(byte);
      if (value < kLimit && password.size() < 20) password += kLetters[value % kLetters.size()];
    }
  }
  return password;
}

std::optional<User> authenticate(const std::optional<User>& user, std::string_view password) {
  const bool right =
      crypto::check_password(password.substr(0, kMaxPassword), user ? user->password_hash : hash_of_nobody());
  return right && user ? user : std::nullopt;
}

Result<> keep_an_admin(Store& store, std::string_view name, std::optional<Role> role) {
  if (role == Role::admin) return {};
  auto users = store.users();
  if (!users) return fail(users.error());
  const bool another = std::any_of(users->begin(), users->end(),
                                   [&](const User& user) { return user.role == Role::admin && user.name != name; });
  if (another) return {};
  return fail(Errc::conflict, "the last admin stays: make another user an admin first");
}

}  // namespace hale::fleet
