#include "platform/database_sqlite.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "core/text.hpp"

namespace hale {
namespace {

Errc kind_of(int code, int system_error) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_NOMEM: return Errc::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG: return Errc::invalid_input;
    case SQLITE_CONSTRAINT: return Errc::conflict;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH: return Errc::permission;
    case SQLITE_CANTOPEN: return system_error == ENOENT ? Errc::not_found : system_error == EACCES ? Errc::permission : Errc::io;
    case SQLITE_IOERR: return system_error == ENOSPC || system_error == EDQUOT ? Errc::unavailable : Errc::io;
    default: return Errc::internal;
  }
}

std::string_view advice_for(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL: return " (free some space on this disk)";
    case SQLITE_NOTADB: return " (move the file away; a new one is made)";
    case SQLITE_CORRUPT: return " (restore a backup or move the file away; a new one is made)";
    default: return "";
  }
}

Error sqlite_error(sqlite3* database, int code) {
  const char* file = database == nullptr ? nullptr : sqlite3_db_filename(database, "main");
  std::string message = file == nullptr || *file == '\0' ? std::string("database") : std::string(file);
  message += ": ";
  message += database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  message += advice_for(code);
  return Error{kind_of(code, database == nullptr ? 0 : sqlite3_system_errno(database)), std::move(message)};
}

std::string setup_sql(const DatabaseOptions& options) {
  std::string sql = "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA cache_size=-" + std::to_string(options.cache_kib) + ";";
  if (options.read_only) return sql;
  // A WAL that one large transaction has blown up is cut back to 1 MiB at the next checkpoint.
  sql += "PRAGMA page_size=" + std::to_string(options.page_size) + ";";  // before the first page is written, else without effect
  sql += "PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=1048576; PRAGMA synchronous=";
  return sql + (options.durable ? "FULL;" : "NORMAL;");
}

/// "0012_name.sql" -> 12
std::optional<std::int64_t> migration_number(std::string_view name) {
  const auto slash = name.rfind('/');
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  const auto number = parse_int(name.substr(0, name.find('_')));
  return number && *number > 0 && name.ends_with(".sql") ? number : std::nullopt;
}

Result<> check_order(std::span<const EmbeddedFile> migrations) {
  std::int64_t last = 0;
  for (const auto& file : migrations) {
    const auto number = migration_number(file.name);
    if (!number || *number <= last) {
      return fail(Errc::internal, "migration " + std::string(file.name) + ": expected NNNN_name.sql with ascending numbers");
    }
    last = *number;
  }
  return {};
}

Result<std::int64_t> read_version(Database& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  if (!statement) return fail(std::move(statement.error()));
  const auto row = statement->step();
  if (!row) return fail(row.error());
  return *row ? statement->column_int(0) : 0;
}

/// How one list of migrations remembers what was applied.
struct VersionKeeper {
  std::string read_sql;
  std::string write_sql;  ///< the number is appended, then `write_end`
  std::string write_end;
};

Result<> apply(Database& database, const EmbeddedFile& file, std::int64_t number, const VersionKeeper& keeper) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return fail(std::move(transaction.error()));
  // Another process may have done it between the first look and the lock.
  const auto version = read_version(database, keeper.read_sql);
  if (!version) return fail(version.error());
  if (*version >= number) return {};
  for (const std::string& sql : {std::string(file.bytes), keeper.write_sql + std::to_string(number) + keeper.write_end}) {
    auto done = database.execute(sql);
    if (!done) return done;
  }
  return transaction->commit();
}

Result<> apply_all(Database& database, std::span<const EmbeddedFile> migrations, const VersionKeeper& keeper) {
  if (auto ordered = check_order(migrations); !ordered) return ordered;
  const auto version = read_version(database, keeper.read_sql);
  if (!version) return fail(version.error());
  const std::int64_t newest = migrations.empty() ? 0 : *migration_number(migrations.back().name);
  if (*version > newest) {
    return fail(Errc::unsupported, "the database has version " + std::to_string(*version) + " and this Hale knows up to " + std::to_string(newest) +
                                       ": it was written by a newer Hale; install that version or move the file away");
  }
  for (const auto& file : migrations) {
    const auto number = *migration_number(file.name);
    if (number <= *version) continue;
    if (auto applied = apply(database, file, number, keeper); !applied) {
      return fail(std::move(applied.error()).with_context("migration " + std::string(file.name)));
    }
  }
  return {};
}

}  // namespace

Statement::Statement(Statement&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)), bind_code_(other.bind_code_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(raw_);
    raw_ = std::exchange(other.raw_, nullptr);
    bind_code_ = other.bind_code_;
  }
  return *this;
}

Statement::~Statement() { sqlite3_finalize(raw_); }

Statement& Statement::bound(int code) {
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
  return *this;
}

Statement& Statement::bind(int index, std::int64_t value) { return bound(sqlite3_bind_int64(raw_, index, value)); }

Statement& Statement::bind(int index, double value) { return bound(sqlite3_bind_double(raw_, index, value)); }

Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL; an empty view may have one.
  const char* bytes = text.data() == nullptr ? "" : text.data();
  return bound(sqlite3_bind_text64(raw_, index, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  if (bytes.empty()) return bound(sqlite3_bind_zeroblob(raw_, index, 0));
  return bound(sqlite3_bind_blob64(raw_, index, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
}

Statement& Statement::bind_null(int index) { return bound(sqlite3_bind_null(raw_, index)); }

Result<bool> Statement::step() {
  sqlite3* database = sqlite3_db_handle(raw_);
  if (const int code = std::exchange(bind_code_, SQLITE_OK); code != SQLITE_OK) {
    reset();
    return fail(Errc::internal, std::string("binding a value: ") + sqlite3_errstr(code));
  }
  const int code = sqlite3_step(raw_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(raw_);
    return false;
  }
  auto error = sqlite_error(database, code);
  sqlite3_reset(raw_);
  return fail(std::move(error));
}

Result<> Statement::run() {
  for (;;) {
    const auto row = step();
    if (!row) return fail(row.error());
    if (!*row) return {};
  }
}

void Statement::reset() { sqlite3_reset(raw_); }

std::int64_t Statement::column_int(int index) const { return sqlite3_column_int64(raw_, index); }

double Statement::column_double(int index) const { return sqlite3_column_double(raw_, index); }

std::string Statement::column_text(int index) const {
  const auto* text = sqlite3_column_text(raw_, index);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(raw_, index));
  return text == nullptr ? std::string() : std::string(text, text + size);
}

std::string Statement::column_blob(int index) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(raw_, index));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(raw_, index));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

bool Statement::column_null(int index) const { return sqlite3_column_type(raw_, index) == SQLITE_NULL; }

Result<Database> Database::open(const std::filesystem::path& path, DatabaseOptions options) {
  const int access = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Database database(raw);  // sqlite3_open_v2 gives a handle to close even when it fails
  if (code != SQLITE_OK) return fail(sqlite_error(raw, code).with_context("opening " + path.string()));
  sqlite3_busy_timeout(raw, options.busy_timeout_ms);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  if (auto ready = database.execute(setup_sql(options)); !ready) return fail(std::move(ready.error()));
  return database;
}

Database::Database(Database&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}

Database& Database::operator=(Database&& other) noexcept {
  if (this != &other) {
    sqlite3_close_v2(raw_);
    raw_ = std::exchange(other.raw_, nullptr);
  }
  return *this;
}

// _v2: a Statement that outlives its Database keeps it alive instead of dangling.
Database::~Database() { sqlite3_close_v2(raw_); }

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(raw_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, &rest);
  if (code != SQLITE_OK) return fail(sqlite_error(raw_, code).with_context(sanitize_utf8(sql, 120)));
  if (statement == nullptr) return fail(Errc::internal, "an empty statement was prepared");
  return Statement(statement);
}

Result<> Database::execute(std::string_view sql) {
  const int code = sqlite3_exec(raw_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(sqlite_error(raw_, code));
  return {};
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(raw_); }

std::int64_t Database::changes() const { return sqlite3_changes64(raw_); }

Result<> Database::migrate(std::span<const EmbeddedFile> migrations) {
  return apply_all(*this, migrations, {"PRAGMA user_version", "PRAGMA user_version=", ""});
}

Result<> Database::migrate(std::string_view family, std::span<const EmbeddedFile> migrations) {
  if (auto made = execute("CREATE TABLE IF NOT EXISTS hale_migrations(family TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID"); !made) return made;
  const std::string name = "'" + std::string(family) + "'";
  return apply_all(*this, migrations,
                   {"SELECT version FROM hale_migrations WHERE family=" + name, "REPLACE INTO hale_migrations VALUES(" + name + ",", ")"});
}

Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return fail(std::move(begun.error()));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // A failed statement may have rolled back by itself (full disk): then there is nothing to do, and the complaint is of no use.
  if (database_ != nullptr) static_cast<void>(database_->execute("ROLLBACK"));
}

Result<> Transaction::commit() {
  auto committed = database_->execute("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace hale
