#include "agent/store/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/service/log.hpp"
#include "agent/store/pending.hpp"
#include "core/codec.hpp"

HALE_DECLARE_EMBEDDED(store_migrations)

namespace hale::agent {
namespace {

constexpr int kCacheKib = 256;
// A sweep changes a few scattered rows: with 1 KiB pages a grouped write is a quarter of what it is with 4 KiB.
constexpr int kPageSize = 1024;
constexpr std::int64_t kDayMs = 86'400'000;
constexpr std::int64_t kKeepRejectedDays = 35;

}  // namespace

std::string_view to_string(MessageState state) {
  switch (state) {
    case MessageState::waiting:
      return "waiting";
    case MessageState::shown:
      return "shown";
    case MessageState::answered:
      return "answered";
    case MessageState::withdrawn:
      return "withdrawn";
  }
  return {};
}

bool UrgentChange::empty() const {
  return findings.empty() && messages.empty() && message_states.empty() && outcomes.empty() && answers.empty() &&
         items.empty() && meta.empty();
}

Store::Store(std::filesystem::path file, std::string spool_key, StoreOptions options)
    : file_(std::move(file)),
      spool_key_(std::move(spool_key)),
      options_(options),
      pending_(std::make_unique<Pending>()) {
  if (auto opened = open(); !opened) failed(opened.error());
}

Store::~Store() { retry(); }

Result<> Store::open() {
  auto attempt = [this]() -> Result<Database> {
    auto database =
        Database::open(file_, {.page_size = kPageSize, .cache_kib = kCacheKib, .durable = options_.durable});
    if (!database) return database;
    if (auto migrated = database->migrate("store", embedded::store_migrations()); !migrated)
      return fail(migrated.error());
    if (auto migrated = database->migrate("outbox", outbox_migrations()); !migrated) return fail(migrated.error());
    return database;
  };
  auto database = attempt();
  if (!database && database.error().code == Errc::invalid_input) {
    const auto aside = std::filesystem::path(file_).concat(".damaged");
    std::error_code ignored;
    for (const auto* suffix : {"-wal", "-shm"})
      std::filesystem::remove(std::filesystem::path(file_).concat(suffix), ignored);
    std::filesystem::rename(file_, aside, ignored);
    if (ignored) return fail(database.error());
    opening_note_ = fmt::format("{}; it was moved to {} and a new one begun", database.error().message, aside.string());
    database = attempt();
  }
  if (!database) return fail(database.error());
  database_.emplace(std::move(*database));
  outbox_.emplace(*database_, spool_key_, Outbox::Options{.max_bytes = options_.outbox_max_bytes});
  return {};
}

bool Store::ready() {
  if (database_) return true;
  if (auto opened = open(); !opened) {
    failed(opened.error());
    return false;
  }
  return true;
}

void Store::failed(const Error& error) {
  trouble_ = fmt::format("{}; readings and findings are kept in memory until it can be written again", error.message);
}

Result<Statement*> Store::prepared(const char* sql) {
  if (const auto known = statements_.find(sql); known != statements_.end()) return &known->second;
  auto statement = database_->prepare(sql);
  if (!statement) return fail(statement.error());
  return &statements_.emplace(sql, std::move(*statement)).first->second;
}

std::optional<std::uint32_t> Store::known_series(const std::string& name) {
  if (const auto known = series_ids_.find(name); known != series_ids_.end()) return known->second;
  if (series_ids_.empty() && ready()) {
    if (auto all = prepared("SELECT id, metric, component, key FROM series"); all) {
      for (auto row = (*all)->step(); row && *row; row = (*all)->step())
        series_ids_[fmt::format("{}/{}/{}", (*all)->column_text(1), (*all)->column_text(2), (*all)->column_text(3))] =
            static_cast<std::uint32_t>((*all)->column_int(0));
      for (const auto& [each, id] : series_ids_) pending_->next_series = std::max(pending_->next_series, id + 1);
    }
    if (const auto known = series_ids_.find(name); known != series_ids_.end()) return known->second;
  }
  return std::nullopt;
}

std::uint32_t Store::series_id(Metric metric, const std::string& component, const std::string& key) {
  const auto name = fmt::format("{}/{}/{}", info(metric).name, component, key);
  if (const auto known = known_series(name)) return *known;
  // Ids are given in memory and written with the first block that uses them: naming a series costs no transaction of
  // its own.
  const auto id = pending_->next_series++;
  series_ids_[name] = id;
  pending_->series.push_back({id, std::string(info(metric).name), component, key});
  return id;
}

void Store::write(UrgentChange change) {
  if (change.empty()) return;
  pending_->changes.emplace_back().also = std::move(change);
  retry();
}

void Store::write(GroupedChange change, Timestamp now) {
  pending_->now_ms = to_unix_ms(now);
  pending_->grouped = true;
  pending_->changes.push_back(std::move(change));
  retry();
}

void Store::retry() {
  if (pending_->changes.empty()) return;
  if (!ready()) return pending_->bound();
  auto all = [this]() -> Result<> {
    auto transaction = Transaction::begin(*database_);
    if (!transaction) return fail(transaction.error());
    for (const auto& each : pending_->series) {
      auto insert = prepared("INSERT OR IGNORE INTO series (id, metric, component, key) VALUES (?, ?, ?, ?)");
      if (!insert) return fail(insert.error());
      (*insert)
          ->bind(1, std::int64_t{each.id})
          .bind(2, std::string_view(each.metric))
          .bind(3, std::string_view(each.component))
          .bind(4, std::string_view(each.key));
      if (auto done = (*insert)->run(); !done) return done;
    }
    for (const auto& change : pending_->changes)
      if (auto done = apply(change); !done) return done;
    if (pending_->grouped) {
      if (auto done = roll_up(pending_->now_ms); !done) return done;
      if (auto done = shrink(pending_->now_ms); !done) return done;
    }
    return transaction->commit();
  }();
  if (!all) {
    failed(all.error());
    return pending_->bound();
  }
  trouble_.clear();
  pending_->clear();
}

Result<> Store::put_findings(const UrgentChange& change) {
  for (const auto& finding : change.findings) {
    const auto body = to_json(finding).dump();
    auto latest = prepared(
        "INSERT INTO finding (fingerprint, rule, state, severity, first_seen, last_seen, body) VALUES (?, ?, ?, ?, ?, "
        "?, ?) ON CONFLICT (fingerprint) "
        "DO UPDATE SET state = excluded.state, severity = excluded.severity, first_seen = excluded.first_seen, "
        "last_seen = excluded.last_seen, body = excluded.body");
    if (!latest) return fail(latest.error());
    (*latest)
        ->bind(1, std::string_view(finding.fingerprint))
        .bind(2, std::string_view(finding.rule))
        .bind(3, to_string(finding.state));
    (*latest)
        ->bind(4, to_string(finding.severity))
        .bind(5, to_unix_ms(finding.first_seen))
        .bind(6, to_unix_ms(finding.last_seen))
        .bind(7, std::string_view(body));
    if (auto done = (*latest)->run(); !done) return done;
    auto log = prepared("INSERT INTO transition (fingerprint, time, body) VALUES (?, ?, ?)");
    if (!log) return fail(log.error());
    (*log)
        ->bind(1, std::string_view(finding.fingerprint))
        .bind(2, to_unix_ms(finding.last_seen))
        .bind(3, std::string_view(body));
    if (auto done = (*log)->run(); !done) return done;
  }
  return {};
}

Result<> Store::put_messages(const UrgentChange& change) {
  for (const auto& message : change.messages) {
    auto put =
        prepared("INSERT OR REPLACE INTO message (id, fingerprint, state, time, body) VALUES (?, ?, 'waiting', ?, ?)");
    if (!put) return fail(put.error());
    const auto body = to_json(message).dump();
    (*put)
        ->bind(1, std::string_view(message.id))
        .bind(2, std::string_view(message.fingerprint))
        .bind(3, to_unix_ms(message.time))
        .bind(4, std::string_view(body));
    if (auto done = (*put)->run(); !done) return done;
  }
  for (const auto& [id, state] : change.message_states) {
    auto put = prepared("UPDATE message SET state = ? WHERE id = ?");
    if (!put) return fail(put.error());
    (*put)->bind(1, to_string(state)).bind(2, std::string_view(id));
    if (auto done = (*put)->run(); !done) return done;
  }
  for (const auto& answer : change.answers) {
    auto put = prepared("INSERT INTO answer (fingerprint, rule, answer, time) VALUES (?, ?, ?, ?)");
    if (!put) return fail(put.error());
    (*put)
        ->bind(1, std::string_view(answer.fingerprint))
        .bind(2, std::string_view(answer.rule))
        .bind(3, to_string(answer.answer))
        .bind(4, to_unix_ms(answer.time));
    if (auto done = (*put)->run(); !done) return done;
  }
  return {};
}

Result<> Store::put_meta(const std::string& name, std::string_view value) {
  auto put = prepared("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)");
  if (!put) return fail(put.error());
  (*put)->bind(1, std::string_view(name)).bind_blob(2, value);
  return (*put)->run();
}

Result<> Store::apply(const UrgentChange& change) {
  if (auto done = put_findings(change); !done) return done;
  if (auto done = put_messages(change); !done) return done;
  for (const auto& outcome : change.outcomes) {
    auto put = prepared("INSERT INTO outcome (time, body) VALUES (?, ?)");
    if (!put) return fail(put.error());
    const auto body = to_json(outcome).dump();
    (*put)->bind(1, to_unix_ms(outcome.time)).bind(2, std::string_view(body));
    if (auto done = (*put)->run(); !done) return done;
  }
  for (const auto& [name, value] : change.meta)
    if (auto done = put_meta(name, value); !done) return done;
  for (const auto& item : change.items) {
    auto done = outbox_->put(item);
    // An item the outbox will never take must not hold back what it was made of.
    const bool refused = !done && (done.error().code == Errc::conflict || done.error().code == Errc::invalid_input);
    if (refused)
      log_error("outbox: " + done.error().message);
    else if (!done)
      return done;
  }
  return {};
}

Result<> Store::put_components(const GroupedChange& change) {
  for (const auto& component : change.components) {
    auto put = prepared("INSERT OR REPLACE INTO component (id, body) VALUES (?, ?)");
    if (!put) return fail(put.error());
    const auto body = to_json(component).dump();
    (*put)->bind(1, std::string_view(component.id)).bind(2, std::string_view(body));
    if (auto done = (*put)->run(); !done) return done;
  }
  return {};
}

Result<> Store::apply(const GroupedChange& change) {
  if (change.detail && !change.detail->times.empty())
    if (auto done = put_block(0, *change.detail); !done) return done;
  if (auto done = put_components(change); !done) return done;
  const auto today = pending_->now_ms / kDayMs;
  for (const auto& rejected : change.rejected) {
    auto put = prepared(
        "INSERT INTO rejected (day, series, reason, count) VALUES (?, ?, ?, ?) ON CONFLICT (day, series, reason) DO "
        "UPDATE SET count = count + excluded.count");
    if (!put) return fail(put.error());
    (*put)
        ->bind(1, today)
        .bind(2, std::string_view(rejected.series))
        .bind(3, std::string_view(rejected.reason))
        .bind(4, static_cast<std::int64_t>(rejected.count));
    if (auto done = (*put)->run(); !done) return done;
  }
  if (!change.rejected.empty()) {
    auto old = prepared("DELETE FROM rejected WHERE day < ?");
    if (!old) return fail(old.error());
    (*old)->bind(1, today - kKeepRejectedDays);
    if (auto done = (*old)->run(); !done) return done;
  }
  return apply(change.also);
}

Outbox* Store::outbox() { return ready() ? &*outbox_ : nullptr; }

Result<> Store::erase_all() {
  if (!ready()) return fail(Errc::unavailable, trouble_);
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  for (const auto* table :
       {"meta", "series", "block", "finding", "transition", "message", "answer", "outcome", "component", "rejected"})
    if (auto done = database_->execute(fmt::format("DELETE FROM {}", table)); !done) return done;
  if (auto done = transaction->commit(); !done) return done;
  if (auto done = outbox_->erase_all(); !done) return done;  // in a transaction of its own
  series_ids_.clear();
  *pending_ = Pending{};
  statements_.clear();
  if (auto done = database_->execute("VACUUM"); !done) return done;
  return database_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace hale::agent
