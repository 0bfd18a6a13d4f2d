#include "fleet/main/admin.hpp"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/text.hpp"
#include "fleet/api/views.hpp"
#include "fleet/service/accounts.hpp"
#include "fleet/service/data_folder.hpp"
#include "fleet/service/tokens.hpp"
#include "platform/clock.hpp"
#include "platform/files.hpp"

namespace hale::fleet {
namespace {

constexpr std::size_t kMaxPasswordFile = 4096;

Result<std::unique_ptr<Store>> open_existing(const std::filesystem::path& data) {
  std::error_code error;
  if (!std::filesystem::exists(data / "fleet.db", error)) {
    return fail(Errc::not_found,
                data.string() + " holds no fleet; make one with: hale-fleet init --data " + data.string());
  }
  return open_store_sqlite({data, false});
}

template <class Work>
Result<> change(Store& store, std::string_view action, std::string_view target, const Work& work) {
  if (auto begun = store.begin(); !begun) return begun;
  Result<> done = work(store);
  if (done) done = store.audit({system_clock().now(), "command line", std::string(action), std::string(target), ""});
  if (!done) {
    store.rollback();
    return done;
  }
  return store.commit();
}

Result<std::string> read_password(const std::string& file) {
  std::string password;
  if (file == "-") {
    std::getline(std::cin, password);
  } else {
    auto text = read_file(file, kMaxPasswordFile);
    if (!text) return fail(std::move(text.error()).with_context(file));
    password = text->substr(0, text->find_first_of("\r\n"));
  }
  if (auto good = check_new_password(password); !good) return fail(good.error());
  return password;
}

struct Password {
  std::string text;
  std::string hash;
  bool made{};  ///< by us: to be shown
};

Result<Password> choose_password(const std::string& file) {
  Password password;
  password.made = file.empty();
  if (password.made) {
    password.text = random_password();
  } else {
    auto read = read_password(file);
    if (!read) return fail(read.error());
    password.text = std::move(*read);
  }
  auto hash = crypto::hash_password(password.text);
  if (!hash) return fail(hash.error());
  password.hash = std::move(*hash);
  return password;
}

void show_password(const std::string& name, const Password& password) {
  if (password.made) fmt::print("password of {} (shown only now): {}\n", name, password.text);
}

template <class Change>
Result<> change_user(const std::filesystem::path& data, const std::string& name, std::string_view action,
                     const Change& apply) {
  auto store = open_existing(data);
  if (!store) return fail(store.error());
  return change(**store, action, name, [&](Store& writing) -> Result<> {
    auto user = writing.user(name);
    if (!user) return fail(user.error());
    if (!*user) return fail(Errc::not_found, "there is no user '" + name + "'; hale-fleet user list shows them");
    if (auto done = apply(**user); !done) return done;
    if (auto kept = keep_an_admin(writing, name, (*user)->role); !kept) return kept;
    if (auto put = writing.put_user(**user); !put) return put;
    return writing.remove_sessions(name, {});
  });
}

Result<Role> role_of(const std::string& text) {
  const auto role = parse_role(text);
  if (!role) return fail(Errc::invalid_input, "role '" + text + "': expected admin, support or viewer");
  return *role;
}

Result<> fill_store(Store& store, const InitOptions& options, const User& admin) {
  return change(store, "init", options.organization, [&](Store& writing) -> Result<> {
    std::string hosts;
    for (const auto& host : options.hosts) hosts += host + "\n";
    for (const auto& [key, value] :
         {std::pair<std::string_view, std::string_view>{"organization", options.organization},
          {"hosts", hosts},
          {"consent", options.consent}}) {
      if (auto set = writing.set_setting(key, value); !set) return set;
    }
    return writing.put_user(admin);
  });
}

Result<> check_init(const InitOptions& options) {
  if (auto good = check_user_name(options.admin); !good) return good;
  if (options.consent != "required" && options.consent != "given")
    return fail(Errc::invalid_input, "consent: expected required or given");
  const std::string organization = sanitize_utf8(options.organization, 65);
  if (organization != options.organization || organization.empty() || organization.size() > 64) {
    return fail(Errc::invalid_input, "organization: expected 1 to 64 bytes of text");
  }
  std::error_code error;
  if (std::filesystem::exists(options.data / "fleet.db", error) ||
      std::filesystem::exists(options.data / "ca.key", error)) {
    return fail(
        Errc::conflict,
        options.data.string() + " already holds a fleet; choose another --data, or remove that folder to start anew");
  }
  return {};
}

void remove_half_made(const std::filesystem::path& data) {
  std::error_code ignored;  // best effort: the error that brought us here is the one to report
  for (const char* name : {"ca.key", "ca.pem", "server.key", "server.pem", "server.names", "command.key", "fleet.db",
                           "fleet.db-wal", "fleet.db-shm", "telemetry"}) {
    std::filesystem::remove_all(data / name, ignored);
  }
}

Result<> make_fleet(const InitOptions& options, const Password& password) {
  const Timestamp now = system_clock().now();
  auto keys = create_fleet_keys(options.data, options.organization, options.hosts, now);
  if (!keys) return fail(keys.error());
  auto store = open_store_sqlite({options.data, false});
  if (!store) return fail(store.error());
  User admin{options.admin, Role::admin, password.hash, now, std::nullopt};
  if (auto filled = fill_store(**store, options, admin); !filled) return filled;
  if (!options.password_file.empty()) {
    if (auto written = write_file_atomically(options.password_file, password.text + "\n", 0600); !written)
      return written;
  }
  auto fingerprint = keys->authority.fingerprint();
  if (!fingerprint) return fail(fingerprint.error());
  fmt::print("fleet of {} made in {}\nCA fingerprint (SHA-256): {}\nadmin: {}\n", options.organization,
             options.data.string(), *fingerprint, options.admin);
  show_password(options.admin, password);
  fmt::print("next: hale-fleet serve --data {}\n", options.data.string());
  return {};
}

}  // namespace

Result<> init_fleet(const InitOptions& options) {
  if (auto good = check_init(options); !good) return good;
  auto password = choose_password({});
  if (!password) return fail(password.error());
  auto made = make_fleet(options, *password);
  if (!made) remove_half_made(options.data);
  return made;
}

Result<> set_policy(const std::filesystem::path& data, const std::string& copies, bool json) {
  if (!copies.empty() && copies != "allowed" && copies != "forbidden")
    return fail(Errc::invalid_input, "copies '" + copies + "': expected allowed or forbidden");
  auto store = open_existing(data);
  if (!store) return fail(store.error());
  if (!copies.empty()) {
    const auto set = [&](Store& writing) { return writing.set_setting("copies", copies); };
    if (auto done = change(**store, "policy", "copies=" + copies, set); !done) return done;
  }
  const auto now = (*store)->setting("copies");
  if (!now) return fail(now.error());
  const auto word = now->value_or("allowed");
  if (json) {
    fmt::print("{}\n", nlohmann::json{{"copies", word}}.dump());
  } else {
    fmt::print("copies: {} (a copied disk {})\n", word,
               word == "allowed" ? "enrols by itself as a new device, and is reported"
                                 : "waits until an administrator enrols it with a token");
  }
  return {};
}

Result<> create_token(const std::filesystem::path& data, const TokenOptions& options) {
  auto store = open_existing(data);
  if (!store) return fail(store.error());
  auto keys = load_fleet_keys(data);
  if (!keys) return fail(keys.error());
  auto life = parse_duration(options.expires);
  if (!life) return fail(life.error());
  auto fingerprint = keys->authority.fingerprint();
  if (!fingerprint) return fail(fingerprint.error());
  std::string url = options.url;
  if (url.empty()) {
    auto known = (*store)->setting("device_url");
    if (!known) return fail(known.error());
    if (!*known)
      return fail(Errc::invalid_input,
                  "the server has not run yet, so its address is not known; say it with --url https://HOST:PORT");
    url = **known;
  }
  const auto token =
      make_token({options.uses, *life, "command line", options.note, url, *fingerprint}, system_clock().now());
  if (!token) return fail(token.error());
  if (auto stored =
          change(**store, "token.create", token->row.id, [&](Store& writing) { return writing.add_token(token->row); });
      !stored)
    return stored;
  fmt::print("{}\n", token->text);
  return {};
}

Result<> list_tokens(const std::filesystem::path& data, bool json) {
  auto store = open_existing(data);
  if (!store) return fail(store.error());
  const auto tokens = (*store)->tokens();
  if (!tokens) return fail(tokens.error());
  const Timestamp now = system_clock().now();
  nlohmann::json list = nlohmann::json::array();
  for (const auto& token : *tokens) {
    list.push_back(view_of(token, now));
    if (!json)
      fmt::print("{}  {:8}  used {} of {}  until {}  by {}  {}\n", token.id, status_of(token, now), token.used,
                 token.uses, to_rfc3339(token.expires), token.created_by, token.note);
  }
  if (json) fmt::print("{}\n", dump_json({{"tokens", std::move(list)}}));
  return {};
}

Result<> revoke_token(const std::filesystem::path& data, const std::string& id) {
  auto store = open_existing(data);
  if (!store) return fail(store.error());
  return change(**store, "token.revoke", id, [&](Store& writing) -> Result<> {
    auto revoked = writing.revoke_token(id);
    if (!revoked) return fail(revoked.error());
    return *revoked
               ? Result<>()
               : Result<>(fail(Errc::not_found, "there is no token '" + id + "'; hale-fleet token list shows them"));
  });
}

Result<> add_user(const std::filesystem::path& data, const std::string& name, const std::string& role_text,
                  const std::string& password_file) {
  if (auto good = check_user_name(name); !good) return good;
  auto role = role_of(role_text);
  if (!role) return fail(role.error());
  auto store = open_existing(data);
  if (!store) return fail(store.error());
  auto password = choose_password(password_file);
  if (!password) return fail(password.error());
  auto added = change(**store, "user.create", name, [&](Store& writing) -> Result<> {
    auto existing = writing.user(name);
    if (!existing) return fail(existing.error());
    if (*existing) return fail(Errc::conflict, "there is a user '" + name + "' already");
    return writing.put_user({name, *role, password->hash, system_clock().now(), std::nullopt});
  });
  if (added) show_password(name, *password);
  return added;
}

Result<> set_password(const std::filesystem::path& data, const std::string& name, const std::string& password_file) {
  auto password = choose_password(password_file);
  if (!password) return fail(password.error());
  auto changed = change_user(data, name, "user.password", [&](User& user) -> Result<> {
    user.password_hash = password->hash;
    return {};
  });
  if (changed) show_password(name, *password);
  return changed;
}

Result<> set_role(const std::filesystem::path& data, const std::string& name, const std::string& role_text) {
  auto role = role_of(role_text);
  if (!role) return fail(role.error());
  return change_user(data, name, "user.role", [&](User& user) -> Result<> {
    user.role = *role;
    return {};
  });
}

Result<> remove_user(const std::filesystem::path& data, const std::string& name) {
  auto store = open_existing(data);
  if (!store) return fail(store.error());
  return change(**store, "user.remove", name, [&](Store& writing) -> Result<> {
    if (auto kept = keep_an_admin(writing, name, std::nullopt); !kept) return kept;
    auto removed = writing.remove_user(name);
    if (!removed) return fail(removed.error());
    return *removed
               ? Result<>()
               : Result<>(fail(Errc::not_found, "there is no user '" + name + "'; hale-fleet user list shows them"));
  });
}

Result<> list_users(const std::filesystem::path& data, bool json) {
  auto store = open_existing(data);
  if (!store) return fail(store.error());
  const auto users = (*store)->users();
  if (!users) return fail(users.error());
  nlohmann::json list = nlohmann::json::array();
  for (const auto& user : *users) {
    list.push_back(view_of(user));
    if (!json)
      fmt::print("{:24} {:8} last login {}\n", user.name, to_string(user.role),
                 user.last_login ? to_rfc3339(*user.last_login) : "never");
  }
  if (json) fmt::print("{}\n", dump_json({{"users", std::move(list)}}));
  return {};
}

}  // namespace hale::fleet
