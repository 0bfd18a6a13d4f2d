#include "rules/detectors/cooling/bucket.hpp"

#include <algorithm>

namespace hale::rules::cooling {
namespace {
constexpr std::size_t kFan = static_cast<std::size_t>(Source::fan_speed);
constexpr std::size_t kCpu = static_cast<std::size_t>(Source::cpu_temperature);
}  // namespace

Bucket BucketBuilder::finish() {
  Bucket bucket;
  bucket.start = index_ * kBucket;
  bucket.day = day_;
  bucket.profile = profile_;
  bucket.rows = rows_;
  bucket.contiguous = previous_ + 1 == index_ && awake_since_ < bucket.start;
  for (std::size_t i = 0; i < kSources; ++i) {
    if (counts_[i] == 0) continue;
    bucket.has |= 1u << i;
    bucket.mean[i] = static_cast<float>(sums_[i] / counts_[i]);
  }
  bucket.least_fan = least_fan_;
  bucket.most_fan = most_fan_;
  bucket.most_cpu = most_cpu_;
  previous_ = index_;
  return bucket;
}

std::optional<Bucket> BucketBuilder::add(const Slots& slots, const Inputs& inputs, const Row& row) {
  const std::int64_t index = row.time / kBucket;
  std::optional<Bucket> complete;
  if (index != index_) {
    if (rows_ > 0) complete = finish();
    index_ = index;
    rows_ = 0;
    sums_ = {};
    counts_ = {};
    awake_since_ = row.awake_since;
  }
  day_ = row.day;
  profile_ = row.context.profile;
  for (std::size_t i = 0; i < kSources; ++i) {
    if (slots[i] == kNoSlot || !inputs.has(slots[i])) continue;
    const double value = inputs.values[slots[i]];
    if (i == kFan) {
      least_fan_ = counts_[i] == 0 ? static_cast<float>(value) : std::min(least_fan_, static_cast<float>(value));
      most_fan_ = counts_[i] == 0 ? static_cast<float>(value) : std::max(most_fan_, static_cast<float>(value));
    }
    if (i == kCpu)
      most_cpu_ = counts_[i] == 0 ? static_cast<float>(value) : std::max(most_cpu_, static_cast<float>(value));
    sums_[i] += value;
    ++counts_[i];
  }
  ++rows_;
  return complete;
}

void BucketBuilder::save(StateWriter& writer) const {
  writer.number(index_);
  writer.number(previous_);
  writer.number(day_);
  writer.number(profile_);
  writer.number(awake_since_);
  writer.number(rows_);
  for (std::size_t i = 0; i < kSources; ++i) {
    writer.number(sums_[i]);
    writer.number(counts_[i]);
  }
  writer.number(least_fan_);
  writer.number(most_fan_);
  writer.number(most_cpu_);
}

void BucketBuilder::restore(StateReader& reader) {
  reader.number(index_);
  reader.number(previous_);
  reader.number(day_);
  reader.number(profile_);
  reader.number(awake_since_);
  reader.number(rows_);
  for (std::size_t i = 0; i < kSources; ++i) {
    reader.number(sums_[i]);
    reader.number(counts_[i]);
  }
  reader.number(least_fan_);
  reader.number(most_fan_);
  reader.number(most_cpu_);
}

}  // namespace hale::rules::cooling
