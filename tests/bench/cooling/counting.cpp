#include "tests/bench/cooling/counting.hpp"

#include <algorithm>
#include <map>

namespace hale::bench {
namespace {

using sim::Fault;

constexpr int kRepeatDays = 30;
constexpr double kDusty = 1.03;

double resistance_on(const Judged& machine, int day) {
  const auto& days = machine.truth.days;
  if (day < 0 || days.empty()) return 1;
  return days[std::min(static_cast<std::size_t>(day), days.size() - 1)].resistance;
}

bool is_there(const Judged& machine, int day) {
  if (machine.fault.kind == Fault::none) return false;
  // What was there before Hale is there from the first day, though "found" still waits for 3 % above that day.
  if (machine.fault.kind == Fault::dust)
    return resistance_on(machine, day) >= kDusty ||
           machine.truth.installed_ratio * resistance_on(machine, day) >= kDusty;
  return day >= machine.fault.onset;
}

int minutes_after(const Judged& machine, int day) {
  int sum = 0;
  for (std::size_t i = static_cast<std::size_t>(std::max(0, day)); i < machine.truth.days.size(); ++i)
    sum += machine.truth.days[i].minutes_on;
  return sum;
}

double highest(const Judged& machine) {
  double most = 0;
  for (const sim::Day& day : machine.truth.days) most = std::max(most, day.resistance);
  return most;
}

int days_with_stalls(const Judged& machine) {
  std::map<std::int64_t, int> minutes;
  for (const sim::Episode& one : machine.truth.episodes)
    minutes[(one.from_ms - machine.truth.start_ms) / 86'400'000] +=
        static_cast<int>((one.to_ms - one.from_ms) / 60'000);
  return static_cast<int>(
      std::count_if(minutes.begin(), minutes.end(), [](const auto& day) { return day.second >= 5; }));
}

int blocked_minutes(const Judged& machine) {
  std::int64_t sum = 0;
  for (const sim::Episode& one : machine.truth.episodes) sum += one.to_ms - one.from_ms;
  return static_cast<int>(sum / 60'000);
}

}  // namespace

bool is_cooling_alarm(const Finding& finding) {
  return finding.state == FindingState::active && finding.severity >= Severity::warning &&
         finding.rule.starts_with("cooling.");
}

std::vector<Alarm> counted(const std::vector<Alarm>& alarms) {
  std::vector<Alarm> out;
  std::map<Cause, int> last;
  for (const Alarm& alarm : alarms) {
    const auto before = last.find(alarm.cause);
    if (before != last.end() && alarm.day - before->second < kRepeatDays) continue;
    last[alarm.cause] = alarm.day;
    out.push_back(alarm);
  }
  return out;
}

bool names_fault(const Judged& machine, Cause cause) {
  if (machine.fault.kind == Fault::none) return false;
  if (cause == Cause::cooling_degraded) return !machine.shows_fan;
  switch (machine.fault.kind) {
    case Fault::dust:
      return cause == Cause::dust;
    case Fault::paste:
      return cause == Cause::thermal_interface;
    case Fault::worn_fan:
      return cause == Cause::fan_worn;
    case Fault::stalling_fan:
      return cause == Cause::fan_failed || cause == Cause::fan_worn;
    case Fault::dead_fan:
      return cause == Cause::fan_failed;
    case Fault::blocked_vent:
      return cause == Cause::vent_blocked;
    default:
      return false;
  }
}

bool is_right(const Judged& machine, const Alarm& alarm) {
  if (alarm.cause == Cause::thermal_shutdown) {  // it says only that it happened
    const auto& days = machine.truth.days;
    const auto day = static_cast<std::size_t>(std::max(0, alarm.day));
    for (std::size_t i = day > 1 ? day - 2 : 0; i <= day && i < days.size(); ++i) {
      if (days[i].trips > 0) return true;
    }
    return false;
  }
  if (!is_there(machine, alarm.day)) return false;
  // That cooling is worse than it was is true of every fault, also where a fan speed could have told more.
  return alarm.cause == Cause::cooling_degraded || names_fault(machine, alarm.cause);
}

std::optional<int> day_found(const Judged& machine) {
  for (const Alarm& alarm : machine.alarms) {
    if (!names_fault(machine, alarm.cause)) continue;
    const bool now = machine.fault.kind == Fault::dust ? resistance_on(machine, alarm.day) >= kDusty
                                                       : alarm.day >= machine.fault.onset;
    if (now) return alarm.day;
  }
  return std::nullopt;
}

bool is_material(const Judged& machine) {
  switch (machine.fault.kind) {
    case Fault::dust:
    case Fault::paste:
      return highest(machine) >= 1.15;
    case Fault::worn_fan:
      return std::any_of(machine.truth.days.begin(), machine.truth.days.end(),
                         [](const sim::Day& day) { return day.minutes_on > 0 && day.fan_speed <= 0.88; });
    case Fault::stalling_fan:
      return days_with_stalls(machine) >= 3;
    case Fault::dead_fan:
      return minutes_after(machine, machine.fault.onset) >= 60;
    case Fault::blocked_vent:
      return blocked_minutes(machine) >= 60;
    default:
      return false;
  }
}

bool called_dust(const Judged& machine) {
  return machine.fault.kind != Fault::dust &&
         std::any_of(machine.alarms.begin(), machine.alarms.end(),
                     [](const Alarm& alarm) { return alarm.cause == Cause::dust; });
}

}  // namespace hale::bench
