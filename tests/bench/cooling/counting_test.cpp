#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "tests/bench/cooling/run.hpp"
#include "tests/bench/cooling/statistics.hpp"
#include "tests/bench/cooling/summary.hpp"

using namespace hale;
using namespace hale::bench;
using Catch::Approx;

namespace {

/// A machine of 200 days; dust raises its resistance by 0.1 % a day from day 0: 3 % on day 30, 15 % on day 150.
Judged machine(sim::Fault fault) {
  Judged one;
  one.fault.kind = fault;
  one.fault.onset = 20;
  one.days = 200;
  one.shows_fan = true;
  one.truth.onset = 20;
  for (int i = 0; i < 200; ++i) {
    sim::Day day;
    day.minutes_on = 300;
    day.resistance = fault == sim::Fault::dust ? 1 + 0.001 * i : 1;
    one.truth.days.push_back(day);
  }
  if (fault == sim::Fault::dust) one.truth.above_3 = 30, one.truth.above_15 = 150;
  return one;
}

Alarm alarm(int day, Cause cause, double confidence = 0.8) {
  return {day, "cooling.test", cause, Severity::warning, confidence};
}

Finding finding(const char* rule, FindingState state, Severity severity) {
  Finding one;
  one.rule = rule;
  one.state = state;
  one.severity = severity;
  return one;
}

}  // namespace

TEST_CASE("an alarm is an active cooling finding of severity warning or critical") {
  CHECK(is_cooling_alarm(finding("cooling.dust", FindingState::active, Severity::warning)));
  CHECK(is_cooling_alarm(finding("cooling.fan_stopped", FindingState::active, Severity::critical)));
  CHECK_FALSE(is_cooling_alarm(finding("cooling.throttling", FindingState::active, Severity::info)));
  CHECK_FALSE(is_cooling_alarm(finding("cooling.dust", FindingState::resolved, Severity::warning)));
  CHECK_FALSE(is_cooling_alarm(finding("disk.self_assessment", FindingState::active, Severity::critical)));
}

TEST_CASE("repeats of a cause within 30 days count once, of another cause they count") {
  const auto once = counted({alarm(10, Cause::dust), alarm(20, Cause::dust), alarm(39, Cause::dust),
                             alarm(40, Cause::dust), alarm(41, Cause::fan_worn)});
  REQUIRE(once.size() == 3);
  CHECK(once[0].day == 10);
  CHECK(once[1].day == 40);
  CHECK(once[2].cause == Cause::fan_worn);
}

TEST_CASE("dust is found on a day with at least 3 % more resistance, not before and not by another name") {
  Judged one = machine(sim::Fault::dust);
  one.alarms = {alarm(29, Cause::dust)};
  CHECK_FALSE(day_found(one));
  one.alarms.push_back(alarm(60, Cause::thermal_interface));
  CHECK_FALSE(day_found(one));
  one.alarms.push_back(alarm(90, Cause::dust));
  CHECK(day_found(one) == 90);
}

TEST_CASE("degraded cooling finds dust only where no fan speed is shown") {
  Judged one = machine(sim::Fault::dust);
  one.alarms = {alarm(60, Cause::cooling_degraded)};
  CHECK_FALSE(day_found(one));
  one.shows_fan = false;
  CHECK(day_found(one) == 60);
}

TEST_CASE("found before harm includes the day of harm; found late or never counts against; no harm does not count") {
  std::vector<Judged> fleet;
  for (const int harm : {100, 60, 59}) {
    fleet.push_back(machine(sim::Fault::dust));
    fleet.back().truth.harm = harm;
    fleet.back().alarms = {alarm(60, Cause::dust)};
  }
  fleet.push_back(machine(sim::Fault::dust));
  fleet.back().truth.harm = 29;  // before +3 %
  fleet.back().alarms = {alarm(10, Cause::dust)};
  fleet.push_back(machine(sim::Fault::dust));
  fleet.back().truth.harm = 100;
  fleet.push_back(machine(sim::Fault::dust));
  const Summary sum = summarize(pick(fleet, [](const Judged&) { return true; }));
  CHECK(sum.dust_before_harm.of == 4);
  CHECK(sum.dust_before_harm.hits == 2);
  CHECK(sum.dust_harmed_at_once.hits == 1);
  CHECK(sum.dust_15.of == 6);
  CHECK(sum.dust_15.hits == 3);
  CHECK(median(sum.dust_delay) == -90);
}

TEST_CASE("other faults are found from their onset on, by their own name") {
  const std::pair<sim::Fault, Cause> names[] = {{sim::Fault::paste, Cause::thermal_interface},
                                                {sim::Fault::worn_fan, Cause::fan_worn},
                                                {sim::Fault::dead_fan, Cause::fan_failed},
                                                {sim::Fault::stalling_fan, Cause::fan_failed},
                                                {sim::Fault::blocked_vent, Cause::vent_blocked}};
  for (const auto& [fault, cause] : names) {
    Judged one = machine(fault);
    one.alarms = {alarm(19, cause)};
    CHECK_FALSE(day_found(one));
    one.alarms = {alarm(25, Cause::dust)};
    CHECK_FALSE(day_found(one));
    CHECK(called_dust(one));
    one.alarms = {alarm(20, cause)};
    CHECK(day_found(one) == 20);
    CHECK_FALSE(called_dust(one));
  }
}

TEST_CASE("healthy machines give the rates of false alarms: per device-year, dust and all") {
  std::vector<Judged> fleet(4, machine(sim::Fault::none));
  fleet[0].alarms = {alarm(50, Cause::dust), alarm(60, Cause::dust), alarm(120, Cause::dust)};
  fleet[1].alarms = {alarm(50, Cause::vent_blocked)};
  fleet[1].notifications = 2;
  fleet.push_back(machine(sim::Fault::dust));
  fleet.back().alarms = {alarm(100, Cause::dust)};
  fleet.back().notifications = 1;
  const Summary sum = summarize(pick(fleet, [](const Judged&) { return true; }));
  CHECK(sum.false_dust.events == 2);
  CHECK(sum.false_cooling.events == 3);
  CHECK(sum.false_cooling.years == Approx(800 / 365.25));
  CHECK(sum.healthy_alarmed.hits == 2);
  CHECK(sum.notifications.events == 3);
  CHECK(sum.notifications.years == Approx(1000 / 365.25));
  CHECK(sum.called_dust.of == 0);
}

TEST_CASE("confidence is compared with being right: the named fault, on a day it was there") {
  std::vector<Judged> fleet{machine(sim::Fault::dust), machine(sim::Fault::none), machine(sim::Fault::dead_fan)};
  fleet[0].alarms = {alarm(60, Cause::dust, 0.91), alarm(100, Cause::fan_worn, 0.92)};
  fleet[1].alarms = {alarm(60, Cause::dust, 0.93)};
  fleet[2].alarms = {alarm(60, Cause::fan_failed, 0.94), alarm(61, Cause::cooling_degraded, 0.55)};
  const auto bins = reliability(fleet);
  for (const Bin& bin : bins) {
    const int of = bin.low == 0.9 ? 4 : bin.low == 0.5 ? 1 : 0;
    CHECK(bin.right.of == of);
    if (of == 4) CHECK(bin.right.hits == 2);
    if (of == 1) CHECK(bin.right.hits == 1);
  }
  const auto matrix = misattribution(fleet);
  CHECK(matrix.at("dead_fan").at("fan_failed") == 1);
  CHECK(matrix.at("none").at("dust") == 1);
}

TEST_CASE("dust that was there at installation may be named at once, and is found once it grew by 3 %") {
  Judged one = machine(sim::Fault::dust);
  one.truth.installed_ratio = 1.4;
  one.alarms = {alarm(2, Cause::dust)};
  CHECK(is_right(one, one.alarms[0]));
  CHECK_FALSE(day_found(one));
}

TEST_CASE("intervals are those of the books") {
  CHECK(wilson(8, 10).low == Approx(0.4902).margin(0.0005));  // Newcombe 1998
  CHECK(wilson(8, 10).high == Approx(0.9433).margin(0.0005));
  CHECK(poisson(0).low == 0);
  CHECK(poisson(0).high == Approx(3.689).margin(0.001));  // Garwood 1936
  CHECK(poisson(10).low == Approx(4.795).margin(0.001));
  CHECK(poisson(10).high == Approx(18.390).margin(0.001));
  CHECK(poisson(1000).low == Approx(939).margin(2));
  CHECK(median({3, 1, 2, 10}) == 2.5);
  CHECK_FALSE(median({}));
}

TEST_CASE("a fleet is judged alike on one thread and on two") {
  const auto rules = rules::RuleSet::builtin();
  REQUIRE(rules);
  FleetRequest request{77, 4, 1, {}};
  request.request.days = 12;
  const auto one = judge_fleet(request, *rules, [](int) {});
  request.jobs = 2;
  const auto two = judge_fleet(request, *rules, [](int) {});
  REQUIRE(one.size() == two.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK(one[i].seed == 77 + i);
    CHECK(one[i].rows == two[i].rows);
    CHECK(one[i].rows > 100);
    CHECK(one[i].alarms.size() == two[i].alarms.size());
    CHECK(one[i].notifications == two[i].notifications);
    CHECK(one[i].settled_bytes > 0);
  }
}
