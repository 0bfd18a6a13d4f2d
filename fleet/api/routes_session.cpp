#include <nlohmann/json.hpp>

#include "core/json_reader.hpp"
#include "fleet/api/arguments.hpp"
#include "fleet/api/console_api.hpp"
#include "fleet/api/problems.hpp"
#include "fleet/api/routes.hpp"
#include "fleet/service/log.hpp"

namespace hale::fleet::routes {
namespace {

using nlohmann::json;

json me_view(const Context& context, const SessionRow& session) {
  json permissions = json::array();
  for (const Permission permission : {Permission::read, Permission::revoke_devices, Permission::manage_tokens,
                                      Permission::manage_users, Permission::read_audit}) {
    if (may(session.role, permission)) permissions.push_back(to_string(permission));
  }
  return {{"name", session.user},
          {"role", to_string(session.role)},
          {"permissions", std::move(permissions)},
          {"organization", context.organization},
          {"version", HALE_VERSION},
          {"expires", to_rfc3339(session.expires)}};
}

std::string cookie(std::string_view value, std::chrono::seconds life) {
  return std::string(kSessionCookie) + "=" + std::string(value) +
         "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(life.count());
}

struct Credentials {
  std::string name, password;
};

tl::expected<Credentials, Response> read_credentials(Call& call) {
  auto body = read_object(call, {"name", "password"});
  if (!body) return tl::unexpected(std::move(body.error()));
  JsonReader reader(*body, "login");
  auto credentials =
      reader.finish(Credentials{reader.filled_text("name", 64), reader.filled_text("password", kMaxPassword)});
  if (!credentials) return tl::unexpected(problem_of(credentials.error()));
  return std::move(*credentials);
}

Response refuse_login(Call& call, const Credentials& credentials, const std::string& pair) {
  ++call.context.counters.logins_failed;
  const auto steady = call.context.clock.steady();
  call.logins.pairs.failed(pair, steady);
  call.logins.addresses.failed(call.request.remote, steady);
  log::warning("login failed", {{"user", credentials.name}, {"remote", call.request.remote}});
  return problem(401, "Not logged in", "Name or password is wrong.");
}

}  // namespace

Response login(Call& call) {
  auto credentials = read_credentials(call);
  if (!credentials) return std::move(credentials.error());
  const auto steady = call.context.clock.steady();
  // One person's typing errors do not lock others out; an address that tries many names is slowed as a whole (after
  // four times as many tries).
  const std::string pair = credentials->name + " from " + call.request.remote;
  const auto wait =
      std::max(call.logins.pairs.wait(pair, steady), call.logins.addresses.wait(call.request.remote, steady));
  if (wait.count() > 0)
    return busy(429, "Too many failed logins; wait " + std::to_string(wait.count()) + " seconds and try again.", wait);
  auto user = call.store.user(credentials->name);
  if (!user) return problem_of(user.error());
  auto known = authenticate(*user, credentials->password);
  if (!known) return refuse_login(call, *credentials, pair);
  call.logins.pairs.succeeded(pair);
  const NewSession session = make_session(*known, call.now);
  const std::string old = session_hash(call.request.cookie(kSessionCookie));
  known->last_login = call.now;
  call.session = session.row;
  auto stored = change(call, "login", known->name, "from " + call.request.remote, [&](Store& store) -> Result<> {
    if (auto removed = store.remove_session(old); !removed) return removed;
    if (auto put = store.put_user(*known); !put) return put;
    return store.add_session(session.row);
  });
  if (!stored) return problem_of(stored.error());
  ++call.context.counters.logins;
  Response response = json_answer(me_view(call.context, session.row));
  response.headers.emplace_back("Set-Cookie",
                                cookie(session.secret, std::chrono::duration_cast<std::chrono::seconds>(kSessionLife)));
  return response;
}

Response logout(Call& call) {
  auto removed = change(call, "logout", call.session->user, "",
                        [&](Store& store) { return store.remove_session(call.session->id_hash); });
  if (!removed) return problem_of(removed.error());
  call.context.live.close_session(call.session->id_hash);
  Response response;
  response.status = 204;
  response.headers.emplace_back("Set-Cookie", cookie("", std::chrono::seconds(0)));
  return response;
}

Response me(Call& call) { return json_answer(me_view(call.context, *call.session)); }

Response change_own_password(Call& call) {
  auto body = read_object(call, {"current", "new"});
  if (!body) return std::move(body.error());
  JsonReader reader(*body, "password");
  const std::string current = reader.filled_text("current", kMaxPassword);
  const std::string fresh = reader.filled_text("new", kMaxPassword);
  if (auto read = reader.finish(0); !read) return problem_of(read.error());
  const std::string key = "password of " + call.session->user;
  const auto steady = call.context.clock.steady();
  if (const auto wait = call.logins.pairs.wait(key, steady); wait.count() > 0)
    return busy(429, "Too many wrong passwords; wait a minute.", wait);
  auto user = call.store.user(call.session->user);
  if (!user) return problem_of(user.error());
  auto known = authenticate(*user, current);
  if (!known) {
    call.logins.pairs.failed(key, steady);
    return problem(403, "Forbidden", "The current password is wrong.");
  }
  if (auto good = check_new_password(fresh); !good) return problem_of(good.error());
  auto hash = crypto::hash_password(fresh);
  if (!hash) return problem_of(hash.error());
  known->password_hash = std::move(*hash);
  auto stored = change(call, "user.password", known->name, "own", [&](Store& store) -> Result<> {
    if (auto put = store.put_user(*known); !put) return put;
    return store.remove_sessions(known->name, call.session->id_hash);
  });
  if (!stored) return problem_of(stored.error());
  call.context.live.close_user(known->name, call.session->id_hash);
  Response response;
  response.status = 204;
  return response;
}

}  // namespace hale::fleet::routes
