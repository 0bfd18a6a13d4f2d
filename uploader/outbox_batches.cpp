// How items leave the outbox: batches, their answers, what is set aside.
#include <algorithm>

#include "platform/crypto.hpp"
#include "uploader/outbox.hpp"
#include "uploader/outbox_rows.hpp"

namespace hale {
namespace {

using outbox::kSent;
using outbox::kSetAside;
using outbox::kUnreadable;

/// An item the server keeps waits this long before it is offered again.
constexpr std::chrono::minutes kKeepDelay{5};
/// A longer wait than this means that the clock was set back meanwhile.
constexpr std::chrono::hours kLongestKeep{24};

Result<> run_with(Database& database, std::string_view sql, std::string_view text) {
  auto statement = database.prepare(sql);
  if (!statement) return fail(statement.error());
  return statement->bind(1, text).run();
}

}  // namespace

Result<std::optional<Outbox::Batch>> Outbox::take(Timestamp now, std::size_t max_items, std::size_t max_bytes) {
  const auto any = outbox::read_number(*database_, "SELECT EXISTS (SELECT 1 FROM outbox_items WHERE state = 0)");
  if (!any) return fail(any.error());
  if (*any == 0) return std::optional<Batch>{};
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  auto batch = unfinished();
  if (!batch) return fail(batch.error());
  if (!*batch) batch = make_batch(now, max_items, max_bytes);
  if (!batch) return fail(batch.error());
  if (*batch) {
    auto after = last_settled();
    if (!after) return fail(after.error());
    (*batch)->after = std::move(*after);
  }
  if (auto done = transaction->commit(); !done) return fail(done.error());
  return batch;
}

Result<std::string> Outbox::last_settled() {
  auto query = database_->prepare("SELECT batch FROM outbox_chain");
  if (!query) return fail(query.error());
  const auto row = query->step();
  if (!row) return fail(row.error());
  return *row ? query->column_text(0) : std::string{};
}

Result<std::optional<Outbox::Batch>> Outbox::unfinished() {
  auto query = database_->prepare("SELECT id, created_ms FROM outbox_batches");
  if (!query) return fail(query.error());
  const auto row = query->step();
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Batch>{};
  Batch batch{query->column_text(0), from_unix_ms(query->column_int(1)), {}, {}};
  query->reset();
  if (auto done = load_items(batch); !done) return fail(done.error());
  if (!batch.items.empty()) return batch;
  if (auto done = run_with(*database_, "DELETE FROM outbox_batches WHERE id = ?", batch.id); !done) {
    return fail(done.error());
  }
  return std::optional<Batch>{};
}

Result<std::optional<Outbox::Batch>> Outbox::make_batch(Timestamp now, std::size_t max_items, std::size_t max_bytes) {
  auto query = database_->prepare(
      "SELECT seq, plain_bytes FROM outbox_items WHERE state = 0 AND (not_before_ms <= ?1 OR not_before_ms > ?2) ORDER "
      "BY kind, seq LIMIT ?3");
  if (!query) return fail(query.error());
  query->bind(1, to_unix_ms(now)).bind(2, to_unix_ms(now + kLongestKeep)).bind(3, static_cast<std::int64_t>(max_items));
  std::vector<std::int64_t> chosen;
  std::size_t bytes = 0;
  while (true) {
    const auto row = query->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    bytes += static_cast<std::size_t>(query->column_int(1));
    if (!chosen.empty() && bytes > max_bytes) break;
    chosen.push_back(query->column_int(0));
  }
  query->reset();
  if (chosen.empty()) return std::optional<Batch>{};
  Batch batch{crypto::random_uuid(), now, {}, {}};
  auto row = database_->prepare("INSERT INTO outbox_batches (id, created_ms) VALUES (?, ?)");
  if (!row) return fail(row.error());
  if (auto done = row->bind(1, std::string_view(batch.id)).bind(2, to_unix_ms(now)).run(); !done)
    return fail(done.error());
  auto mark = database_->prepare("UPDATE outbox_items SET batch = ? WHERE seq = ?");
  if (!mark) return fail(mark.error());
  for (const auto seq : chosen) {
    if (auto done = mark->bind(1, std::string_view(batch.id)).bind(2, seq).run(); !done) return fail(done.error());
  }
  if (auto done = load_items(batch); !done) return fail(done.error());
  return batch;
}

Result<> Outbox::load_items(Batch& batch) {
  std::vector<std::string> unreadable;
  auto query = database_->prepare(
      "SELECT id, kind, time_ms, body FROM outbox_items LEFT JOIN outbox_bodies USING (seq) WHERE state = 0 AND batch "
      "= ? ORDER BY kind, seq");
  if (!query) return fail(query.error());
  query->bind(1, std::string_view(batch.id));
  while (true) {
    const auto row = query->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    Item item{
        query->column_text(0), static_cast<ItemKind>(query->column_int(1)), from_unix_ms(query->column_int(2)), {}};
    auto body = open_body(item.id, query->column_blob(3));
    if (!body) {
      unreadable.push_back(item.id);
      continue;
    }
    item.body = std::move(*body);
    batch.items.push_back(std::move(item));
  }
  query->reset();
  for (const auto& id : unreadable) {
    if (auto done = set_state(id, kSetAside, batch.id, kUnreadable, batch.created); !done) return done;
  }
  return unreadable.empty() ? Result<>{} : add_total("set_aside", unreadable.size());
}

Result<> Outbox::set_state(const std::string& id, int state, const std::string& batch, std::string_view reason,
                           Timestamp now) {
  auto update = database_->prepare(
      "UPDATE outbox_items SET state = ?, settled_ms = ?, reason = nullif(?, '') WHERE id = ? AND state = 0 AND batch "
      "= ?");
  if (!update) return fail(update.error());
  update->bind(1, std::int64_t{state})
      .bind(2, to_unix_ms(now))
      .bind(3, reason)
      .bind(4, std::string_view(id))
      .bind(5, std::string_view(batch));
  return update->run();
}

Result<> Outbox::settle(const Batch& batch, const Delivery& delivery, Timestamp now, bool answered) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;
  for (const auto& id : delivery.accepted) {
    if (auto done = set_state(id, kSent, batch.id, {}, now); !done) return done;
    sent += static_cast<std::uint64_t>(database_->changes());
  }
  for (const auto& item : delivery.rejected) {
    const auto reason =
        item.reason.empty() ? std::string_view("the fleet gave no reason") : std::string_view(item.reason);
    if (auto done = set_state(item.id, kSetAside, batch.id, reason.substr(0, 500), now); !done) return done;
    refused += static_cast<std::uint64_t>(database_->changes());
  }
  const auto again =
      now + (delivery.retry_after_s ? std::chrono::seconds{std::min<std::uint32_t>(*delivery.retry_after_s, 86'400)}
                                    : std::chrono::seconds{kKeepDelay});
  auto keep =
      database_->prepare("UPDATE outbox_items SET batch = NULL, not_before_ms = ? WHERE state = 0 AND batch = ?");
  if (!keep) return fail(keep.error());
  if (auto done = keep->bind(1, to_unix_ms(again)).bind(2, std::string_view(batch.id)).run(); !done) return done;
  if (auto done = run_with(*database_, "DELETE FROM outbox_batches WHERE id = ?", batch.id); !done) return done;
  if (answered) {
    if (auto done = run_with(*database_, "REPLACE INTO outbox_chain VALUES (1, ?)", batch.id); !done) return done;
  }
  if (auto done = add_total("sent", sent); !done) return done;
  if (auto done = add_total("set_aside", refused); !done) return done;
  if (auto done = prune(kSent, options_.sent_kept); !done) return done;
  if (auto done = prune(kSetAside, options_.set_aside_kept); !done) return done;
  return transaction->commit();
}

Result<> Outbox::release(const Batch& batch) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  const std::string_view id = batch.id;
  if (auto done = run_with(*database_, "UPDATE outbox_items SET batch = NULL WHERE state = 0 AND batch = ?", id); !done)
    return done;
  if (auto done = run_with(*database_, "DELETE FROM outbox_batches WHERE id = ?", id); !done) return done;
  return transaction->commit();
}

Result<std::uint64_t> Outbox::set_aside_before(Timestamp before, std::string_view reason, Timestamp now) {
  auto transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  // The unfinished batch was the other PC's too: what is left of it is taken anew.
  if (auto done = database_->execute("UPDATE outbox_items SET batch = NULL WHERE state = 0"); !done)
    return fail(done.error());
  if (auto done = database_->execute("DELETE FROM outbox_batches"); !done) return fail(done.error());
  auto update = database_->prepare(
      "UPDATE outbox_items SET state = 2, settled_ms = ?, reason = ? WHERE state = 0 AND time_ms < ?");
  if (!update) return fail(update.error());
  if (auto done = update->bind(1, to_unix_ms(now)).bind(2, reason).bind(3, to_unix_ms(before)).run(); !done)
    return fail(done.error());
  const auto count = static_cast<std::uint64_t>(database_->changes());
  if (auto done = add_total("set_aside", count); !done) return fail(done.error());
  if (auto done = transaction->commit(); !done) return fail(done.error());
  return count;
}

Result<> Outbox::prune(int state, std::size_t kept) {
  auto remove = database_->prepare(
      "DELETE FROM outbox_items WHERE seq IN (SELECT seq FROM outbox_items WHERE state = ? AND state <> 0 "
      "ORDER BY settled_ms DESC, seq DESC LIMIT -1 OFFSET ?)");
  if (!remove) return fail(remove.error());
  return remove->bind(1, std::int64_t{state}).bind(2, static_cast<std::int64_t>(kept)).run();
}

}  // namespace hale
