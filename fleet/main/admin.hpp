#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.hpp"

/// What the other commands of hale-fleet do; each works beside a running server. Results go to stdout.
namespace hale::fleet {

struct InitOptions {
  std::filesystem::path data{"/var/lib/hale-fleet"};
  std::vector<std::string> hosts;
  std::string organization{"Hale"};
  std::string admin{"admin"};
  std::string consent{"required"};
  std::filesystem::path password_file;
};
/// CA, server certificate, command-signing key, database, first admin. The password is printed once. Nothing is left
/// behind when it fails.
Result<> init_fleet(const InitOptions& options);

struct TokenOptions {
  std::int64_t uses{1};
  std::string expires{"7d"};
  std::string url;
  std::string note;
};
Result<> create_token(const std::filesystem::path& data, const TokenOptions& options);
Result<> list_tokens(const std::filesystem::path& data, bool json);
Result<> revoke_token(const std::filesystem::path& data, const std::string& id);

/// `password_file` empty: a random password is made and printed once; "-": read from standard input.
Result<> add_user(const std::filesystem::path& data, const std::string& name, const std::string& role,
                  const std::string& password_file);
Result<> set_password(const std::filesystem::path& data, const std::string& name, const std::string& password_file);
Result<> set_role(const std::filesystem::path& data, const std::string& name, const std::string& role);
Result<> remove_user(const std::filesystem::path& data, const std::string& name);
Result<> list_users(const std::filesystem::path& data, bool json);

/// Sets what is not empty, then prints the policy. `copies`: allowed | forbidden, whether a copied disk may enrol by
/// itself. A running server heeds it at once.
Result<> set_policy(const std::filesystem::path& data, const std::string& copies, bool json);

/// A consistent copy, keys included, into a new folder; while the server runs.
Result<> backup_fleet(const std::filesystem::path& data, const std::filesystem::path& to);
/// A backup into a data folder that holds no fleet; checked first.
Result<> restore_fleet(const std::filesystem::path& from, const std::filesystem::path& data);
Result<> check_fleet(const std::filesystem::path& data);
Result<> migrate_fleet(const std::filesystem::path& data);

}  // namespace hale::fleet
