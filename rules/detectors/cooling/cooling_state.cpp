#include "rules/detectors/cooling/cooling_model.hpp"

/// The model's state as bytes.
namespace hale::rules::cooling {

void CoolingModel::save(StateWriter& writer) const {
  writer.number(state_ != nullptr);
  if (!state_) return;
  const State& s = *state_;
  s.builder.save(writer);
  s.room.save(writer);
  for (const Channel& channel : s.channels) channel.save(writer);
  s.fan_curve.save(writer);
  s.fast_slope.save(writer);
  s.drift.save(writer);
  for (const auto profile : s.profiles) writer.number(profile);
  for (const auto value : {s.os, s.firmware}) writer.number(value);
  writer.number(s.seen);
  for (const double value : {s.top_frequency, s.top_fan, s.cpu_limit, s.near_limit, s.throttle_last, s.throttled_today,
                             s.throttled_usual, s.fast_excess, s.fast_kelvin, s.rise, s.usual, s.still_hottest})
    writer.number(value);
  for (const std::int32_t value :
       {s.day, s.first_day, s.learned_days, s.blocked_buckets, s.free_buckets, s.hot_buckets})
    writer.number(value);
  writer.number(s.stalled);
  writer.number(s.points_today);
  writer.number(s.learned);
  for (const auto count : s.own) writer.number(count);
  for (const Told& told : s.answers) {
    writer.number(told.holds);
    writer.number(told.sure);
    writer.number(told.entered);
    writer.number(told.since);
  }
}

void CoolingModel::restore(StateReader& reader) {
  state_.reset();
  if (!reader.number<bool>()) return;
  state_ = std::make_unique<State>();
  State& s = *state_;
  s.builder.restore(reader);
  s.room.restore(reader);
  for (Channel& channel : s.channels) channel.restore(reader);
  s.fan_curve.restore(reader);
  s.fast_slope.restore(reader);
  s.drift.restore(reader);
  for (auto& profile : s.profiles) reader.number(profile);
  for (auto* value : {&s.os, &s.firmware}) reader.number(*value);
  reader.number(s.seen);
  for (double* value : {&s.top_frequency, &s.top_fan, &s.cpu_limit, &s.near_limit, &s.throttle_last, &s.throttled_today,
                        &s.throttled_usual, &s.fast_excess, &s.fast_kelvin, &s.rise, &s.usual, &s.still_hottest})
    reader.number(*value);
  for (std::int32_t* value :
       {&s.day, &s.first_day, &s.learned_days, &s.blocked_buckets, &s.free_buckets, &s.hot_buckets})
    reader.number(*value);
  reader.number(s.stalled);
  reader.number(s.points_today);
  s.learned = reader.number<bool>();
  for (auto& count : s.own) reader.number(count);
  for (Told& told : s.answers) {
    told.holds = reader.number<bool>();
    reader.number(told.sure);
    reader.number(told.entered);
    reader.number(told.since);
  }
}

}  // namespace hale::rules::cooling
