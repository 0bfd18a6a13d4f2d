#include "rules/detectors/cooling/cooling_model.hpp"

#include <algorithm>
#include <cmath>

/// What the model does with each row.
namespace hale::rules::cooling {
namespace {
constexpr double kWarm = 600;  // s of uptime before the fast slope counts
}  // namespace

bool CoolingModel::observe(const Inputs& inputs, const Row& row, const OtherRules&) {
  if (!state_) {
    const auto fresh = [&](Source source) {
      const Slot slot = slots_[index_of(source)];
      return slot != kNoSlot && inputs.is_fresh(slot);
    };
    const bool heat =
        fresh(Source::cpu_temperature) || fresh(Source::gpu_temperature) || fresh(Source::board_temperature);
    const bool work =
        fresh(Source::cpu_load) || fresh(Source::cpu_power) || fresh(Source::gpu_power) || fresh(Source::gpu_load);
    if (!heat || !work) return false;
    state_ = std::make_unique<State>();
    state_->firmware = row.context.firmware;
  }
  see_row(inputs, row);
  const auto bucket = state_->builder.add(slots_, inputs, row);
  return bucket && see_bucket(*bucket);
}

void CoolingModel::see_row(const Inputs& inputs, const Row& row) {
  State& s = *state_;
  see_context(row);
  s.room.see_row(slots_, inputs, row, s.live, p_);
  see_throttling(inputs);
  const auto value = [&](Source source) -> std::optional<double> {
    const Slot slot = slots_[index_of(source)];
    if (slot == kNoSlot || !inputs.is_fresh(slot)) return {};
    return inputs.values[slot];
  };
  const auto limit_slot = slots_[index_of(Source::cpu_limit)];
  if (limit_slot != kNoSlot && inputs.has(limit_slot)) s.cpu_limit = inputs.values[limit_slot];
  const auto temperature = value(Source::cpu_temperature);
  auto power = value(Source::cpu_power);
  if (!power && !has(Source::cpu_power)) {
    const auto load = value(Source::cpu_load);
    const auto frequency = value(Source::cpu_frequency);
    if (load)
      power = 100 * *load *
              (frequency && s.top_frequency > 0
                   ? std::pow(std::min(1.0, *frequency / s.top_frequency), p_.physics.clock_exponent)
                   : 1.0);
  }
  if (!temperature || !power) return;
  const auto uptime = value(Source::uptime);
  const bool limited = s.cpu_limit > 0 && *temperature > s.cpu_limit - 3;
  s.fast_slope.see_row(row.time, *temperature, *power, !limited && uptime.value_or(kWarm + 1) > kWarm);
}

void CoolingModel::see_context(const Row& row) {
  State& s = *state_;
  const bool firmware = row.context.firmware != 0 && s.firmware != 0 && row.context.firmware != s.firmware;
  if (row.context.firmware != 0) s.firmware = row.context.firmware;
  if (!firmware) return;
  if (s.learned)
    s.drift.change(p_);
  else
    forget();
}

void CoolingModel::see_throttling(const Inputs& inputs) {
  State& s = *state_;
  const Slot slot = slots_[index_of(Source::throttle_time)];
  if (slot == kNoSlot || !inputs.is_fresh(slot)) return;
  const double now = inputs.values[slot];
  // Counted since boot: smaller than before means that it began anew.
  if (s.throttle_last >= 0) {
    const double minutes = std::min(1440.0, (now >= s.throttle_last ? now - s.throttle_last : now) / 60000);
    s.throttled_today += minutes;
    s.throttled_bucket += minutes;
  }
  s.throttle_last = now;
}

void CoolingModel::forget() {
  State& s = *state_;
  s.baseline.forget();
  s.fan_curve.forget();
  s.fast_slope.forget();
  s.learned_days = 0;
}

}  // namespace hale::rules::cooling
