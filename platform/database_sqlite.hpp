#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/embedded.hpp"
#include "core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace hale {

/// A prepared statement. Belongs to the thread of its Database. Bind from 1, read columns from 0.
class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);

  /// True: a row is there. False: done. Resets itself when done or failed.
  Result<bool> step();
  /// Runs a statement that gives no rows, and resets it.
  Result<> run();
  void reset();

  std::int64_t column_int(int index) const;
  double column_double(int index) const;
  std::string column_text(int index) const;
  std::string column_blob(int index) const;
  bool column_null(int index) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* raw) : raw_(raw) {}
  Statement& bound(int code);
  sqlite3_stmt* raw_{};
  int bind_code_{};  ///< the first bind that failed; step() reports it
};

struct DatabaseOptions {
  bool read_only{false};
  int page_size{4096};         ///< bytes, of a database made now; small pages write less when changes are few and scattered
  int cache_kib{256};          ///< page cache; the agent stays small
  int busy_timeout_ms{5000};
  bool durable{true};          ///< synchronous=FULL in WAL mode: a committed transaction survives power loss; false = NORMAL
};

/// A SQLite connection: WAL, foreign keys on, trusted_schema off. Belongs to one thread.
/// Errors: unavailable (busy, full disk), invalid_input (not a database, corrupt), conflict (a constraint), permission, not_found, io.
class Database {
 public:
  static Result<Database> open(const std::filesystem::path& path, DatabaseOptions options = {});
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  Result<Statement> prepare(std::string_view sql);
  Result<> execute(std::string_view sql);
  std::int64_t last_insert_id() const;
  std::int64_t changes() const;

  /// Applies the numbered SQL files ("0001_first.sql") that this database has not seen, each in one transaction; the version is `user_version`.
  /// Refuses a database written by a newer Hale.
  Result<> migrate(std::span<const EmbeddedFile> migrations);
  /// The same for one of several modules that share a database: each family ("outbox", "store") counts by itself, in the table hale_migrations.
  Result<> migrate(std::string_view family, std::span<const EmbeddedFile> migrations);

 private:
  explicit Database(sqlite3* raw) : raw_(raw) {}
  sqlite3* raw_{};
};

/// BEGIN IMMEDIATE; rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&&) noexcept;
  ~Transaction();
  Result<> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_{};
};

}  // namespace hale
