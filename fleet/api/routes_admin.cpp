#include <nlohmann/json.hpp>

#include "core/json_reader.hpp"
#include "fleet/api/arguments.hpp"
#include "fleet/api/problems.hpp"
#include "fleet/api/routes.hpp"
#include "fleet/api/views.hpp"
#include "fleet/service/tokens.hpp"

namespace hale::fleet::routes {
namespace {

using nlohmann::json;

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

template <class Row, class View>
json list_of(const std::vector<Row>& rows, View view) {
  json list = json::array();
  for (const auto& row : rows) list.push_back(view(row));
  return list;
}

Result<TokenRequest> read_token_request(Call& call, const json& body) {
  JsonReader reader(body, "token");
  TokenRequest request;
  request.uses = static_cast<std::int64_t>(reader.optional_integer("uses", 1'000'000).value_or(1));
  request.life = std::chrono::seconds(
      static_cast<std::int64_t>(reader.optional_integer("expires_s", 31'536'000).value_or(604'800)));
  request.note = reader.optional_text("note", 200);
  request.created_by = call.session->user;
  request.url = call.context.device_url;
  auto fingerprint = call.context.keys.authority.fingerprint();
  if (!fingerprint) return fail(fingerprint.error());
  request.ca_fingerprint = std::move(*fingerprint);
  return reader.finish(std::move(request));
}

Role read_role(JsonReader& reader, const std::string& text) {
  const auto role = parse_role(text);
  if (!role) reader.complain("role", "expected admin, support or viewer");
  return role.value_or(Role::viewer);
}

Result<User> read_new_user(const json& body, Timestamp now) {
  JsonReader reader(body, "user");
  User user;
  user.name = reader.filled_text("name", 64);
  user.role = read_role(reader, reader.filled_text("role", 16));
  const std::string password = reader.filled_text("password", kMaxPassword);
  if (!reader.good()) return reader.finish(std::move(user));
  if (auto good = check_user_name(user.name); !good) return fail(good.error());
  if (auto good = check_new_password(password); !good) return fail(good.error());
  auto hash = crypto::hash_password(password);
  if (!hash) return fail(hash.error());
  user.password_hash = std::move(*hash);
  user.created = now;
  return user;
}

struct UserChange {
  std::optional<Role> role;
  std::optional<std::string> password_hash;
};

Result<UserChange> read_user_change(const json& body) {
  JsonReader reader(body, "user");
  UserChange wanted;
  if (reader.has("role")) wanted.role = read_role(reader, reader.filled_text("role", 16));
  const std::string password = reader.optional_text("password", kMaxPassword);
  if (!reader.good()) return reader.finish(std::move(wanted));
  if (!reader.has("password")) return wanted;
  if (auto good = check_new_password(password); !good) return fail(good.error());
  auto hash = crypto::hash_password(password);
  if (!hash) return fail(hash.error());
  wanted.password_hash = std::move(*hash);
  return wanted;
}

}  // namespace

Response list_tokens(Call& call) {
  const auto tokens = call.store.tokens();
  if (!tokens) return problem_of(tokens.error());
  return json_answer({{"tokens", list_of(*tokens, [&](const Token& token) { return view_of(token, call.now); })}});
}

Response create_token(Call& call) {
  auto body = read_object(call, {"uses", "expires_s", "note"});
  if (!body) return std::move(body.error());
  const auto request = read_token_request(call, *body);
  if (!request) return problem_of(request.error());
  const auto token = make_token(*request, call.now);
  if (!token) return problem_of(token.error());
  const std::string detail = std::to_string(token->row.uses) + " uses until " + to_rfc3339(token->row.expires);
  auto stored =
      change(call, "token.create", token->row.id, detail, [&](Store& store) { return store.add_token(token->row); });
  if (!stored) return problem_of(stored.error());
  json view = view_of(token->row, call.now);
  view["text"] = token->text;
  return json_answer(view, 201);
}

Response revoke_token(Call& call) {
  bool found = false;
  auto revoked = change(call, "token.revoke", call.path.front(), "", [&](Store& store) -> Result<> {
    auto done = store.revoke_token(call.path.front());
    if (!done) return fail(done.error());
    found = *done;
    return found ? Result<>() : Result<>(fail(Errc::not_found, "There is no such token."));
  });
  return revoked ? no_content() : problem_of(revoked.error());
}

Response list_users(Call& call) {
  const auto users = call.store.users();
  if (!users) return problem_of(users.error());
  return json_answer({{"users", list_of(*users, [](const User& user) { return view_of(user); })}});
}

Response create_user(Call& call) {
  auto body = read_object(call, {"name", "role", "password"});
  if (!body) return std::move(body.error());
  const auto user = read_new_user(*body, call.now);
  if (!user) return problem_of(user.error());
  auto stored = change(call, "user.create", user->name, to_string(user->role), [&](Store& store) -> Result<> {
    auto existing = store.user(user->name);
    if (!existing) return fail(existing.error());
    if (*existing) return fail(Errc::conflict, "There is a user of that name already.");
    return store.put_user(*user);
  });
  return stored ? json_answer(view_of(*user), 201) : problem_of(stored.error());
}

Response change_user(Call& call) {
  auto body = read_object(call, {"role", "password"});
  if (!body) return std::move(body.error());
  const auto wanted = read_user_change(*body);
  if (!wanted) return problem_of(wanted.error());
  const std::string& name = call.path.front();
  const std::string detail = std::string(wanted->role ? "role " : "") +
                             std::string(wanted->role ? to_string(*wanted->role) : "") +
                             (wanted->password_hash ? " password" : "");
  User changed;
  auto stored = change(call, "user.change", name, detail, [&](Store& store) -> Result<> {
    auto user = store.user(name);
    if (!user) return fail(user.error());
    if (!*user) return fail(Errc::not_found, "There is no such user.");
    changed = **user;
    if (wanted->role) changed.role = *wanted->role;
    if (wanted->password_hash) changed.password_hash = *wanted->password_hash;
    if (auto kept = keep_an_admin(store, name, changed.role); !kept) return kept;
    if (auto put = store.put_user(changed); !put) return put;
    return store.remove_sessions(name, {});
  });
  if (!stored) return problem_of(stored.error());
  call.context.live.close_user(name);
  return json_answer(view_of(changed));
}

Response remove_user(Call& call) {
  const std::string& name = call.path.front();
  auto removed = change(call, "user.remove", name, "", [&](Store& store) -> Result<> {
    if (auto kept = keep_an_admin(store, name, std::nullopt); !kept) return kept;
    auto done = store.remove_user(name);
    if (!done) return fail(done.error());
    return *done ? Result<>() : Result<>(fail(Errc::not_found, "There is no such user."));
  });
  if (!removed) return problem_of(removed.error());
  call.context.live.close_user(name);
  return no_content();
}

Response list_audit(Call& call) {
  if (auto known = only_parameters(call, {"limit", "page"}); !known) return problem_of(known.error());
  const auto paging = read_paging(call);
  if (!paging) return problem_of(paging.error());
  const auto page = call.store.audit_log(paging->limit, paging->offset());
  if (!page) return problem_of(page.error());
  return json_answer({{"entries", list_of(page->rows, [](const AuditEntry& entry) { return view_of(entry); })},
                      {"total", page->total},
                      {"page", paging->page},
                      {"limit", paging->limit}});
}

Response live(Call& call) {
  if (auto known = only_parameters(call, {"device"}); !known) return problem_of(known.error());
  Response response;
  response.stream = call.context.live.listen(call.request.header("last-event-id"),
                                             std::string(call.parameter("device").substr(0, 64)),
                                             {call.session->id_hash, call.session->user, call.session->expires});
  if (!response.stream) return busy(429, "Too many consoles listen already; close some.", std::chrono::seconds(60));
  return response;
}

}  // namespace hale::fleet::routes
