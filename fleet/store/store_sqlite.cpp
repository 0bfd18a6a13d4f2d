#include "fleet/store/store_sqlite.hpp"

#include <fmt/format.h>

#include "core/embedded.hpp"
#include "platform/files.hpp"

HALE_DECLARE_EMBEDDED(fleet_migrations)
HALE_DECLARE_EMBEDDED(fleet_day_migrations)

namespace hale::fleet {
namespace {

constexpr int kWriterCacheKib = 32 * 1024;
constexpr int kReaderCacheKib = 8 * 1024;
constexpr std::size_t kMaxOpenDays = 32;

DatabaseOptions options_for(bool read_only) {
  return {.read_only = read_only,
          .cache_kib = read_only ? kReaderCacheKib : kWriterCacheKib,
          .busy_timeout_ms = 5000,
          .durable = true};
}

std::string day_of(Timestamp time) { return to_rfc3339(time).substr(0, 10); }

}  // namespace

Result<std::unique_ptr<Store>> open_store_sqlite(const StoreLocation& location) { return SqliteStore::open(location); }

Result<std::unique_ptr<Store>> SqliteStore::open(const StoreLocation& location) {
  const auto path = location.folder / "fleet.db";
  auto database = Database::open(path, options_for(location.read_only));
  if (!database) return fail(std::move(database.error()).with_context("the fleet's database"));
  if (!location.read_only) {
    std::error_code error;
    std::filesystem::create_directories(location.folder / "telemetry", error);
    if (error) return fail(Errc::io, "making " + (location.folder / "telemetry").string() + ": " + error.message());
    if (auto migrated = database->migrate(embedded::fleet_migrations()); !migrated) {
      return fail(std::move(migrated.error()).with_context(path.string()));
    }
  }
  return std::unique_ptr<Store>(new SqliteStore(location.folder, location.read_only, std::move(*database)));
}

Result<> SqliteStore::begin() {
  if (auto begun = database_.execute("BEGIN IMMEDIATE"); !begun) return begun;
  in_transaction_ = true;
  return {};
}

Result<> SqliteStore::commit() {
  if (auto committed = database_.execute("COMMIT"); !committed) {
    rollback();
    return committed;
  }
  in_transaction_ = false;
  if (writing_day_.empty()) return {};
  auto committed = days_.at(writing_day_)->database.execute("COMMIT");
  if (!committed)
    static_cast<void>(days_.at(writing_day_)->database.execute("ROLLBACK"));  // a full disk may have done it already
  writing_day_.clear();
  return committed;
}

void SqliteStore::rollback() {
  // What fails to roll back was rolled back by SQLite itself (full disk, I/O error): nothing is left to undo.
  static_cast<void>(database_.execute("ROLLBACK"));
  if (!writing_day_.empty()) static_cast<void>(days_.at(writing_day_)->database.execute("ROLLBACK"));
  writing_day_.clear();
  noted_.clear();
  in_transaction_ = false;
  in_part_ = false;
}

Result<> SqliteStore::begin_part() {
  if (auto begun = database_.execute("SAVEPOINT part"); !begun) return begun;
  in_part_ = true;
  if (writing_day_.empty()) return {};
  return days_.at(writing_day_)->database.execute("SAVEPOINT part");
}

Result<> SqliteStore::end_part() {
  in_part_ = false;
  if (auto ended = database_.execute("RELEASE part"); !ended) return ended;
  if (writing_day_.empty()) return {};
  return days_.at(writing_day_)->database.execute("RELEASE part");
}

void SqliteStore::undo_part() {
  in_part_ = false;
  noted_.clear();
  static_cast<void>(database_.execute("ROLLBACK TO part; RELEASE part"));
  if (!writing_day_.empty())
    static_cast<void>(days_.at(writing_day_)->database.execute("ROLLBACK TO part; RELEASE part"));
}

Result<SqliteStore::Day*> SqliteStore::today() {
  if (!writing_day_.empty()) return days_.at(writing_day_).get();
  const std::string name =
      day_of(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())) + ".db";
  auto found = days_.find(name);
  if (found == days_.end()) {
    auto opened = Database::open(folder_ / "telemetry" / name, options_for(read_only_));
    if (!opened) return fail(opened.error());
    if (auto migrated = opened->migrate(embedded::fleet_day_migrations()); !migrated)
      return fail(std::move(migrated.error()).with_context(name));
    if (days_.size() >= kMaxOpenDays) days_.erase(days_.begin());
    found = days_.emplace(name, std::make_unique<Day>(std::move(*opened))).first;
  }
  if (in_transaction_) {
    auto begun = found->second->database.execute(in_part_ ? "BEGIN IMMEDIATE; SAVEPOINT part" : "BEGIN IMMEDIATE");
    if (!begun) return fail(begun.error());
    writing_day_ = name;
  }
  return found->second.get();
}

Result<SqliteStore::Day*> SqliteStore::past_day(const std::string& name) {
  if (const auto found = days_.find(name); found != days_.end()) return found->second.get();
  std::error_code error;
  if (!std::filesystem::exists(folder_ / "telemetry" / name, error)) return nullptr;
  auto opened = Database::open(folder_ / "telemetry" / name, options_for(read_only_));
  if (!opened) return fail(std::move(opened.error()).with_context("telemetry/" + name));
  if (days_.size() >= kMaxOpenDays) {
    const auto oldest = days_.begin()->first == writing_day_ ? std::next(days_.begin()) : days_.begin();
    days_.erase(oldest);
  }
  return days_.emplace(name, std::make_unique<Day>(std::move(*opened))).first->second.get();
}

Result<std::vector<std::string>> SqliteStore::day_names() const {
  auto names = list_directory(folder_ / "telemetry");
  if (!names) return fail(names.error());
  std::erase_if(*names, [](const std::string& name) { return name.size() != 13 || !name.ends_with(".db"); });
  return names;
}

Result<std::optional<std::string>> SqliteStore::setting(std::string_view key) {
  Query row = query("SELECT value FROM settings WHERE key=?");
  const auto found = row.with(key).next();
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  return row.text(0);
}

Result<> SqliteStore::set_setting(std::string_view key, std::string_view value) {
  return query("INSERT INTO settings VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value")
      .with(key, value)
      .run();
}

Result<bool> SqliteStore::expire(Timestamp now, std::chrono::days telemetry_kept, std::chrono::days activity_kept) {
  constexpr std::int64_t kSlice = 2000;
  if (auto gone = query("DELETE FROM sessions WHERE expires<?").with(now).run(); !gone) return fail(gone.error());
  const auto deleted = query("DELETE FROM activity WHERE id IN (SELECT id FROM activity WHERE time<? LIMIT ?)")
                           .with(now - activity_kept, kSlice)
                           .run();
  if (!deleted) return fail(deleted.error());
  const bool more = database_.changes() == kSlice;
  const auto names = day_names();
  if (!names) return fail(names.error());
  const std::string oldest_kept = day_of(now - telemetry_kept) + ".db";
  for (const auto& name : *names) {
    if (name >= oldest_kept) break;
    days_.erase(name);
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::error_code error;
      std::filesystem::remove(folder_ / "telemetry" / (name + suffix), error);
      if (error) return fail(Errc::io, "removing telemetry/" + name + suffix + ": " + error.message());
    }
  }
  return more;
}

}  // namespace hale::fleet
