#include "tests/bench/cooling/tables.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/bench/cooling/statistics.hpp"

namespace hale::bench {
namespace {

std::string say(const Share& share) {
  if (share.of == 0) return "-";
  const Interval i = wilson(share.hits, share.of);
  return fmt::format("{:.0f} % ({:.0f}-{:.0f}) of {}", 100.0 * share.hits / share.of, 100 * i.low, 100 * i.high,
                     share.of);
}

std::string say(const Rate& rate) {
  if (rate.years <= 0) return "-";
  const Interval i = poisson(rate.events);
  return fmt::format("{:.3f} ({:.3f}-{:.3f})", rate.events / rate.years, i.low / rate.years, i.high / rate.years);
}

std::string say_days(const std::vector<double>& days) {
  const auto middle = median(days);
  return middle ? fmt::format("{:+.0f} d", *middle) : "-";
}

std::string row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += " " + cell + " |";
  return out + "\n";
}

std::string head(const std::vector<std::string>& cells) {
  return row(cells) + "|" + [&] {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) line += "---|";
    return line + "\n";
  }();
}

std::string accuracy_row(const std::string& name, const Machines& machines) {
  const Summary s = summarize(machines);
  return row({name, std::to_string(s.machines), say(s.dust_before_harm), say(s.dust_15), say_days(s.dust_delay),
              say(s.false_dust), say(s.false_cooling), say(s.dead_fan), say(s.worn_fan), say(s.blocked_vent),
              say(s.paste), say(s.fans_and_vents_called_dust), say(s.notifications)});
}

std::vector<std::string> accuracy_head(const std::string& first) {
  return {first,
          "machines",
          "dust named before harm",
          "+15 % found",
          "median day found",
          "false dust alarms per healthy device-year",
          "all false cooling alarms per healthy device-year",
          "dead fan found",
          "worn fan found",
          "blocked vent found",
          "paste found",
          "dead, worn, stalling fan, blocked vent called dust",
          "notifications per device-year"};
}

std::string accuracy(const std::vector<Judged>& fleet) {
  std::string out = head(accuracy_head("evidence"));
  out += accuracy_row("all", pick(fleet, [](const Judged&) { return true; }));
  for (int tier = 0; tier < sim::kTiers; ++tier) {
    const auto which = static_cast<sim::Tier>(tier);
    out += accuracy_row(std::string(sim::describe(which)),
                        pick(fleet, [&](const Judged& one) { return one.tier == which; }));
  }
  out += "\n" + head(accuracy_head("class"));
  for (int kind = 0; kind < sim::kMachineClasses; ++kind) {
    const auto which = static_cast<sim::MachineClass>(kind);
    out += accuracy_row(std::string(sim::to_string(which)),
                        pick(fleet, [&](const Judged& one) { return one.kind == which; }));
  }
  return out;
}

std::string faults(const std::vector<Judged>& fleet) {
  std::string out = head({"fault", "machines", "found", "material", "of these found", "named before harm",
                          "median day found", "any cooling alarm after its begin", "called dust"});
  for (int i = 0; i <= static_cast<int>(sim::Case::blocked_vent); ++i) {
    const auto what = static_cast<sim::Case>(i);
    const Machines machines = pick(fleet, [&](const Judged& one) { return one.what == what; });
    Share found, material, any, dust;
    std::vector<double> delay;
    for (const Judged* one : machines) {
      const auto day = day_found(*one);
      const int onset = one->truth.onset.value_or(0);
      const int from = one->fault.kind == sim::Fault::dust || one->fault.kind == sim::Fault::paste
                           ? one->truth.above_15.value_or(-1)
                           : onset;
      ++found.of, found.hits += day.has_value();
      if (is_material(*one)) ++material.of, material.hits += day.has_value();
      ++any.of, any.hits += std::any_of(one->alarms.begin(), one->alarms.end(),
                                        [&](const Alarm& alarm) { return alarm.day >= onset; });
      ++dust.of, dust.hits += called_dust(*one);
      if (day && from >= 0) delay.push_back(*day - from);
    }
    out += row({std::string(sim::to_string(what)), std::to_string(machines.size()), say(found),
                std::to_string(material.of), say(material), say(summarize(machines).dust_before_harm), say_days(delay),
                say(any), say(dust)});
  }
  const Share at_once = summarize(pick(fleet, [](const Judged&) { return true; })).dust_harmed_at_once;
  out += fmt::format(
      "\nDusty PCs that came to harm before resistance rose by 3 % (dusty at installation) are not in \"before harm\"; "
      "told of dust or degraded cooling at any time: {}.\n",
      say(at_once));
  const Share same_day = episodes_named_same_day(pick(fleet, [](const Judged&) { return true; }));
  return out +
         fmt::format("\nDays with a vent blocked for 20 minutes or more, named on that day: {}.\n", say(same_day));
}

std::string stresses(const std::vector<Judged>& fleet) {
  std::string out =
      head({"healthy, with", "machines", "false dust alarms per device-year",
            "all false cooling alarms per device-year", "machines ever alarmed", "notifications per device-year"});
  const auto line = [&](const std::string& name, const Machines& machines) {
    const Summary s = summarize(machines);
    out += row({name, std::to_string(s.machines), say(s.false_dust), say(s.false_cooling), say(s.healthy_alarmed),
                say(s.notifications_healthy)});
  };
  line("all", pick(fleet, [](const Judged& one) { return one.fault.kind == sim::Fault::none; }));
  for (int i = static_cast<int>(sim::Case::healthy); i < sim::kCases; ++i) {
    const auto what = static_cast<sim::Case>(i);
    line(std::string(sim::to_string(what)), pick(fleet, [&](const Judged& one) { return one.what == what; }));
  }
  return out;
}

std::string matrix(const std::vector<Judged>& fleet) {
  const auto counts = misattribution(fleet);
  std::vector<std::string> columns{"machines", "nothing",          "dust",         "thermal_interface",
                                   "fan_worn", "fan_failed",       "vent_blocked", "cooling_degraded",
                                   "hot_room", "thermal_shutdown", "disk_hot"};
  std::vector<std::string> names{"true fault"};
  names.insert(names.end(), columns.begin(), columns.end());
  std::string out = head(names);
  for (int i = 0; i < 7; ++i) {
    const std::string fault(sim::to_string(static_cast<sim::Fault>(i)));
    const auto at = counts.find(fault);
    if (at == counts.end()) continue;
    std::vector<std::string> cells{fault};
    for (const std::string& column : columns) {
      const auto cell = at->second.find(column);
      cells.push_back(cell == at->second.end() ? "0" : std::to_string(cell->second));
    }
    out += row(cells);
  }
  return out;
}

std::string diagram(const std::vector<Judged>& fleet) {
  std::string out = head({"confidence said", "alarms", "mean said", "right"});
  for (const Bin& bin : reliability(fleet)) {
    if (bin.right.of == 0) continue;
    out += row({fmt::format("{:.2f}-{:.2f}", bin.low, std::min(1.0, bin.high)), std::to_string(bin.right.of),
                fmt::format("{:.2f}", bin.said / bin.right.of), say(bin.right)});
  }
  return out;
}

std::string cost(const std::vector<Judged>& fleet) {
  double seconds = 0, years = 0;
  std::uint64_t rows = 0;
  std::size_t learning = 0, settled = 0, saved = 0;
  for (const Judged& one : fleet) {
    seconds += one.cpu_seconds;
    years += one.days / 365.25;
    rows += one.rows;
    learning = std::max(learning, one.learning_bytes);
    settled = std::max(settled, one.settled_bytes);
    saved = std::max(saved, one.saved_bytes);
  }
  return head({"rows judged", "CPU per device-year", "CPU per device and day", "largest state, first 60 days", "after",
               "saved"}) +
         row({std::to_string(rows), fmt::format("{:.2f} s", seconds / years),
              fmt::format("{:.3f} ms", 1000 * seconds / years / 365.25),
              fmt::format("{:.1f} kB", static_cast<double>(learning) / 1000),
              fmt::format("{:.1f} kB", static_cast<double>(settled) / 1000),
              fmt::format("{:.1f} kB", static_cast<double>(saved) / 1000)});
}

}  // namespace

std::string cooling_tables(const std::vector<Judged>& fleet, const std::string& how) {
  double years = 0;
  for (const Judged& one : fleet) years += one.days / 365.25;
  std::string out = fmt::format(
      "{} simulated machine-histories, {:.0f} device-years, seeds {} to {}: `{}`. In brackets: 95 % intervals (Wilson; "
      "exact Poisson).\n\n",
      fleet.size(), years, fleet.front().seed, fleet.back().seed, how);
  out += accuracy(fleet);
  out += "\n### Faults\n\n" + faults(fleet);
  out += "\n### What must not alarm\n\n" + stresses(fleet);
  out += "\n### Fault against named cause (machines that ever heard it)\n\n" + matrix(fleet);
  out += "\n### Confidence against being right\n\n" + diagram(fleet);
  out += "\n### Cost of judging\n\n" + cost(fleet);
  return out;
}

std::string machines_csv(const std::vector<Judged>& fleet) {
  std::string out =
      "seed,class,tier,case,fault,days,shows_fan,shows_power,onset,above_3,above_15,harm,cleaned,installed_ratio,"
      "highest,found,material,right_alarms,wrong_alarms,notifications,alarms\n";
  const auto day = [](const std::optional<int>& one) { return one ? std::to_string(*one) : std::string(); };
  for (const Judged& one : fleet) {
    int right = 0, wrong = 0;
    std::string alarms;
    double highest = 0;
    for (const sim::Day& each : one.truth.days) highest = std::max(highest, each.resistance);
    for (const Alarm& alarm : one.alarms)
      alarms +=
          fmt::format("{}{}:{}:{:.2f}", alarms.empty() ? "" : " ", alarm.day, to_string(alarm.cause), alarm.confidence);
    for (const Alarm& alarm : counted(one.alarms)) ++(is_right(one, alarm) ? right : wrong);
    out += fmt::format("{},{},{},{},{},{},{:d},{:d},{},{},{},{},{},{:.3f},{:.3f},{},{:d},{},{},{},{}\n", one.seed,
                       sim::to_string(one.kind), sim::to_string(one.tier), sim::to_string(one.what),
                       sim::to_string(one.fault.kind), one.days, one.shows_fan, one.shows_power, day(one.truth.onset),
                       day(one.truth.above_3), day(one.truth.above_15), day(one.truth.harm),
                       one.fault.cleaned >= 0 ? std::to_string(one.fault.cleaned) : "", one.truth.installed_ratio,
                       highest, day(day_found(one)), is_material(one), right, wrong, one.notifications, alarms);
  }
  return out;
}

}  // namespace hale::bench
