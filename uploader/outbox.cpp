#include "uploader/outbox.hpp"

#include <algorithm>
#include <utility>

#include "core/embedded.hpp"
#include "platform/compression.hpp"
#include "platform/crypto.hpp"
#include "uploader/outbox_rows.hpp"

HALE_DECLARE_EMBEDDED(outbox_migrations)

namespace hale {
namespace {

/// Bound on one body, far above what any item holds: the compressed form is opened against it.
constexpr std::size_t kMaxBody = 16u << 20;

/// Undoes what was done since unless released; nests in the caller's transaction.
class Savepoint {
 public:
  static Result<Savepoint> begin(Database& database) {
    if (auto done = database.execute("SAVEPOINT outbox"); !done) return fail(done.error());
    return Savepoint(database);
  }
  Savepoint(Savepoint&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  ~Savepoint() {
    if (database_ == nullptr) return;
    // After a failure nothing more can be done than to undo; SQLite may have rolled back by itself already.
    static_cast<void>(database_->execute("ROLLBACK TO outbox"));
    static_cast<void>(database_->execute("RELEASE outbox"));
  }
  Result<> release() {
    auto done = database_->execute("RELEASE outbox");
    if (done) database_ = nullptr;
    return done;
  }

 private:
  explicit Savepoint(Database& database) : database_(&database) {}
  Database* database_;
};

/// What is sealed: one byte of form, then the body ('r' as it is, 'z' zstd).
std::string pack(std::string_view body) {
  auto small = zstd_compress(body);
  // Empty: there was no memory for it.
  if (!small.empty() && small.size() < body.size()) return 'z' + small;
  return 'r' + std::string(body);
}

Result<std::string> unpack(std::string_view packed) {
  if (packed.starts_with('r')) return std::string(packed.substr(1));
  if (packed.starts_with('z')) return zstd_decompress(packed.substr(1), kMaxBody);
  return fail(Errc::invalid_input, "unknown form of a sealed body");
}

constexpr std::int64_t number(ItemKind kind) { return static_cast<std::int64_t>(kind); }

bool replaces_earlier(ItemKind kind) { return kind == ItemKind::inventory || kind == ItemKind::status; }

}  // namespace

std::span<const EmbeddedFile> outbox_migrations() { return embedded::outbox_migrations(); }

Outbox::Outbox(Database& database, std::string spool_key, Options options)
    : database_(&database), key_(std::move(spool_key)), options_(options) {}

Result<> Outbox::put(const Item& item) {
  if (item.id.empty()) return fail(Errc::invalid_input, "an item to upload has no id");
  if (item.body.size() > kMaxBody) return fail(Errc::invalid_input, "item " + item.id + ": its body is over 16 MiB");
  const auto sealed = crypto::seal(pack(item.body), key_, item.id);
  auto savepoint = Savepoint::begin(*database_);
  if (!savepoint) return fail(savepoint.error());
  if (auto done = insert(item, sealed); !done) return done;
  if (auto done = keep_bound(sealed.size()); !done) return done;
  return savepoint->release();
}

Result<> Outbox::insert(const Item& item, const std::string& sealed) {
  auto row = database_->prepare(
      "INSERT INTO outbox_items (id, kind, time_ms, plain_bytes, sealed_bytes) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) "
      "DO NOTHING");
  if (!row) return fail(row.error());
  row->bind(1, std::string_view(item.id)).bind(2, number(item.kind)).bind(3, to_unix_ms(item.time));
  row->bind(4, static_cast<std::int64_t>(item.body.size())).bind(5, static_cast<std::int64_t>(sealed.size()));
  if (auto done = row->run(); !done) return done;
  if (database_->changes() == 0) return check_same(item);
  const auto seq = database_->last_insert_id();
  auto body = database_->prepare("INSERT INTO outbox_bodies (seq, body) VALUES (?, ?)");
  if (!body) return fail(body.error());
  if (auto done = body->bind(1, seq).bind_blob(2, sealed).run(); !done) return done;
  if (!replaces_earlier(item.kind)) return {};
  auto earlier =
      database_->prepare("DELETE FROM outbox_items WHERE state = 0 AND kind = ? AND seq < ? AND batch IS NULL");
  if (!earlier) return fail(earlier.error());
  return earlier->bind(1, number(item.kind)).bind(2, seq).run();
}

Result<> Outbox::check_same(const Item& item) {
  auto query =
      database_->prepare("SELECT kind, time_ms, body FROM outbox_items JOIN outbox_bodies USING (seq) WHERE id = ?");
  if (!query) return fail(query.error());
  const auto row = query->bind(1, std::string_view(item.id)).step();
  if (!row) return fail(row.error());
  if (*row && query->column_int(0) == number(item.kind) && query->column_int(1) == to_unix_ms(item.time)) {
    const auto body = open_body(item.id, query->column_blob(2));
    if (!body || *body == item.body) return {};
  }
  return fail(Errc::conflict, "item " + item.id + " was put before with other content: an id is used once");
}

Result<> Outbox::keep_bound(std::uint64_t added) {
  if (waiting_bytes_) *waiting_bytes_ += added;
  if (waiting_bytes_ && *waiting_bytes_ <= options_.max_bytes) return {};
  const auto bytes =
      outbox::read_number(*database_, "SELECT coalesce(sum(sealed_bytes), 0) FROM outbox_items WHERE state = 0");
  if (!bytes) return fail(bytes.error());
  waiting_bytes_ = static_cast<std::uint64_t>(*bytes);
  if (*waiting_bytes_ <= options_.max_bytes) return {};
  // A little more than needed, so that the next put need not look again.
  return drop_oldest_telemetry(*waiting_bytes_ - options_.max_bytes + options_.max_bytes / 50);
}

Result<> Outbox::drop_oldest_telemetry(std::uint64_t bytes) {
  auto query = database_->prepare(
      "SELECT seq, sealed_bytes FROM outbox_items WHERE state = 0 AND kind = ? AND batch IS NULL ORDER BY seq LIMIT "
      "1000");
  if (!query) return fail(query.error());
  query->bind(1, number(ItemKind::telemetry));
  std::uint64_t freed = 0;
  std::uint64_t dropped = 0;
  std::int64_t last = 0;
  while (freed < bytes) {
    const auto row = query->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    last = query->column_int(0);
    freed += static_cast<std::uint64_t>(query->column_int(1));
    ++dropped;
  }
  if (dropped == 0) return {};
  query->reset();
  auto remove =
      database_->prepare("DELETE FROM outbox_items WHERE state = 0 AND kind = ? AND batch IS NULL AND seq <= ?");
  if (!remove) return fail(remove.error());
  remove->bind(1, number(ItemKind::telemetry)).bind(2, last);
  if (auto done = remove->run(); !done) return done;
  *waiting_bytes_ -= std::min(freed, *waiting_bytes_);
  return add_total("dropped_telemetry", dropped);
}

Result<std::string> Outbox::open_body(const std::string& id, const std::string& sealed) const {
  return crypto::open(sealed, key_, id).and_then([](const std::string& packed) { return unpack(packed); });
}

Result<> Outbox::add_total(std::string_view name, std::uint64_t more) {
  if (more == 0) return {};
  auto statement = database_->prepare(
      "INSERT INTO outbox_totals (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + "
      "excluded.value");
  if (!statement) return fail(statement.error());
  return statement->bind(1, name).bind(2, static_cast<std::int64_t>(more)).run();
}

Result<std::uint64_t> Outbox::waiting() {
  const auto count = outbox::read_number(*database_, "SELECT count(*) FROM outbox_items WHERE state = 0");
  if (!count) return fail(count.error());
  return static_cast<std::uint64_t>(*count);
}

Result<Outbox::Counts> Outbox::counts() {
  auto query = database_->prepare(
      "SELECT count(*), coalesce(sum(sealed_bytes), 0), min(time_ms) FROM outbox_items WHERE state = 0");
  if (!query) return fail(query.error());
  if (const auto row = query->step(); !row) return fail(row.error());
  Counts counts;
  counts.waiting = static_cast<std::uint64_t>(query->column_int(0));
  counts.waiting_bytes = static_cast<std::uint64_t>(query->column_int(1));
  if (!query->column_null(2)) counts.oldest = from_unix_ms(query->column_int(2));
  auto totals = database_->prepare("SELECT name, value FROM outbox_totals");
  if (!totals) return fail(totals.error());
  while (true) {
    const auto row = totals->step();
    if (!row) return fail(row.error());
    if (!*row) return counts;
    const auto name = totals->column_text(0);
    const auto value = static_cast<std::uint64_t>(totals->column_int(1));
    if (name == "sent") counts.sent = value;
    if (name == "set_aside") counts.set_aside = value;
    if (name == "dropped_telemetry") counts.dropped_telemetry = value;
  }
}

Result<std::vector<Outbox::Shown>> Outbox::show(std::size_t count) {
  auto query = database_->prepare(
      "SELECT id, kind, time_ms, body, state, batch, reason, settled_ms FROM outbox_items LEFT JOIN outbox_bodies "
      "USING (seq) "
      "ORDER BY seq DESC LIMIT ?");
  if (!query) return fail(query.error());
  query->bind(1, static_cast<std::int64_t>(std::min<std::size_t>(count, 100'000)));
  std::vector<Shown> shown;
  while (true) {
    const auto row = query->step();
    if (!row) return fail(row.error());
    if (!*row) return shown;
    Shown one;
    one.item = {
        query->column_text(0), static_cast<ItemKind>(query->column_int(1)), from_unix_ms(query->column_int(2)), {}};
    const auto state = query->column_int(4);
    one.state = state == outbox::kWaiting ? "waiting" : state == outbox::kSent ? "sent" : "set_aside";
    one.batch = query->column_text(5);
    one.reason = query->column_text(6);
    if (state == outbox::kSent) one.sent_at = from_unix_ms(query->column_int(7));
    if (auto body = open_body(one.item.id, query->column_blob(3))) {
      one.item.body = std::move(*body);
    } else {
      one.reason = outbox::kUnreadable;
    }
    shown.push_back(std::move(one));
  }
}

Result<> Outbox::erase_all() {
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  for (const auto* table :
       {"outbox_bodies", "outbox_items", "outbox_batches", "outbox_totals", "outbox_upload_state"}) {
    if (auto done = database_->execute("DELETE FROM " + std::string(table)); !done) return done;
  }
  waiting_bytes_.reset();
  return transaction->commit();
}

}  // namespace hale
