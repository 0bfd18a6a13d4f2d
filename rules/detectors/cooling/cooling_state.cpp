#include "rules/detectors/cooling/cooling_model.hpp"

/// The model's state as bytes.
namespace hale::rules::cooling {

void CoolingModel::save(StateWriter& writer) const {
  writer.number(state_ != nullptr);
  if (!state_) return;
  const State& s = *state_;
  s.builder.save(writer);
  s.room.save(writer);
  s.live.save(writer);
  cooling::save(writer, s.today);
  s.baseline.save(writer);
  s.resistance.save(writer);
  s.fan_curve.save(writer);
  s.fast_slope.save(writer);
  s.drift.save(writer);
  for (const auto profile : s.profiles) writer.number(profile);
  writer.number(s.firmware);
  writer.number(s.seen);
  for (const double value :
       {s.top_frequency, s.top_fan, s.mean_power, s.mean_gpu_load, s.cpu_limit, s.throttle_last, s.throttled_today,
        s.throttled_usual, s.fast_excess, s.fast_kelvin, s.rise, s.usual, s.still_hottest})
    writer.number(value);
  for (const std::int32_t value : {s.day, s.first_day, s.learned_days, s.blocked_buckets, s.free_buckets})
    writer.number(value);
  writer.number(s.stalled);
  writer.number(s.last_blocked);
  writer.number(s.blocked_today);
  writer.number(s.blocked_days);
  writer.number(s.hot_room);
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
  s.live.restore(reader);
  cooling::restore(reader, s.today);
  s.baseline.restore(reader);
  s.resistance.restore(reader);
  s.fan_curve.restore(reader);
  s.fast_slope.restore(reader);
  s.drift.restore(reader);
  for (auto& profile : s.profiles) reader.number(profile);
  reader.number(s.firmware);
  reader.number(s.seen);
  for (double* value :
       {&s.top_frequency, &s.top_fan, &s.mean_power, &s.mean_gpu_load, &s.cpu_limit, &s.throttle_last,
        &s.throttled_today, &s.throttled_usual, &s.fast_excess, &s.fast_kelvin, &s.rise, &s.usual, &s.still_hottest})
    reader.number(*value);
  for (std::int32_t* value : {&s.day, &s.first_day, &s.learned_days, &s.blocked_buckets, &s.free_buckets})
    reader.number(*value);
  reader.number(s.stalled);
  reader.number(s.last_blocked);
  s.blocked_today = reader.number<bool>();
  reader.number(s.blocked_days);
  s.hot_room = reader.number<bool>();
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
