#include "tests/bench/cooling/summary.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace hale::bench {
namespace {

using sim::Fault;

void count(Share& share, bool hit) {
  ++share.of;
  share.hits += hit ? 1 : 0;
}

/// Named at any time, at least as degraded.
bool is_named(const Judged& machine) {
  return std::any_of(machine.alarms.begin(), machine.alarms.end(), [](const Alarm& alarm) {
    return alarm.cause == Cause::dust || alarm.cause == Cause::cooling_degraded;
  });
}

void add_dust(Summary& summary, const Judged& machine) {
  const auto found = day_found(machine);
  const auto& truth = machine.truth;
  // Who was harmed before resistance rose by 3 % cannot be found in time as this is counted, and is counted apart.
  const bool findable = truth.harm && truth.above_3 && *truth.above_3 <= *truth.harm;
  if (findable) count(summary.dust_before_harm, found && *found <= *truth.harm);
  if (truth.harm && !findable) count(summary.dust_harmed_at_once, is_named(machine));
  if (!truth.above_15) return;
  count(summary.dust_15, found.has_value());
  if (found) summary.dust_delay.push_back(*found - *truth.above_15);
}

void add_fault(Summary& summary, const Judged& machine) {
  Share* share = nullptr;
  switch (machine.fault.kind) {
    case Fault::dust:
      return add_dust(summary, machine);
    case Fault::dead_fan:
      share = &summary.dead_fan;
      break;
    case Fault::worn_fan:
      share = &summary.worn_fan;
      break;
    case Fault::stalling_fan:
      share = &summary.stalling_fan;
      break;
    case Fault::blocked_vent:
      share = &summary.blocked_vent;
      break;
    case Fault::paste:
      share = &summary.paste;
      break;
    default:
      return;
  }
  if (is_material(machine)) count(*share, day_found(machine).has_value());
  count(summary.called_dust, called_dust(machine));
  if (machine.fault.kind != Fault::paste) count(summary.fans_and_vents_called_dust, called_dust(machine));
}

void add_healthy(Summary& summary, const Judged& machine, double years) {
  const auto alarms = counted(machine.alarms);
  summary.false_dust.years += years;
  summary.false_cooling.years += years;
  for (const Alarm& alarm : alarms) {
    if (alarm.cause == Cause::dust) ++summary.false_dust.events;
    ++summary.false_cooling.events;
  }
  count(summary.healthy_alarmed, !alarms.empty());
  summary.notifications_healthy.events += machine.notifications;
  summary.notifications_healthy.years += years;
}

}  // namespace

Machines pick(const std::vector<Judged>& fleet, const std::function<bool(const Judged&)>& wanted) {
  Machines out;
  for (const Judged& machine : fleet) {
    if (wanted(machine)) out.push_back(&machine);
  }
  return out;
}

Summary summarize(const Machines& machines) {
  Summary summary;
  for (const Judged* machine : machines) {
    const double years = machine->days / 365.25;
    ++summary.machines;
    summary.years += years;
    summary.notifications.events += machine->notifications;
    summary.notifications.years += years;
    if (machine->fault.kind == Fault::none)
      add_healthy(summary, *machine, years);
    else
      add_fault(summary, *machine);
  }
  return summary;
}

std::vector<Bin> reliability(const std::vector<Judged>& fleet) {
  constexpr std::array<double, 9> edges{0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0001};
  std::vector<Bin> bins;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) bins.push_back({edges[i], edges[i + 1], {}, 0});
  for (const Judged& machine : fleet) {
    for (const Alarm& alarm : counted(machine.alarms)) {
      for (Bin& bin : bins) {
        if (alarm.confidence < bin.low || alarm.confidence >= bin.high) continue;
        count(bin.right, is_right(machine, alarm));
        bin.said += alarm.confidence;
      }
    }
  }
  return bins;
}

std::map<std::string, std::map<std::string, int>> misattribution(const std::vector<Judged>& fleet) {
  std::map<std::string, std::map<std::string, int>> matrix;
  for (const Judged& machine : fleet) {
    auto& row = matrix[std::string(sim::to_string(machine.fault.kind))];
    ++row["machines"];
    std::set<Cause> heard;
    for (const Alarm& alarm : machine.alarms) heard.insert(alarm.cause);
    for (const Cause cause : heard) ++row[std::string(to_string(cause))];
    if (heard.empty()) ++row["nothing"];
  }
  return matrix;
}

Share episodes_named_same_day(const Machines& machines) {
  constexpr std::int64_t kDay = 86'400'000, kLong = 20 * 60'000;
  Share share;
  for (const Judged* machine : machines) {
    if (machine->fault.kind != Fault::blocked_vent) continue;
    std::set<std::int64_t> days;
    for (const sim::Episode& one : machine->truth.episodes) {
      if (one.to_ms - one.from_ms >= kLong) days.insert((one.from_ms - machine->truth.start_ms) / kDay);
    }
    for (const std::int64_t day : days) {
      // An alarm that already stands is not raised again.
      count(share, std::any_of(machine->alarms.begin(), machine->alarms.end(), [&](const Alarm& alarm) {
              return alarm.day == day && names_fault(*machine, alarm.cause);
            }));
    }
  }
  return share;
}

}  // namespace hale::bench
