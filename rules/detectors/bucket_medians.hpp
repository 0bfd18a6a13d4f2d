#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "rules/engine/detector.hpp"

namespace hale::rules {

/// The medians of a series over equal stretches of days, the newest `keep` of them. A stretch's median is of up to 32
/// evenly spread readings.
class BucketMedians {
 public:
  struct Entry {
    std::int32_t bucket;
    float median;
  };
  /// True when this reading began a new stretch, so that the one before is now complete.
  bool add(std::int32_t bucket, double value, std::size_t keep);
  const std::vector<Entry>& complete() const { return complete_; }
  std::optional<double> newest() const;
  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  std::size_t bytes() const { return complete_.capacity() * sizeof(Entry) + readings_.capacity() * sizeof(float); }

 private:
  static constexpr std::size_t kReadings = 32;
  void close(std::size_t keep);

  std::vector<Entry> complete_;
  std::vector<float> readings_;
  std::int32_t bucket_{INT32_MIN};
  std::uint32_t stride_{1};
  std::uint32_t skip_{};
};

}  // namespace hale::rules
