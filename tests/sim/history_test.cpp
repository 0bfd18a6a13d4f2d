#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <set>

#include "tests/sim/truth.hpp"

using namespace hale::sim;

namespace {

std::size_t at(Channel channel) { return static_cast<std::size_t>(channel); }

/// Everything a history shows, folded into one number.
std::uint64_t digest(const Scenario& scenario) {
  Simulation simulation(scenario);
  Row row;
  std::uint64_t sum = 0;
  while (simulation.next(row)) {
    sum = (sum ^ static_cast<std::uint64_t>(row.time_ms)) * 1099511628211u;
    for (const double value : row.values)
      sum = (sum ^ static_cast<std::uint64_t>(std::isnan(value) ? -1 : std::llround(value * 1000))) * 1099511628211u;
  }
  return sum;
}

}  // namespace

TEST_CASE("the same seed gives the same history, another one another") {
  const Request short_one{{}, {}, {}, 40};
  CHECK(digest(draw_scenario(11, short_one)) == digest(draw_scenario(11, short_one)));
  CHECK(digest(draw_scenario(11, short_one)) != digest(draw_scenario(12, short_one)));
}

TEST_CASE("until a fault begins, a machine and its twin live the same life") {
  Scenario one = draw_scenario(21, {Case::dust, MachineClass::gaming, Tier::full, 60});
  one.fault.onset = 30;
  one.fault.before = 0;
  Simulation lived(one), twin(one.twin());
  lived.run_unseen();
  twin.run_unseen();
  for (std::size_t i = 0; i < 60; ++i) {
    CHECK(lived.days()[i].minutes_on == twin.days()[i].minutes_on);
    if (i <= 30) CHECK(lived.days()[i].hottest == twin.days()[i].hottest);
  }
}

TEST_CASE("every case and every class can be asked for, and gives rows that look like a PC's") {
  for (int i = 0; i < kCases; ++i) {
    const Scenario scenario = draw_scenario(100 + static_cast<std::uint64_t>(i), {static_cast<Case>(i), {}, {}, 70});
    INFO(to_string(scenario.what) << " " << to_string(scenario.machine.kind) << " seed " << scenario.seed);
    CHECK(parse_case(to_string(scenario.what)) == scenario.what);
    Simulation simulation(scenario);
    Row row;
    double uptime = 0;
    std::string boot;
    int rows = 0;
    while (simulation.next(row)) {
      ++rows;
      CHECK((simulation.processor().die > 0 && simulation.processor().die < scenario.machine.cpu.limit + 40));
      const double load = row.values[at(Channel::load)];
      CHECK((load >= 0 && load <= 1));
      const double now = row.values[at(Channel::uptime)];
      if (row.context->boot_id == boot)
        CHECK(now > uptime);
      else
        CHECK(now == 60);
      uptime = now;
      boot = row.context->boot_id;
    }
    CHECK(rows > 200);
  }
}

TEST_CASE("asleep, time passes and uptime stands; switched off, a new boot begins") {
  Scenario one = draw_scenario(31, {Case::healthy, MachineClass::thin, Tier::full, 60});
  one.habits.sleeps = true;
  one.habits.reboot_days = 10;
  Simulation simulation(one);
  Row row;
  std::int64_t time = 0;
  double uptime = 0;
  std::string boot;
  int slept = 0, booted = 0;
  while (simulation.next(row)) {
    const double gap = static_cast<double>(row.time_ms - time) / 1000;
    const double now = row.values[at(Channel::uptime)];
    if (boot == row.context->boot_id && gap > 3600) {
      ++slept;
      CHECK(now - uptime == 60);
    }
    if (boot != row.context->boot_id) ++booted;
    time = row.time_ms;
    uptime = now;
    boot = row.context->boot_id;
  }
  CHECK(slept > 10);
  CHECK(booted > 2);
}

TEST_CASE("healthy machines stay as they were built; a hot summer is in the room, not in the resistance") {
  for (const Case what :
       {Case::healthy, Case::hot_summer, Case::heat_wave, Case::new_game, Case::fan_curve, Case::sensor_swap}) {
    const Truth truth = truth_of(draw_scenario(41, {what, {}, {}, 150}));
    for (const Day& day : truth.days) CHECK(std::abs(day.resistance - 1) < 1e-4);
    CHECK_FALSE(truth.harm);
  }
  Simulation summer(draw_scenario(43, {Case::hot_summer, {}, {}, 200}));
  summer.run_unseen();
  double first = 0, last = 0, first_minutes = 0, last_minutes = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    (i < 40 ? first : last) += i < 40 || i >= 110 ? summer.days()[i].room_sum : 0;
    (i < 40 ? first_minutes : last_minutes) += i < 40 || i >= 110 ? summer.days()[i].minutes_on : 0;
  }
  CHECK(last / last_minutes > first / first_minutes + 3);
}

TEST_CASE("the tiers show what they say and nothing more") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Scenario windows = draw_scenario(seed, {{}, MachineClass::gaming, Tier::zone_gpu, 120});
    CHECK_FALSE(windows.sensors[Channel::cpu_power].present);
    CHECK_FALSE(windows.sensors[Channel::fan1].present);
    CHECK(windows.sensors[Channel::gpu].present);
    CHECK(windows.sensors[Channel::throttle_time].present);
    CHECK(windows.sensors[Channel::cpu].present != windows.sensors[Channel::acpi].present);
    const Scenario fan = draw_scenario(seed, {{}, MachineClass::thin, Tier::fan_only, 120});
    CHECK(fan.sensors[Channel::fan1].present);
    CHECK_FALSE(fan.sensors[Channel::cpu_power].present);
    const Scenario power = draw_scenario(seed, {{}, MachineClass::thin, Tier::power_only, 120});
    CHECK(power.sensors[Channel::cpu_power].present);
    CHECK_FALSE(power.sensors[Channel::fan1].present);
  }
}
