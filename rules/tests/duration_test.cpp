#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules;
using namespace hale::rules::test;

// `duration`, `earlier` and `only_when`.

namespace {

std::string stage(const std::string& detector) {
  return R"({"severity": "warning", "confidence": 0.5, "detector": {)" + detector + "}}";
}

const std::string kHot = R"({"name": "hot", "from": {"metric": "hw.temperature"}})";
const std::string kHotForHalfAnHour =
    R"("kind": "duration", "when": {"input": "hot", "at_least": 45}, "per_day": "30m", "days": 3, "window": "7d")";

void warm_day(Device& device, int day, int minutes, int pause_after = 0) {
  const auto begin = kNoon + day * kDayMs;
  int done = 0;
  for (int m = 0; done <= minutes; m += 2) {
    const bool pause = pause_after > 0 && m % (pause_after + 4) >= pause_after;
    device.row(begin + m * kMinuteMs, {{"hw.temperature/disk0", pause ? 40.0 : 50.0}});
    if (!pause) done += 2;
  }
  device.row(begin + 5 * kHourMs, {{"hw.temperature/disk0", 30}});
}

const std::string kBefore = R"({"name": "load", "from": {"metric": "system.cpu.utilization", "optional": true}},
  {"name": "stops", "from": {"events": ["kernel.t"]}},
  {"name": "load_before", "from": {"earlier": "load", "over": "5m"}})";

std::string only_under_load(const std::string& more) {
  return stage(
      R"("kind": "event_rate", "input": "stops", "window": "14d", "total": 1, "only_when": {"input": "load_before", "at_least": 0.3})" +
      more);
}

}  // namespace

TEST_CASE("a condition that held half an hour on three of seven days is told on the third") {
  Device device(rules_with(kHot, stage(kHotForHalfAnHour)));
  warm_day(device, 0, 40);
  warm_day(device, 2, 40);
  CHECK_FALSE(device.active());
  warm_day(device, 4, 40);
  REQUIRE(device.active());
  CHECK(fact(device.heard.findings[0], "days") == 3);
  CHECK(fact(device.heard.findings[0], "highest") == 50);
}

TEST_CASE("short stretches do not add up, days too far apart do not either, nor does time asleep") {
  Device interrupted(rules_with(kHot, stage(kHotForHalfAnHour)));
  for (int day = 0; day < 7; ++day) warm_day(interrupted, day, 80, 20);
  CHECK_FALSE(interrupted.active());
  Device sparse(rules_with(kHot, stage(kHotForHalfAnHour)));
  for (int day = 0; day < 30; day += 4) warm_day(sparse, day, 40);
  CHECK_FALSE(sparse.active());
  Device asleep(rules_with(kHot, stage(kHotForHalfAnHour)));
  for (int day = 0; day < 7; ++day) {
    for (int m = 0; m < 10; m += 2) asleep.row(kNoon + day * kDayMs + m * kMinuteMs, {{"hw.temperature/disk0", 50}});
    for (int m = 0; m < 10; m += 2)
      asleep.row(kNoon + day * kDayMs + 3 * kHourMs + m * kMinuteMs, {{"hw.temperature/disk0", 50}});
  }
  CHECK_FALSE(asleep.active());
}

TEST_CASE("a duration goes on after a restart where it stood") {
  const auto rules = rules_with(kHot, stage(kHotForHalfAnHour));
  Device first(rules);
  warm_day(first, 0, 40);
  warm_day(first, 1, 40);
  Device second(rules);
  REQUIRE(second.judge.restore(first.judge.save()));
  warm_day(second, 2, 40);
  CHECK(second.active());
}

TEST_CASE("what happens counts by what was before it, not by the row that tells of it") {
  const auto run = [](double before, double at_return, const std::string& more) {
    Device device(rules_with(kBefore, only_under_load(more)));
    for (int m = 0; m < 30; ++m)
      device.row(kNoon + m * kMinuteMs, {{"system.cpu.utilization", before}, {"hale.event/disk0/kernel.t", 0}});
    device.row(kNoon + kHourMs, {{"system.cpu.utilization", at_return}, {"hale.event/disk0/kernel.t", 1}});
    return device.active();
  };
  CHECK(run(0.8, 0.02, ""));
  CHECK_FALSE(run(0.02, 0.9, ""));
}

TEST_CASE("where what was before is not known, an event counts only if the rule says so") {
  const auto run = [](const std::string& more) {
    Device device(rules_with(kBefore, only_under_load(more)));
    device.row(kNoon, {{"hale.event/disk0/kernel.t", 0}});
    device.row(kNoon + kHourMs, {{"hale.event/disk0/kernel.t", 1}});
    return device.active();
  };
  CHECK_FALSE(run(""));
  CHECK(run(R"(, "unknown_counts": true)"));
}

TEST_CASE("an earlier reading that lies too far back is not known") {
  const auto run = [](std::int64_t away_ms) {
    Device device(rules_with(
        R"({"name": "load", "from": {"metric": "system.cpu.utilization", "optional": true}}, {"name": "stops", "from": {"events": ["kernel.t"]}},
           {"name": "load_before", "from": {"earlier": "load", "at_most_ago": "30m"}})",
        only_under_load("")));
    for (int m = 0; m < 5; ++m)
      device.row(kNoon + m * kMinuteMs, {{"system.cpu.utilization", 0.9}, {"hale.event/disk0/kernel.t", 0}});
    device.row(kNoon + away_ms, {{"hale.event/disk0/kernel.t", 1}});
    return device.active();
  };
  CHECK(run(20 * kMinuteMs));
  CHECK_FALSE(run(2 * kHourMs));
}

TEST_CASE("a provider is the same by its long and its short name, in any case") {
  CHECK(is_same_event_source("Microsoft-Windows-Kernel-Power", "Kernel-Power"));
  CHECK(is_same_event_source("Disk", "disk"));
  CHECK_FALSE(is_same_event_source("Kernel-Power", "Kernel-Processor-Power"));
  CHECK_FALSE(is_same_event_source("", "disk"));
}
