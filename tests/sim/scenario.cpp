#include "tests/sim/scenario.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/sim/stresses.hpp"

namespace hale::sim {
namespace {

constexpr std::array<std::string_view, kCases> kNames{
    "dust",         "dusty_at_install", "paste",       "worn_fan",   "stalling_fan", "dead_fan",
    "blocked_vent", "healthy",          "hot_summer",  "heat_wave",  "new_game",     "sunny_desk",
    "sensor_swap",  "fan_curve",        "power_limit", "os_upgrade", "dock",         "air_conditioning",
    "holiday",      "cooling_pad",      "profile",     "undervolt",  "absence",      "clock_jump",
    "fan_replaced", "paste_replaced",   "hour_a_week"};

/// How often each case is drawn, in parts of the whole: every fault and every stress often enough to be counted.
constexpr std::array<double, kCases> kWeights{120, 40, 60, 60, 30, 50, 55, 60, 35, 22, 22, 18, 22, 22,
                                              18,  18, 14, 14, 14, 18, 18, 14, 14, 10, 12, 12, 16};

template <typename T, std::size_t N>
T pick(const std::array<double, N>& weights, Random& random) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  double left = random.uniform() * sum;
  std::size_t i = 0;
  while (i + 1 < N && (left -= weights[i]) >= 0) ++i;
  return static_cast<T>(i);
}

template <typename T>
std::optional<T> parse(std::string_view text, int count) {
  for (int i = 0; i < count; ++i) {
    if (to_string(static_cast<T>(i)) == text) return static_cast<T>(i);
  }
  return std::nullopt;
}

MachineClass draw_class(Case what, Random& random) {
  // thin, gaming, tower_gpu, tower, mini, passive
  std::array<double, kMachineClasses> weights{30, 32, 12, 12, 10, 4};
  const bool portable = what == Case::dock || what == Case::cooling_pad;
  if (portable) weights = {60, 40, 0, 0, 0, 0};
  // A fanless PC has no fan to fail and hardly any way to dust up.
  if (is_fault(what) || what == Case::fan_curve || what == Case::fan_replaced) weights[5] = 0;
  return pick<MachineClass>(weights, random);
}

Tier draw_tier(MachineClass kind, Random& random) {
  if (kind == MachineClass::passive) return pick<Tier>(std::array<double, kTiers>{0, 0, 50, 0, 50}, random);
  // Without a GPU the first tier leaves the thermal zone alone.
  const double windows = kind == MachineClass::gaming ? 50 : kind == MachineClass::tower_gpu ? 35 : 22;
  return pick<Tier>(std::array<double, kTiers>{windows, 25, 12, 12, 16}, random);
}

void draw_fault(Scenario& scenario, Random& random) {
  FaultPlan& fault = scenario.fault;
  const int days = scenario.days;
  fault.growth = static_cast<Growth>(random.whole(0, 2));
  fault.onset = random.whole(0, 45);
  switch (scenario.what) {
    case Case::dust:
    case Case::dusty_at_install:
      fault.kind = Fault::dust;
      // A PC that dusts up while Hale still learns is one that was dusty when it came.
      if (scenario.what == Case::dust) fault.onset = random.whole(20, 90);
      fault.serious_after = random.log_between(30, 730);  // 1-24 months
      // Cleaning reports: x1.1 to x3 (88 to 44 Cel, 74 to 54, over 100 to 60; sources in the rules' references).
      fault.serious = random.log_between(1.3, 2.6);
      fault.fouling_share = random.between(0.1, 0.9);
      if (scenario.what == Case::dusty_at_install) {
        fault.before = random.between(0.35, 1.1);
        if (random.chance(0.4)) fault.serious_after *= 4;
      }
      if (random.chance(0.3)) fault.cleaned = random.whole(days / 2, days - 10);
      break;
    case Case::paste:
      fault.kind = Fault::paste;
      fault.serious_after = random.log_between(40, 500);
      fault.serious = random.log_between(1.18, 1.7);
      if (random.chance(0.2)) fault.cleaned = random.whole(2 * days / 3, days - 10);
      break;
    case Case::worn_fan:
      fault.kind = Fault::worn_fan;
      fault.onset = random.whole(20, 60);
      fault.serious_after = random.log_between(25, 220);
      fault.serious = random.between(0.55, 0.82);  // makers call 0.9, 0.8 or 0.7 of the first speed the end of life
      fault.noise = random.between(0, 0.04);
      break;
    case Case::stalling_fan:
      fault.kind = Fault::stalling_fan;
      fault.onset = random.whole(20, days / 2);
      fault.serious_after = random.between(10, 60);
      fault.stalls_per_hour = random.log_between(0.08, 1.2);
      fault.noise = random.between(0, 0.04);
      break;
    case Case::dead_fan:
      fault.kind = Fault::dead_fan;
      fault.onset = random.whole(20, days - 20);
      break;
    case Case::blocked_vent:
      fault.kind = Fault::blocked_vent;
      fault.onset = random.whole(20, days / 2);
      fault.blocked_flow = random.between(0.12, 0.42);
      fault.covered = random.between(0.2, 0.6);
      // Towers are pushed against a wall or a curtain; laptops are taken to bed.
      if (!scenario.machine.has_battery || random.chance(0.2))
        fault.blocked_until = fault.onset + random.whole(3, 60);
      else
        scenario.habits.bed_share = random.between(0.4, 0.95);
      break;
    default:
      break;
  }
}

}  // namespace

std::string_view to_string(Case what) { return kNames[static_cast<std::size_t>(what)]; }
std::optional<Case> parse_case(std::string_view text) { return parse<Case>(text, kCases); }
std::optional<MachineClass> parse_class(std::string_view text) { return parse<MachineClass>(text, kMachineClasses); }
std::optional<Tier> parse_tier(std::string_view text) { return parse<Tier>(text, kTiers); }

Scenario draw_scenario(std::uint64_t seed, const Request& request) {
  Random random(seed, Stream::scenario);
  Scenario scenario;
  scenario.seed = seed;
  const auto drawn = pick<Case>(kWeights, random);
  scenario.what = request.what.value_or(drawn);
  const MachineClass kind = draw_class(scenario.what, random);
  Random machine(seed, Stream::machine);
  scenario.machine = draw_machine(request.kind.value_or(kind), machine);
  scenario.days = request.days > 0 ? request.days : random.whole(120, 365);
  const Tier tier = draw_tier(scenario.machine.kind, random);
  scenario.sensors = draw_sensors(scenario.machine, request.tier.value_or(tier), machine);
  Random habits(seed, Stream::habits);
  scenario.habits = draw_habits(scenario.machine, habits);
  Random climate(seed, Stream::climate);
  scenario.climate = draw_climate(climate);
  scenario.utc_offset = random.whole(-8, 11);
  draw_everyday(scenario, random);
  if (is_fault(scenario.what))
    draw_fault(scenario, random);
  else
    draw_stress(scenario, random);
  // 2025-01-01 and the day of the year that the climate begins with.
  scenario.start_unix =
      1'735'689'600 + 86'400LL * scenario.climate.start_of_year - static_cast<std::int64_t>(3600 * scenario.utc_offset);
  return scenario;
}

bool Scenario::setup_changes(int day) const {
  return std::any_of(changes.begin(), changes.end(),
                     [&](const Change& change) { return change.from == day || change.to == day; });
}

Setup Scenario::setup_on(int day) const {
  Setup setup;
  setup.curve = machine.fan.curve;
  if (sensors.profile_shown) setup.profile = "balanced";
  for (const Change& change : changes) {
    if (day < change.from || day >= change.to) continue;
    switch (change.kind) {
      case Change::Kind::curve:
        setup.curve = change.curve;
        break;
      case Change::Kind::power:
        setup.power.limit *= change.size;
        break;
      case Change::Kind::voltage:
        setup.power.voltage *= change.size;
        break;
      case Change::Kind::pad:
        setup.pad = change.size;
        break;
      case Change::Kind::dock:
        setup.dock = change.size;
        break;
      case Change::Kind::fan:
        setup.fan_speed = change.size;
        break;
      case Change::Kind::paste:
        setup.paste = change.size;
        break;
      case Change::Kind::os:
        setup.os_build = change.text;
        break;
      case Change::Kind::bios:
        setup.bios = change.text;
        break;
      case Change::Kind::profile:
        setup.curve = change.curve;
        setup.power.limit *= change.size;
        if (sensors.profile_shown) setup.profile = change.text;
        break;
    }
  }
  return setup;
}

Scenario Scenario::twin() const {
  Scenario healthy = *this;
  healthy.fault = {};
  return healthy;
}

}  // namespace hale::sim
