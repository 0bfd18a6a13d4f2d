#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/sim/truth.hpp"

using namespace hale::sim;
using Catch::Approx;

namespace {

/// Means over the minutes of one activity, seen from inside.
struct Signature {
  double die{}, base_over_room{}, watts{}, rpm{}, spread{};
  int rows{};
};

/// Of heavy minutes between two days, at a middling load.
Signature signature(const Scenario& scenario, int from, int to) {
  Simulation simulation(scenario);
  Row row;
  Signature sum;
  while (simulation.next(row)) {
    const int day = static_cast<int>(simulation.days().size()) - 1;
    const double load = simulation.processor().watts;
    if (day < from || day >= to || load < 0.4 * scenario.machine.cpu.sustained || load > scenario.machine.cpu.sustained)
      continue;
    sum.die += simulation.processor().die - simulation.room_now();
    sum.base_over_room += simulation.network().base - simulation.room_now();
    sum.watts += load;
    sum.spread += simulation.network().die_base();
    sum.rpm += simulation.fan().command() > 0 ? simulation.fan().flow() / simulation.fan().command() : 1;
    ++sum.rows;
  }
  REQUIRE(sum.rows > 100);
  for (double* one : {&sum.die, &sum.base_over_room, &sum.watts, &sum.rpm, &sum.spread}) *one /= sum.rows;
  return sum;
}

Scenario scenario(std::uint64_t seed, Case what, MachineClass kind) {
  return draw_scenario(seed, {what, kind, Tier::full, 200});
}

/// Ends serious, whatever the seed drew.
Scenario severe(std::uint64_t seed, Case what, MachineClass kind) {
  Scenario one = scenario(seed, what, kind);
  one.fault.onset = 60;
  one.fault.serious_after = 100;
  one.fault.cleaned = -1;
  return one;
}

}  // namespace

TEST_CASE("dust raises the air side, dried paste the die's own step, a worn fan the speed at the same command") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed);
    const Scenario dust = severe(seed, Case::dust, MachineClass::thin);
    const Signature dusty = signature(dust, 160, 200), clean = signature(dust.twin(), 160, 200);
    CHECK(dusty.base_over_room / dusty.watts > 1.05 * clean.base_over_room / clean.watts);
    CHECK(dusty.spread == Approx(clean.spread));
    CHECK(dusty.rpm == Approx(clean.rpm).epsilon(0.001));

    const Scenario paste = severe(seed, Case::paste, MachineClass::thin);
    const Signature dried = signature(paste, 160, 200), fresh = signature(paste.twin(), 160, 200);
    CHECK(dried.spread > 1.1 * fresh.spread);

    const Scenario worn = severe(seed, Case::worn_fan, MachineClass::thin);
    if (worn.machine.fan.speed_controlled) continue;
    const Signature slow = signature(worn, 190, 200), fast = signature(worn.twin(), 190, 200);
    CHECK(slow.rpm < 0.9 * fast.rpm);
  }
}

TEST_CASE("a serious fault's resistance is what the plan calls serious, at the day it says") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Scenario one = severe(seed, Case::dust, seed % 2 == 0 ? MachineClass::gaming : MachineClass::tower);
    one.fault.before = 0;
    one.fault.growth = Growth::linear;
    Simulation simulation(one);
    simulation.run_unseen();
    CHECK(simulation.days()[30].resistance == Approx(1).epsilon(1e-4));
    CHECK(simulation.days()[160].resistance == Approx(one.fault.serious).epsilon(0.01));
    CHECK(simulation.days()[199].resistance > simulation.days()[160].resistance);
  }
}

TEST_CASE("dust grows steadily, ever faster or in steps, and cleaning takes it away at a known day") {
  Scenario one = severe(4, Case::dust, MachineClass::thin);
  one.fault.before = 0;
  one.fault.cleaned = 180;
  for (const Growth growth : {Growth::linear, Growth::accelerating, Growth::stepwise}) {
    one.fault.growth = growth;
    Simulation simulation(one);
    simulation.run_unseen();
    const auto& days = simulation.days();
    for (std::size_t i = 1; i < 180; ++i) CHECK(days[i].resistance >= days[i - 1].resistance - 1e-6);
    CHECK(days[180].resistance < 1 + 0.3 * (days[179].resistance - 1));
    const double half = (days[110].resistance - 1) / (days[160].resistance - 1);
    if (growth == Growth::linear) CHECK(half > 0.3);
    if (growth == Growth::accelerating) CHECK(half < 0.35);
  }
}

TEST_CASE("a machine that is dusty when Hale arrives is worse than as built from its first day") {
  const Scenario one = scenario(9, Case::dusty_at_install, MachineClass::gaming);
  Simulation simulation(one);
  Row row;
  REQUIRE(simulation.next(row));
  CHECK(simulation.installed_ratio() > 1.05);
  CHECK(simulation.days()[0].resistance == 1);
}

TEST_CASE("a dead fan stands still from its day on, a stalling one for minutes, a blocked vent while it is blocked") {
  const Scenario dead = scenario(5, Case::dead_fan, MachineClass::thin);
  Simulation simulation(dead);
  Row row;
  double before = 0, after = 0;
  while (simulation.next(row)) {
    const double rpm = row.values[static_cast<std::size_t>(Channel::fan1)];
    double& most = static_cast<int>(simulation.days().size()) - 1 < dead.fault.onset ? before : after;
    most = std::max(most, rpm);
  }
  CHECK(before > 1000);
  CHECK(after == 0);
  for (const Case what : {Case::stalling_fan, Case::blocked_vent}) {
    const Truth truth = truth_of(scenario(6, what, MachineClass::thin));
    REQUIRE_FALSE(truth.episodes.empty());
    for (const Episode& episode : truth.episodes) {
      CHECK(episode.to_ms > episode.from_ms);
      CHECK(episode.from_ms >= truth.start_ms + 86'400'000LL * *truth.onset);
    }
  }
}

TEST_CASE("harm is the third day of much more throttling than the twin within a fortnight, or a heat shutdown") {
  std::vector<Day> lived(60), twin(60);
  const auto slow = [&](std::size_t day, double minutes, double twin_minutes) {
    lived[day].throttled_ms = minutes * 60'000;
    twin[day].throttled_ms = twin_minutes * 60'000;
  };
  CHECK_FALSE(harm_day(lived, twin));
  slow(3, 11, 0);
  slow(10, 11, 0);
  slow(18, 11, 0);   // 15 days after the first
  slow(20, 30, 21);  // not ten minutes more
  slow(21, 60, 40);  // not twice as much
  CHECK_FALSE(harm_day(lived, twin));
  slow(23, 25, 12);
  CHECK(harm_day(lived, twin) == 23);
  lived[15].trips = 1;
  CHECK(harm_day(lived, twin) == 15);
  twin[15].trips = 1;
  CHECK(harm_day(lived, twin) == 23);
}
