#include "fleet/store/store_sqlite.hpp"

namespace hale::fleet {
namespace {

Token read_token(const Query& row) {
  Token token;
  token.id = row.text(0);
  token.secret_hash = row.text(1);
  token.created = row.time(2);
  token.created_by = row.text(3);
  token.expires = row.time(4);
  token.uses = row.number(5);
  token.used = row.number(6);
  token.revoked = row.number(7) != 0;
  token.note = row.text(8);
  return token;
}

User read_user(const Query& row) {
  return {row.text(0), static_cast<Role>(row.number(1)), row.text(2), row.time(3), row.optional_time(4)};
}

template <class Row, class Read>
Result<std::vector<Row>> read_all(Query& rows, Read read) {
  std::vector<Row> all;
  for (;;) {
    const auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) return all;
    all.push_back(read(rows));
  }
}

}  // namespace

Result<> SqliteStore::add_token(const Token& token) {
  return query("INSERT INTO tokens(id,secret_hash,created,created_by,expires,uses,note) VALUES(?,?,?,?,?,?,?)")
      .with(token.id, token.secret_hash, token.created, token.created_by, token.expires, token.uses, token.note)
      .run();
}

Result<std::vector<Token>> SqliteStore::tokens() {
  Query rows = query(
      "SELECT id,secret_hash,created,created_by,expires,uses,used,revoked,note FROM tokens ORDER BY created DESC,id "
      "LIMIT 1000");
  return read_all<Token>(rows, read_token);
}

Result<std::optional<Token>> SqliteStore::token_by_secret(std::string_view secret_hash) {
  Query row =
      query("SELECT id,secret_hash,created,created_by,expires,uses,used,revoked,note FROM tokens WHERE secret_hash=?");
  const auto found = row.with(secret_hash).next();
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  return read_token(row);
}

Result<> SqliteStore::use_token(std::string_view id) {
  const auto used = query("UPDATE tokens SET used=used+1 WHERE id=? AND used<uses AND revoked=0").with(id).run();
  if (!used) return used;
  if (!changed()) return fail(Errc::conflict, "the token was used up or revoked meanwhile");
  return {};
}

Result<bool> SqliteStore::revoke_token(std::string_view id) {
  const auto revoked = query("UPDATE tokens SET revoked=1 WHERE id=?").with(id).run();
  if (!revoked) return fail(revoked.error());
  return changed();
}

Result<> SqliteStore::put_user(const User& user) {
  return query(
             "INSERT INTO users(name,role,password,created,last_login) VALUES(?,?,?,?,?) ON CONFLICT(name) DO UPDATE "
             "SET role=excluded.role,"
             "password=excluded.password,last_login=excluded.last_login")
      .with(user.name, user.role, user.password_hash, user.created, user.last_login)
      .run();
}

Result<bool> SqliteStore::remove_user(std::string_view name) {
  const auto removed = query("DELETE FROM users WHERE name=?").with(name).run();
  if (!removed) return fail(removed.error());
  return changed();
}

Result<std::vector<User>> SqliteStore::users() {
  Query rows = query("SELECT name,role,password,created,last_login FROM users ORDER BY name LIMIT 10000");
  return read_all<User>(rows, read_user);
}

Result<std::optional<User>> SqliteStore::user(std::string_view name) {
  Query row = query("SELECT name,role,password,created,last_login FROM users WHERE name=?");
  const auto found = row.with(name).next();
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  return read_user(row);
}

Result<> SqliteStore::add_session(const SessionRow& session) {
  return query("INSERT INTO sessions(id_hash,user,created,last_used,expires) VALUES(?,?,?,?,?)")
      .with(session.id_hash, session.user, session.created, session.last_used, session.expires)
      .run();
}

Result<std::optional<SessionRow>> SqliteStore::session(std::string_view id_hash) {
  Query row = query(
      "SELECT s.id_hash,s.user,u.role,s.created,s.last_used,s.expires FROM sessions s JOIN users u ON u.name=s.user "
      "WHERE s.id_hash=?");
  const auto found = row.with(id_hash).next();
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  return SessionRow{row.text(0), row.text(1), static_cast<Role>(row.number(2)), row.time(3), row.time(4), row.time(5)};
}

Result<> SqliteStore::touch_session(std::string_view id_hash, Timestamp time) {
  return query("UPDATE sessions SET last_used=max(last_used,?) WHERE id_hash=?").with(time, id_hash).run();
}

Result<> SqliteStore::remove_session(std::string_view id_hash) {
  return query("DELETE FROM sessions WHERE id_hash=?").with(id_hash).run();
}

Result<> SqliteStore::remove_sessions(std::string_view user, std::string_view but_id_hash) {
  return query("DELETE FROM sessions WHERE user=? AND id_hash<>?").with(user, but_id_hash).run();
}

Result<> SqliteStore::audit(const AuditEntry& entry) {
  return query("INSERT INTO audit(time,user,action,target,detail) VALUES(?,?,?,?,?)")
      .with(entry.time, entry.user, entry.action, entry.target, entry.detail)
      .run();
}

Result<PageOf<AuditEntry>> SqliteStore::audit_log(std::int64_t limit, std::int64_t offset) {
  PageOf<AuditEntry> page;
  {
    Query count = query("SELECT count(*) FROM audit");
    const auto row = count.next();
    if (!row) return fail(row.error());
    page.total = count.number(0);
  }
  Query rows = query("SELECT time,user,action,target,detail FROM audit ORDER BY id DESC LIMIT ? OFFSET ?");
  rows.with(limit, offset);
  auto all = read_all<AuditEntry>(rows, [](const Query& row) {
    return AuditEntry{row.time(0), row.text(1), row.text(2), row.text(3), row.text(4)};
  });
  if (!all) return fail(all.error());
  page.rows = std::move(*all);
  return page;
}

}  // namespace hale::fleet
