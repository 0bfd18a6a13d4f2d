#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace hale {

/// The wire version this build writes. The server accepts it and the two before.
inline constexpr int kWireSchema = 1;

/// What an item of a batch is. Lower is sent first; only `telemetry` may be dropped when the outbox is over its bound.
enum class ItemKind : std::uint8_t {
  finding,
  notification,
  feedback,
  outcome,
  report,
  inventory,
  event,
  status,
  telemetry
};
std::string_view to_string(ItemKind kind);
std::optional<ItemKind> parse_item_kind(std::string_view text);

/// One thing to upload. `body` is a JSON object as text (see docs/wire.md), never interpreted on its way.
struct Item {
  std::string id;  ///< unique per device for ever; the server's idempotence key beside the batch id
  ItemKind kind{};
  Timestamp time;
  std::string body;
};

/// A batch of items from one device.
struct Envelope {
  int schema{kWireSchema};
  std::string device;
  std::string batch;  ///< UUID; a repeated batch is answered as the first time
  Timestamp created;
  std::vector<Item> items;
  /// The batch that was answered before this one, empty for the first; an agent that does not count says none.
  std::optional<std::string> after{};
};

struct RejectedItem {
  std::string id;
  std::string reason;  ///< for people: what is wrong with it
};

/// The server's answer, an item each: accepted = durable there; rejected = never send again; keep = try later.
struct Delivery {
  std::vector<std::string> accepted;
  std::vector<RejectedItem> rejected;
  std::vector<std::string> keep;
  std::optional<std::uint32_t> retry_after_s;
};

/// JSON codec. Parsing is bounded (16 MiB, 10,000 items, nesting depth 64) and says path and reason on malformed input.
std::string encode(const Envelope& envelope);
Result<Envelope> decode_envelope(std::string_view json);
std::string encode(const Delivery& delivery);
Result<Delivery> decode_delivery(std::string_view json);

}  // namespace hale
