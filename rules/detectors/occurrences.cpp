#include "rules/detectors/occurrences.hpp"

#include <algorithm>

namespace hale::rules {

void Occurrences::add(std::int32_t bucket, double amount) {
  if (buckets_.empty() || buckets_.back().id < bucket) {
    if (buckets_.size() == buckets_.capacity()) buckets_.reserve(std::max<std::size_t>(4, buckets_.size() * 3 / 2));
    buckets_.push_back({bucket, static_cast<float>(amount)});
  } else {
    // The local day may step back by one when the PC travels: it counts as the latest.
    buckets_.back().amount += static_cast<float>(amount);
  }
}

void Occurrences::forget_before(std::int32_t first) {
  const auto keep =
      std::find_if(buckets_.begin(), buckets_.end(), [first](const Bucket& bucket) { return bucket.id >= first; });
  if (keep == buckets_.begin()) return;
  buckets_.erase(buckets_.begin(), keep);
  if (buckets_.empty()) buckets_ = {};
}

void Occurrences::drop(std::int32_t bucket) {
  std::erase_if(buckets_, [bucket](const Bucket& candidate) { return candidate.id == bucket; });
}

double Occurrences::total() const {
  double sum = 0;
  for (const Bucket& bucket : buckets_) sum += static_cast<double>(bucket.amount);
  return sum;
}

double Occurrences::largest() const {
  double most = 0;
  for (const Bucket& bucket : buckets_) most = std::max(most, static_cast<double>(bucket.amount));
  return most;
}

int Occurrences::buckets_with(double at_least) const {
  return static_cast<int>(std::count_if(buckets_.begin(), buckets_.end(), [&](const Bucket& bucket) {
    return static_cast<double>(bucket.amount) >= at_least;
  }));
}

void Occurrences::save(StateWriter& writer) const {
  writer.number(static_cast<std::uint32_t>(buckets_.size()));
  for (const Bucket& bucket : buckets_) {
    writer.number(bucket.id);
    writer.number(bucket.amount);
  }
}

void Occurrences::restore(StateReader& reader) {
  buckets_.resize(reader.count(sizeof(std::int32_t) + sizeof(float)));
  for (Bucket& bucket : buckets_) {
    reader.number(bucket.id);
    reader.number(bucket.amount);
  }
}

}  // namespace hale::rules
