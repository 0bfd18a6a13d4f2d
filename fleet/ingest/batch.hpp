#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/envelope.hpp"
#include "core/result.hpp"
#include "fleet/store/store.hpp"

namespace hale::fleet {

inline constexpr std::size_t kMaxDecoded = 16u << 20;  ///< B of a batch after decompression
inline constexpr std::size_t kMaxItems = 10'000;

/// What an item will do to the store, decoded and checked.
struct DecodedItem {
  std::string id;
  ItemKind kind{};
  Timestamp time;
  std::string body;           ///< JSON object
  Transition transition{};    ///< kind finding
  TelemetryBlob telemetry{};  ///< kind telemetry
  DeviceFacts facts{};        ///< kind inventory
};

struct DecodedBatch {
  std::string device;
  std::string batch;
  std::optional<std::string> after;  ///< the batch before it; absent: the agent does not count
  std::vector<DecodedItem> items;
  std::vector<RejectedItem> rejected;  ///< malformed ones, each with a reason; the others stand
};

/// A request's body to JSON text. Bounded by kMaxDecoded whatever the compressed size claims. `encoding`: zstd, gzip,
/// identity or empty. Errors: unsupported (encoding), invalid_input (too large, or not in that encoding).
Result<std::string> decompress_body(std::string_view encoding, std::string body);

/// Reads a batch. An error is one of the whole batch (not JSON, no such wire version, too many items); a malformed item
/// only lands in `rejected`.
Result<DecodedBatch> decode_batch(std::string_view json);

struct Applied {
  std::string answer;              ///< empty when `copied`
  bool forked{false};              ///< it proved that another PC uses this identity as well
  bool copied{false};              ///< it comes from that other PC: nothing of it was taken
  std::vector<std::size_t> fresh;  ///< indices of items that were not known before
};
/// Puts a decoded batch into the store and gives the answer, inside a transaction; a batch that was answered before
/// gets the same answer and changes nothing.
Result<Applied> apply_batch(Store& store, const Device& device, const DecodedBatch& batch, Timestamp now);

}  // namespace hale::fleet
