#include "rules/detectors/cooling/room.hpp"

#include <algorithm>

namespace hale::rules::cooling {
namespace {

constexpr Millis kColdAfter = 4 * kHour;  // off so long, everything inside has come close to the room
constexpr double kAnchorGain = 0.8;
constexpr double kIdleGain = 0.12;
constexpr std::uint32_t kIdleBuckets = 9;    // 45 minutes
constexpr Millis kAnchorHolds = 12 * kHour;  // so long an idle offset may be learned against it

}  // namespace

std::optional<double> Room::coolest(const Slots& slots, const Inputs& inputs) {
  std::optional<double> least;
  for (const Source source : {Source::disk_temperature, Source::battery_temperature, Source::board_temperature,
                              Source::gpu_temperature, Source::cpu_temperature}) {
    const Slot slot = slots[static_cast<std::size_t>(source)];
    if (slot == kNoSlot || !inputs.is_fresh(slot)) continue;
    const double value = inputs.values[slot];
    if (value > 0 && (!least || value < *least)) least = value;
  }
  return least;
}

std::optional<double> Room::proxy_of(const Bucket& bucket) {
  for (const Source source : {Source::disk_temperature, Source::battery_temperature, Source::board_temperature,
                              Source::gpu_temperature, Source::cpu_temperature}) {
    if (bucket.knows(source)) return bucket.of(source);
  }
  return {};
}

void Room::anchor(double proxy) {
  const double wanted = std::clamp(proxy, -10.0, 45.0);
  value_ = known_ ? value_ + kAnchorGain * (wanted - value_) : wanted;
  known_ = true;
  ++anchors_;
}

void Room::see_row(const Slots& slots, const Inputs& inputs, const Row& row) {
  const Slot uptime_slot = slots[static_cast<std::size_t>(Source::uptime)];
  const double uptime = uptime_slot != kNoSlot && inputs.is_fresh(uptime_slot) ? inputs.values[uptime_slot] : -1;
  if (last_row_ > 0 && row.awake_since == row.time) {
    // Time that passed less time that the PC was on.
    const auto passed = static_cast<double>(row.time - last_row_);
    double on = 0;
    if (uptime >= 0) on = 1000 * (last_uptime_ >= 0 && uptime >= last_uptime_ ? uptime - last_uptime_ : uptime);
    if (passed - on >= static_cast<double>(kColdAfter)) {
      if (const auto proxy = coolest(slots, inputs)) {
        anchor(*proxy);
        last_anchor_ = row.time;
      }
    }
  }
  last_row_ = row.time;
  if (uptime >= 0) last_uptime_ = uptime;
}

void Room::see_bucket(const Bucket& bucket, bool idle) {
  idle_buckets_ = idle && bucket.contiguous ? idle_buckets_ + 1 : 0;
  const auto proxy = proxy_of(bucket);
  if (!proxy || idle_buckets_ < kIdleBuckets) return;
  if (anchors_ > 0 && bucket.start - last_anchor_ < kAnchorHolds) {
    const double gain = idle_learned_ < 20 ? 1.0 / (idle_learned_ + 1) : 0.05;
    idle_offset_ += gain * (*proxy - value_ - idle_offset_);
    ++idle_learned_;
  }
  const double told = *proxy - idle_offset_;
  value_ = known_ ? value_ + kIdleGain * (told - value_) : told;
  known_ = true;
}

void Room::save(StateWriter& writer) const {
  writer.number(known_);
  writer.number(value_);
  writer.number(anchors_);
  writer.number(last_row_);
  writer.number(last_uptime_);
  writer.number(last_anchor_);
  writer.number(idle_offset_);
  writer.number(idle_learned_);
  writer.number(idle_buckets_);
}

void Room::restore(StateReader& reader) {
  reader.number(known_);
  reader.number(value_);
  reader.number(anchors_);
  reader.number(last_row_);
  reader.number(last_uptime_);
  reader.number(last_anchor_);
  reader.number(idle_offset_);
  reader.number(idle_learned_);
  reader.number(idle_buckets_);
}

}  // namespace hale::rules::cooling
