#include "tests/sim/truth.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace hale::sim {
namespace {

constexpr double kMinuteMs = 60'000;

std::vector<Day> live(const Scenario& scenario) {
  Simulation simulation(scenario);
  simulation.run_unseen();
  return simulation.days();
}

std::optional<int> first_above(const std::vector<Day>& days, double ratio) {
  for (std::size_t i = 0; i < days.size(); ++i) {
    if (days[i].resistance >= ratio) return static_cast<int>(i);
  }
  return std::nullopt;
}

nlohmann::json or_null(const std::optional<int>& day) { return day ? nlohmann::json(*day) : nlohmann::json(); }

nlohmann::json series(const std::vector<Day>& days, double (*value)(const Day&)) {
  auto out = nlohmann::json::array();
  for (const Day& day : days) out.push_back(std::round(value(day) * 1e4) / 1e4);
  return out;
}

nlohmann::json changes_of(const Scenario& scenario) {
  constexpr std::array<const char*, 10> names{"fan_curve", "power_limit", "voltage", "cooling_pad", "dock",
                                              "fan",       "paste",       "os",      "bios",        "profile"};
  auto out = nlohmann::json::array();
  for (const Change& change : scenario.changes) {
    if (change.from >= scenario.days) continue;
    out.push_back({{"what", names[static_cast<std::size_t>(change.kind)]},
                   {"from", change.from},
                   {"to", std::min(change.to, scenario.days)},
                   {"size", change.size},
                   {"text", change.text}});
  }
  return out;
}

}  // namespace

std::optional<int> harm_day(const std::vector<Day>& lived, const std::vector<Day>& twin) {
  std::vector<int> slowed;
  for (std::size_t i = 0; i < lived.size() && i < twin.size(); ++i) {
    const int day = static_cast<int>(i);
    if (lived[i].trips > twin[i].trips) return day;
    const double more = lived[i].throttled_ms - twin[i].throttled_ms;
    if (more < 10 * kMinuteMs || lived[i].throttled_ms < 2 * twin[i].throttled_ms) continue;
    slowed.push_back(day);
    if (slowed.size() >= 3 && day - slowed[slowed.size() - 3] < 14) return day;
  }
  return std::nullopt;
}

Truth truth_of(const Scenario& scenario, const Simulation& lived) {
  Truth truth;
  truth.days = lived.days();
  truth.episodes = lived.episodes();
  truth.installed_ratio = lived.installed_ratio();
  truth.clean_resistance = lived.clean_resistance();
  truth.start_ms = 1000 * scenario.start_unix;
  if (scenario.fault.kind == Fault::none) return truth;
  truth.onset = scenario.fault.onset;
  truth.twin = live(scenario.twin());
  truth.harm = harm_day(truth.days, truth.twin);
  truth.above_3 = first_above(truth.days, 1.03);
  truth.above_15 = first_above(truth.days, 1.15);
  return truth;
}

Truth truth_of(const Scenario& scenario) {
  Simulation simulation(scenario);
  simulation.run_unseen();
  return truth_of(scenario, simulation);
}

std::string to_json(const Scenario& scenario, const Truth& truth) {
  using nlohmann::json;
  const FaultPlan& fault = scenario.fault;
  auto episodes = json::array();
  for (const Episode& episode : truth.episodes) episodes.push_back({episode.from_ms / 1000, episode.to_ms / 1000});
  const json out{
      {"seed", scenario.seed},
      {"device", "sim-" + std::to_string(scenario.seed)},
      {"case", to_string(scenario.what)},
      {"class", to_string(scenario.machine.kind)},
      {"tier", to_string(scenario.sensors.tier)},
      {"days", scenario.days},
      {"start", scenario.start_unix},
      {"utc_offset", scenario.utc_offset},
      {"fault", to_string(fault.kind)},
      {"onset_day", or_null(truth.onset)},
      {"growth", to_string(fault.growth)},
      {"serious_after_days", fault.serious_after},
      {"cleaned_day", fault.cleaned < 0 ? json() : json(fault.cleaned)},
      {"installed_ratio", truth.installed_ratio},
      {"clean_resistance", truth.clean_resistance},
      {"day_above_3_percent", or_null(truth.above_3)},
      {"day_above_15_percent", or_null(truth.above_15)},
      {"harm_day", or_null(truth.harm)},
      {"resistance", series(truth.days, [](const Day& day) { return day.resistance; })},
      {"throttled_minutes", series(truth.days, [](const Day& day) { return day.throttled_ms / kMinuteMs; })},
      {"twin_throttled_minutes", series(truth.twin, [](const Day& day) { return day.throttled_ms / kMinuteMs; })},
      {"heat_shutdowns", series(truth.days, [](const Day& day) { return static_cast<double>(day.trips); })},
      {"minutes_on", series(truth.days, [](const Day& day) { return static_cast<double>(day.minutes_on); })},
      {"hottest", series(truth.days, [](const Day& day) { return day.hottest; })},
      {"episodes", episodes},
      {"changes", changes_of(scenario)}};
  return out.dump(1) + "\n";
}

}  // namespace hale::sim
