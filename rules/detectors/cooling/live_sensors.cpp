#include "rules/detectors/cooling/live_sensors.hpp"

#include <cmath>

namespace hale::rules::cooling {
namespace {
constexpr float kMoves = 0.45F;  // K: sensors of 1 K steps average to less only when they stand still [own]
constexpr std::int32_t kStillDays = 2;
}  // namespace

void LiveSensors::see(const Bucket& bucket) {
  if (bucket.day != day_) {
    day_ = bucket.day;
    ++active_day_;
  }
  for (std::size_t i = 0; i < kTemperatures; ++i) {
    if (!bucket.knows(static_cast<Source>(i))) continue;
    Seen& seen = seen_[i];
    const float now = bucket.mean[i];
    if (seen.any && std::abs(now - seen.value) < kMoves) continue;
    if (seen.any) seen.moved = active_day_;
    seen.value = now;
    seen.any = true;
  }
}

bool LiveSensors::lives(Source source) const {
  const Seen& seen = seen_[static_cast<std::size_t>(source)];
  return seen.moved >= 0 && active_day_ - seen.moved <= kStillDays;
}

void LiveSensors::save(StateWriter& writer) const {
  for (const Seen& seen : seen_) {
    writer.number(seen.value);
    writer.number(seen.moved);
    writer.number(seen.any);
  }
  writer.number(day_);
  writer.number(active_day_);
}

void LiveSensors::restore(StateReader& reader) {
  for (Seen& seen : seen_) {
    reader.number(seen.value);
    reader.number(seen.moved);
    seen.any = reader.number<bool>();
  }
  reader.number(day_);
  reader.number(active_day_);
}

}  // namespace hale::rules::cooling
