#include "rules/detectors/bucket_medians.hpp"

#include <algorithm>

#include "rules/detectors/widen.hpp"

namespace hale::rules {

bool BucketMedians::add(std::int32_t bucket, double value, std::size_t keep) {
  const bool next = bucket > bucket_ && bucket_ != INT32_MIN;
  if (next) close(keep);
  if (bucket > bucket_) bucket_ = bucket;
  if (skip_ > 0) {
    --skip_;
    return next;
  }
  if (readings_.size() == kReadings) {
    for (std::size_t i = 0; i < kReadings / 2; ++i) readings_[i] = readings_[2 * i];
    readings_.resize(kReadings / 2);
    stride_ *= 2;
  }
  if (readings_.size() == readings_.capacity())
    readings_.reserve(std::min(kReadings, std::max<std::size_t>(4, readings_.size() * 2)));
  readings_.push_back(static_cast<float>(value));
  skip_ = stride_ - 1;
  return next;
}

void BucketMedians::close(std::size_t keep) {
  if (readings_.empty()) return;
  const auto middle = readings_.begin() + static_cast<std::ptrdiff_t>(readings_.size() / 2);
  std::nth_element(readings_.begin(), middle, readings_.end());
  if (complete_.size() >= keep) complete_.erase(complete_.begin());
  if (complete_.size() == complete_.capacity())
    complete_.reserve(std::min(keep, std::max<std::size_t>(8, complete_.size() * 2)));
  complete_.push_back({bucket_, *middle});
  readings_.clear();
  stride_ = 1;
  skip_ = 0;
}

std::optional<double> BucketMedians::newest() const {
  if (complete_.empty()) return {};
  return widen(complete_.back().median);
}

void BucketMedians::save(StateWriter& writer) const {
  writer.number(static_cast<std::uint32_t>(complete_.size()));
  for (const Entry& entry : complete_) {
    writer.number(entry.bucket);
    writer.number(entry.median);
  }
  writer.number(static_cast<std::uint32_t>(readings_.size()));
  for (const float reading : readings_) writer.number(reading);
  writer.number(bucket_);
  writer.number(stride_);
  writer.number(skip_);
}

void BucketMedians::restore(StateReader& reader) {
  complete_.resize(reader.count(sizeof(Entry)));
  for (Entry& entry : complete_) {
    reader.number(entry.bucket);
    reader.number(entry.median);
  }
  readings_.resize(reader.count(sizeof(float)));
  if (readings_.size() > kReadings) return reader.lose();
  for (float& reading : readings_) reader.number(reading);
  reader.number(bucket_);
  reader.number(stride_);
  reader.number(skip_);
  stride_ = std::max(stride_, 1u);
}

}  // namespace hale::rules
