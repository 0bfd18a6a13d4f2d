#pragma once
#include <cstdint>

#include "core/result.hpp"
#include "fleet/ingest/batch.hpp"
#include "fleet/store/store.hpp"

namespace hale::fleet {

/// Where a batch stands in its device's chain.
enum class ChainStep : std::uint8_t {
  follows,    ///< on the device's line, or nothing is known that speaks against it
  went_back,  ///< begins a line of its own: a restored backup, or the first of a copy. Taken; it may be either
  forked,     ///< proves that two PCs use the identity; this is the one that keeps it
  copied,     ///< from the other one of those: not taken, it must enrol as a copy
};

/// Notes the batch as its line's newest, inside a transaction. The elder line keeps the identity: usually the original,
/// which uploaded first after the disk was copied. A PC that merely went back never speaks on the line it lost, so it
/// is never taken for a copy.
Result<ChainStep> follow_chain(Store& store, const Device& device, const DecodedBatch& batch, Timestamp now);

}  // namespace hale::fleet
