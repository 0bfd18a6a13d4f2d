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

/// What waits to be uploaded, in the agent's own database: an item is put in the same transaction as the state that produced it.
/// Bodies are sealed with the spool key. Bounded: over the bound the oldest telemetry goes first, findings never.
/// haled puts, hale-upload takes; each over its own connection.
class Outbox {
 public:
  struct Options {
    std::uint64_t max_bytes{64u << 20};  ///< of sealed bodies
  };
  /// The database must have the outbox's tables (outbox_migrations()).
  Outbox(Database& database, std::string spool_key, Options options);
  Outbox(Database& database, std::string spool_key) : Outbox(database, std::move(spool_key), Options{}) {}

  Result<> put(const Item& item);

  struct Batch {
    std::string id;
    Timestamp created;
    std::vector<Item> items;
  };
  /// The next batch that is due: an unfinished one again with the same id and items, else a new one of at most max_items / max_bytes,
  /// findings first. Nothing due: an empty optional.
  Result<std::optional<Batch>> take(Timestamp now, std::size_t max_items = 500, std::size_t max_bytes = 1u << 20);
  /// Applies the server's answer: accepted go to the sent log (ids, sizes and sealed bodies of the last `sent_kept`), rejected are set aside with
  /// the reason, keep stay for a later batch.
  Result<> settle(const Batch& batch, const Delivery& delivery, Timestamp now);

  struct Counts {
    std::uint64_t waiting{}, waiting_bytes{}, sent{}, set_aside{}, dropped_telemetry{};
    std::optional<Timestamp> oldest;
  };
  Result<Counts> counts();

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
  Database* database_;
  std::string key_;
  Options options_;
};

std::span<const EmbeddedFile> outbox_migrations();

}  // namespace hale
