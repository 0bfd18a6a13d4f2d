#include "tests/sim/faults.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace hale::sim {

std::string_view to_string(Fault fault) {
  constexpr std::array<std::string_view, 7> names{"none",         "dust",     "paste",       "worn_fan",
                                                  "stalling_fan", "dead_fan", "blocked_vent"};
  return names[static_cast<std::size_t>(fault)];
}

std::string_view to_string(Growth growth) {
  constexpr std::array<std::string_view, 3> names{"linear", "accelerating", "stepwise"};
  return names[static_cast<std::size_t>(growth)];
}

Reference reference_point(const Machine& machine) {
  Reference at;
  at.heat.cpu = 0.6 * machine.cpu.sustained;
  at.heat.gpu = machine.gpu.discrete ? machine.gpu.idle : 0;
  at.heat.other = machine.other_busy;
  at.heat.disk = machine.disk_idle;
  at.flow = 0.7;
  return at;
}

Faults::Faults(const FaultPlan& plan, const Machine& machine, std::uint64_t seed)
    : plan_(plan), slope_(machine.thermal.fan_slope), seed_(seed) {
  if (plan.growth == Growth::stepwise) {
    Random random(seed, Stream::faults, 1'000'000);
    for (int i = random.whole(4, 9); i > 0; --i) steps_.push_back(random.uniform());
  }
  calibrate(machine);
}

/// How much clogging, or which paste, makes the resistance that the plan calls serious.
void Faults::calibrate(const Machine& machine) {
  if (plan_.kind != Fault::dust && plan_.kind != Fault::paste) return;
  const Reference at = reference_point(machine);
  Network network(machine);
  network.set_wear({});
  const double clean = network.resistance(at.heat, at.flow);
  if (plan_.kind == Fault::paste) {
    paste_ = 1 + (plan_.serious - 1) * clean / machine.thermal.die_base;
    return;
  }
  double low = 0, high = 400;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    clog_ = middle * (1 - plan_.fouling_share);
    fouling_ = std::min(0.9, 1 - std::exp(-0.35 * middle * plan_.fouling_share));
    set_dust(1);
    network.set_wear(day_wear_);
    (network.resistance(at.heat, at.flow) < plan_.serious * clean ? low : high) = middle;
  }
}

void Faults::set_dust(double amount) {
  day_wear_.clog = clog_ * amount;
  day_wear_.fouling = 1 - std::pow(1 - fouling_, amount);
}

double Faults::grown(int day) const {
  if (day < plan_.onset) return plan_.before;
  const double t = (day - plan_.onset) / plan_.serious_after;
  double amount = t;
  if (plan_.growth == Growth::accelerating) amount = t * t * (t < 1 ? 1 : 1 / t);
  if (plan_.growth == Growth::stepwise) {
    amount = 0.25 * t;
    for (const double step : steps_)
      amount += std::floor(std::max(0.0, t - step + 1)) * 0.75 / static_cast<double>(steps_.size());
  }
  return plan_.before + amount * (1 - plan_.before * 0.5);
}

void Faults::begin_day(int day, double heavy_hours) {
  day_ = day;
  random_ = Random(seed_, Stream::faults, static_cast<std::uint64_t>(day));
  stall_left_ = 0;
  blocked_ = false;
  const bool repaired = plan_.cleaned >= 0 && day >= plan_.cleaned;
  progress_ = day >= plan_.onset || plan_.before > 0 ? grown(day) : 0;
  // What a cleaning leaves behind goes on growing.
  if (repaired) progress_ = plan_.kind == Fault::dust ? 0.05 + 0.7 * (day - plan_.cleaned) / plan_.serious_after : 0;
  progress_ = std::min(progress_, 1.6);
  day_wear_ = {};
  day_health_ = {};
  switch (plan_.kind) {
    case Fault::dust:
      set_dust(progress_);
      break;
    case Fault::paste:  // pumps out with heating and cooling, so with use
      if (day > plan_.onset) pumped_ += (0.4 + 0.6 * std::min(2.0, heavy_hours / 1.5)) / plan_.serious_after;
      progress_ = repaired ? 0 : std::min(1.6, pumped_);
      day_wear_.paste = 1 + (paste_ - 1) * progress_;
      break;
    case Fault::worn_fan:
      day_health_.speed = std::max(0.4, 1 - (1 - plan_.serious) * progress_);
      day_health_.extra_noise = plan_.noise * std::min(1.0, progress_);
      break;
    case Fault::dead_fan:
      day_health_.still = day >= plan_.onset && !repaired;
      break;
    case Fault::stalling_fan:
      day_health_.extra_noise = plan_.noise * std::min(1.0, progress_);
      break;
    default:
      break;
  }
  wear_ = day_wear_;
  health_ = day_health_;
}

bool Faults::begin_minute(bool running, bool in_bed) {
  const bool after = day_ >= plan_.onset && (plan_.cleaned < 0 || day_ < plan_.cleaned);
  if (plan_.kind == Fault::stalling_fan && after) {
    const bool was = stall_left_ > 0;
    const double dice = random_.uniform();
    const double rate = plan_.stalls_per_hour * (0.2 + 0.8 * std::min(1.0, progress_)) / 60;
    if (was)
      --stall_left_;
    else if (running && dice < rate)
      stall_left_ = static_cast<int>(random_.log_between(3, 45));
    health_.still = stall_left_ > 0;
    return was != health_.still;
  }
  if (plan_.kind == Fault::blocked_vent && after) {
    const bool now = plan_.blocked_until >= 0 ? day_ < plan_.blocked_until : in_bed;
    if (now == blocked_) return false;
    blocked_ = now;
    wear_ = day_wear_;
    if (now) {
      wear_.clog += (1 + slope_) * (1 / (plan_.blocked_flow * plan_.blocked_flow) - 1);
      wear_.insulation = plan_.covered;
    }
    return true;
  }
  return false;
}

}  // namespace hale::sim
