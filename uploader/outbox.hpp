#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/envelope.hpp"
#include "core/result.hpp"
#include "platform/database_sqlite.hpp"

namespace hale {

/// What waits to be uploaded, in the agent's own database: an item is put in the same transaction as the state that
/// produced it. Bodies are compressed and sealed with the spool key before they are written. Bounded: over the bound
/// the oldest telemetry goes first, findings never. haled puts, hale-upload takes; each over its own connection.
/// Belongs to the thread of its database.
class Outbox {
 public:
  struct Options {
    std::uint64_t max_bytes{64u << 20};  ///< of sealed bodies that wait
    std::size_t sent_kept{200};          ///< newest sent items whose bodies stay readable for `hale uploads --show`
    std::size_t set_aside_kept{500};     ///< newest refused items kept for the same
  };
  /// The database must have the outbox's tables (outbox_migrations()). `spool_key` is 32 bytes.
  Outbox(Database& database, std::string spool_key, Options options);
  Outbox(Database& database, std::string spool_key) : Outbox(database, std::move(spool_key), Options{}) {}

  /// Joins the caller's transaction when there is one. The same item again is fine; another item under a known id is a
  /// conflict. An inventory or a status replaces the earlier one that still waits.
  Result<> put(const Item& item);

  struct Batch {
    std::string id;
    Timestamp created;
    std::vector<Item> items;
    std::string after{};  ///< id of the batch that was settled before; empty for the first
  };
  /// The next batch that is due: an unfinished one again with the same id and items, else a new one of at most
  /// max_items / max_bytes (one item at least), findings first. Nothing due: an empty optional. An item whose body
  /// cannot be unsealed is set aside.
  Result<std::optional<Batch>> take(Timestamp now, std::size_t max_items = 500, std::size_t max_bytes = 1u << 20);
  /// Applies the server's answer: accepted go to the sent log (ids, sizes and sealed bodies of the last `sent_kept`),
  /// rejected are set aside with the reason, keep stay for a later batch, as does what the answer does not name. Ids of
  /// no item of this batch are ignored.
  /// `answered`: the server knows this batch, so that the next one may name it.
  Result<> settle(const Batch& batch, const Delivery& delivery, Timestamp now, bool answered = true);
  /// Dissolves an unfinished batch that the server refused as a whole; its items wait again, to be taken in smaller
  /// batches.
  Result<> release(const Batch& batch);
  /// Sets aside what waits from before `before`: on a copied disk it is another PC's to send. Returns how many.
  Result<std::uint64_t> set_aside_before(Timestamp before, std::string_view reason, Timestamp now);

  struct Counts {
    std::uint64_t waiting{}, waiting_bytes{}, sent{}, set_aside{}, dropped_telemetry{};
    std::optional<Timestamp> oldest;
  };
  /// waiting and oldest as of now; the others since installation.
  Result<Counts> counts();
  /// The cheap part of counts().
  Result<std::uint64_t> waiting();

  /// For `hale uploads --show N`: the N newest items with their exact bodies, sent or waiting.
  struct Shown {
    Item item;
    std::string state;  ///< waiting | sent | set_aside
    std::string batch;
    std::string reason;
    std::optional<Timestamp> sent_at;
  };
  Result<std::vector<Shown>> show(std::size_t count);

  /// Everything gone (hale forget).
  Result<> erase_all();

 private:
  Result<> insert(const Item& item, const std::string& sealed);
  Result<> check_same(const Item& item);
  Result<> keep_bound(std::uint64_t added);
  Result<> drop_oldest_telemetry(std::uint64_t bytes);
  Result<std::optional<Batch>> unfinished();
  Result<std::optional<Batch>> make_batch(Timestamp now, std::size_t max_items, std::size_t max_bytes);
  Result<> load_items(Batch& batch);
  Result<std::string> last_settled();
  Result<std::string> open_body(const std::string& id, const std::string& sealed) const;
  Result<> set_state(const std::string& id, int state, const std::string& batch, std::string_view reason,
                     Timestamp now);
  Result<> prune(int state, std::size_t kept);
  Result<> add_total(std::string_view name, std::uint64_t more);

  Database* database_;
  std::string key_;
  Options options_;
  /// At least the bytes that wait: the other side only takes away. Unknown until the first put.
  std::optional<std::uint64_t> waiting_bytes_;
};

/// For Database::migrate("outbox", …): they count apart from the agent's own.
std::span<const EmbeddedFile> outbox_migrations();

}  // namespace hale
