#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "rules/detectors/cooling/parameters.hpp"
#include "rules/engine/detector.hpp"

namespace hale::rules::cooling {

/// What slot each source has; kNoSlot where the pack gives none.
inline constexpr Slot kNoSlot = 0xff;
using Slots = std::array<Slot, kSources>;

/// Five minutes of a PC's life.
struct Bucket {
  Millis start{};
  std::int32_t day{};
  std::uint64_t profile{};
  std::uint32_t rows{};
  std::uint32_t has{};  ///< a bit a source
  bool contiguous{};    ///< the five minutes before were seen as well
  std::array<float, kSources> mean{};
  float least_fan{}, most_fan{}, most_cpu{};

  bool knows(Source source) const { return (has >> static_cast<unsigned>(source) & 1u) != 0; }
  double of(Source source) const { return static_cast<double>(mean[static_cast<std::size_t>(source)]); }
};

inline constexpr Millis kBucket = 5 * kMinute;

/// Gathers rows into buckets. A bucket is complete when a row of a later one comes.
class BucketBuilder {
 public:
  std::optional<Bucket> add(const Slots& slots, const Inputs& inputs, const Row& row);
  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  Bucket finish();

  std::int64_t index_{-1};
  std::int64_t previous_{-1};  ///< index of the last bucket with rows
  std::int32_t day_{};
  std::uint64_t profile_{};
  Millis awake_since_{};
  std::uint32_t rows_{};
  std::array<double, kSources> sums_{};
  std::array<std::uint32_t, kSources> counts_{};
  float least_fan_{}, most_fan_{}, most_cpu_{};
};

}  // namespace hale::rules::cooling
