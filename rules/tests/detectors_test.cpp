#include <cmath>

#include "rules/detectors/theil_sen.hpp"
#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules;
using namespace hale::rules::test;

namespace {

const std::string kErrors = R"({"name": "errors", "from": {"metric": "hw.physical_disk.nvme", "key": "media_errors"}})";
const std::string kHot = R"({"name": "hot", "from": {"metric": "hw.temperature"}})";
const std::string kTimeouts = R"({"name": "timeouts", "from": {"events": ["kernel.t"]}})";
const std::string kErrorsColumn = "hw.physical_disk.nvme/disk0/media_errors";
const std::string kHotColumn = "hw.temperature/disk0";

std::string stage(const std::string& detector) {
  return R"({"severity": "warning", "confidence": 0.5, "detector": {)" + detector + "}}";
}

}  // namespace

TEST_CASE("a threshold with a hold fires only after the condition lasted that long") {
  Device device(
      rules_with(kHot, stage(R"("kind": "threshold", "when": {"input": "hot", "above": 60}, "hold": "15m")")));
  for (int minute = 0; minute < 15; ++minute) {
    device.row(kNoon + minute * kMinuteMs, {{kHotColumn, 61}});
    REQUIRE(device.heard.findings.empty());
  }
  device.row(kNoon + 15 * kMinuteMs, {{kHotColumn, 61}});
  REQUIRE(device.active());
  CHECK(fact(device.heard.findings[0], "lasted") == 15);
  CHECK(fact(device.heard.findings[0], "limit") == 60);
  CHECK(device.heard.findings[0].evidence.plots.size() == 1);
}

TEST_CASE("time asleep does not count towards a hold") {
  Device device(
      rules_with(kHot, stage(R"("kind": "threshold", "when": {"input": "hot", "above": 60}, "hold": "15m")")));
  for (int minute = 0; minute < 10; ++minute) device.row(kNoon + minute * kMinuteMs, {{kHotColumn, 61}});
  for (int minute = 0; minute < 10; ++minute) device.row(kNoon + 8 * kHourMs + minute * kMinuteMs, {{kHotColumn, 61}});
  CHECK(device.heard.findings.empty());
}

TEST_CASE("hourly rows hold for hours though they lie far apart") {
  Device device(rules_with(kHot, stage(R"("kind": "threshold", "when": {"input": "hot", "above": 60}, "hold": "5h")")));
  for (int hour = 0; hour < 9; ++hour) device.row(kNoon + hour * kHourMs, {{kHotColumn, 61}});
  CHECK(device.active());
}

TEST_CASE("a threshold clears at its other value and after its own time") {
  Device device(rules_with(kHot, stage(R"("kind": "threshold", "when": {"input": "hot", "above": 60},
    "clear": {"when": {"input": "hot", "below": 50}, "hold": "5m"})")));
  device.row(kNoon, {{kHotColumn, 61}});
  REQUIRE(device.active());
  for (int minute = 1; minute < 10; ++minute) device.row(kNoon + minute * kMinuteMs, {{kHotColumn, 55}});
  REQUIRE(device.active());
  for (int minute = 10; minute < 15; ++minute) device.row(kNoon + minute * kMinuteMs, {{kHotColumn, 49}});
  REQUIRE(device.active());
  device.row(kNoon + 15 * kMinuteMs, {{kHotColumn, 49}});
  CHECK_FALSE(device.active());
  CHECK(device.heard.findings.size() == 2);
}

TEST_CASE("a condition that must be seen in reads a day apart is not met by many reads of one hour") {
  Device device(rules_with(
      kErrors,
      stage(R"("kind": "threshold", "when": {"input": "errors", "above": 0}, "reads": {"count": 2, "apart": "24h"})")));
  for (int minute = 0; minute < 60; ++minute) device.row(kNoon + minute * kMinuteMs, {{kErrorsColumn, 3}});
  CHECK(device.heard.findings.empty());
  CHECK(device.coverage_of("disk.test").status == "insufficient");
  CHECK(device.coverage_of("disk.test").reason == "disk0: needs 2 reads at least 24 h apart");
  device.row(kNoon + kDayMs, {{kErrorsColumn, 3}});
  CHECK(device.active());
  CHECK(device.coverage_of("disk.test").status == "ok");
}

TEST_CASE("a read without the trouble between two with it starts the count again") {
  Device device(rules_with(
      kErrors,
      stage(R"("kind": "threshold", "when": {"input": "errors", "above": 0}, "reads": {"count": 2, "apart": "24h"})")));
  device.row(kNoon, {{kErrorsColumn, 3}});
  device.row(kNoon + kDayMs / 2, {{kErrorsColumn, 0}});
  device.row(kNoon + kDayMs, {{kErrorsColumn, 3}});
  CHECK(device.heard.findings.empty());
}

TEST_CASE("a bit mask looks only at its bits") {
  const std::string input =
      R"({"name": "warning", "from": {"metric": "hw.physical_disk.nvme", "key": "critical_warning"}})";
  Device device(rules_with(input, stage(R"("kind": "threshold", "when": {"input": "warning", "any_bits": 29})")));
  device.row(kNoon, {{"hw.physical_disk.nvme/disk0/critical_warning", 2}});
  CHECK(device.heard.findings.empty());
  device.row(kNoon + kHourMs, {{"hw.physical_disk.nvme/disk0/critical_warning", 6}});
  CHECK(device.active());
}

TEST_CASE("a missing reading neither fulfils nor ends a condition") {
  Device device(rules_with(kHot, stage(R"("kind": "threshold", "when": {"input": "hot", "above": 60})")));
  device.row(kNoon, {{kHotColumn, 61}});
  device.row(kNoon + kMinuteMs, {{kErrorsColumn, 0}});
  CHECK(device.heard.findings.size() == 1);
}

TEST_CASE("a counter rule takes the first value as what was there before") {
  Device device(rules_with(kErrors, stage(R"("kind": "counter", "input": "errors", "window": "7d", "total": 2)")));
  device.row(kNoon, {{kErrorsColumn, 500}});
  device.row(kNoon + kDayMs, {{kErrorsColumn, 501}});
  CHECK(device.heard.findings.empty());
  device.row(kNoon + 2 * kDayMs, {{kErrorsColumn, 502}});
  REQUIRE(device.active());
  CHECK(fact(device.heard.findings[0], "increase") == 2);
  CHECK(fact(device.heard.findings[0], "errors") == 502);
}

TEST_CASE("increases older than the window do not count") {
  Device device(rules_with(kErrors, stage(R"("kind": "counter", "input": "errors", "window": "7d", "total": 2)")));
  for (int week = 0; week < 10; ++week) device.row(kNoon + week * 8 * kDayMs, {{kErrorsColumn, 1.0 + week}});
  CHECK(device.heard.findings.empty());
}

TEST_CASE("many increases on one day are one day") {
  Device device(rules_with(kErrors, stage(R"("kind": "counter", "input": "errors", "window": "30d", "days": 2)")));
  for (int hour = 0; hour < 10; ++hour) device.row(kNoon + hour * kHourMs, {{kErrorsColumn, 1.0 + hour}});
  CHECK(device.heard.findings.empty());
  device.row(kNoon + 5 * kDayMs, {{kErrorsColumn, 20}});
  CHECK(device.active());
}

TEST_CASE("a counter that restarts at boot goes on from zero, one that does not takes a new base") {
  const auto feed = [](Device& device) {
    device.row(kNoon, {{kErrorsColumn, 100}});
    device.row(kNoon + kHourMs, {{kErrorsColumn, 7}});
  };
  Device restarts(rules_with(
      kErrors, stage(R"("kind": "counter", "input": "errors", "window": "7d", "total": 5, "reset": "restart")")));
  feed(restarts);
  CHECK(restarts.active());
  Device rebased(rules_with(kErrors, stage(R"("kind": "counter", "input": "errors", "window": "7d", "total": 5)")));
  feed(rebased);
  CHECK(rebased.heard.findings.empty());
}

TEST_CASE("a counter rule ends after a quiet time and not before") {
  Device device(rules_with(
      kErrors,
      stage(R"("kind": "counter", "input": "errors", "window": "7d", "total": 1, "clear": {"quiet": "14d"})")));
  device.row(kNoon, {{kErrorsColumn, 0}});
  device.row(kNoon + kHourMs, {{kErrorsColumn, 1}});
  for (int day = 1; day < 14; ++day) device.row(kNoon + day * kDayMs, {{kErrorsColumn, 1}});
  CHECK(device.active());
  device.row(kNoon + 15 * kDayMs, {{kErrorsColumn, 1}});
  CHECK_FALSE(device.active());
}

TEST_CASE("a baseline makes only more than usual an occurrence") {
  Device device(rules_with(
      kErrors,
      stage(
          R"("kind": "counter", "input": "errors", "window": "14d", "days": 3, "per_day": 10, "baseline": {"days": 14, "times": 2})")));
  double total = 0;
  int day = 0;
  for (; day < 40; ++day) device.row(kNoon + day * kDayMs, {{kErrorsColumn, total += 50}});
  CHECK(device.heard.findings.empty());
  for (; day < 43; ++day) device.row(kNoon + day * kDayMs, {{kErrorsColumn, total += 120}});
  CHECK(device.active());
}

TEST_CASE("events count by window, by day, and not right after a gap") {
  const std::string column = "hale.event/disk0/kernel.t";
  Device device(rules_with(
      kTimeouts,
      stage(
          R"("kind": "event_rate", "input": "timeouts", "window": "14d", "days": 3, "any_day": 10, "not_after_gap": "10m")")));
  for (int day = 0; day < 5; ++day) {
    for (int minute = 0; minute < 60; ++minute)
      device.row(kNoon + day * kDayMs + minute * kMinuteMs, {{column, minute == 5 ? 5.0 : 0.0}});
  }
  CHECK(device.heard.findings.empty());  // five minutes after the PC woke up
  const std::int64_t later = kNoon + 40 * kDayMs;
  for (int minute = 0; minute < 30; ++minute)
    device.row(later + minute * kMinuteMs, {{column, minute == 20 ? 11.0 : 0.0}});
  CHECK(device.active());
}

TEST_CASE("an event that explains a day takes that day out") {
  const std::string inputs =
      kTimeouts +
      R"(, {"name": "power", "from": {"events": ["Kernel-Power.41"], "of": {"component": "host"}, "optional": true}})";
  const std::string column = "hale.event/disk0/kernel.t";
  Device device(rules_with(
      inputs,
      stage(R"("kind": "event_rate", "input": "timeouts", "window": "14d", "days": 2, "not_on_days_with": "power")")));
  device.row(kNoon, {{column, 1}});
  device.row(kNoon + kHourMs, {{"hale.event/host/Kernel-Power.41", 1}});
  device.row(kNoon + kDayMs, {{column, 1}});
  CHECK(device.heard.findings.empty());
  device.row(kNoon + 2 * kDayMs, {{column, 1}});
  CHECK(device.active());
}

TEST_CASE("a trend projects the day on which it reaches the limit") {
  const std::string input =
      R"({"name": "used", "from": {"metric": "hw.physical_disk.nvme", "key": "percentage_used"}})";
  Device device(rules_with(
      input,
      stage(
          R"("kind": "trend", "input": "used", "direction": "rising", "limit": 100, "horizon": "30d", "min_buckets": 10)")));
  for (int day = 0; day < 60 && device.heard.findings.empty(); ++day) {
    device.row(kNoon + day * kDayMs, {{"hw.physical_disk.nvme/disk0/percentage_used", 40.0 + day}});
  }
  REQUIRE(device.active());
  const Finding& finding = device.heard.findings[0];
  REQUIRE(finding.evidence.projected);
  const auto expected = kNoon + 60 * kDayMs;
  CHECK(std::abs(to_unix_ms(*finding.evidence.projected) - expected) <= 2 * kDayMs);
  CHECK(finding.evidence.plots.at(0).points.size() >= 10);
}

TEST_CASE("a flat series never projects") {
  const std::string input =
      R"({"name": "used", "from": {"metric": "hw.physical_disk.nvme", "key": "percentage_used"}})";
  Device device(rules_with(
      input,
      stage(
          R"("kind": "trend", "input": "used", "direction": "rising", "limit": 100, "horizon": "400d", "min_buckets": 10)")));
  for (int day = 0; day < 120; ++day)
    device.row(kNoon + day * kDayMs, {{"hw.physical_disk.nvme/disk0/percentage_used", 95.0 - day % 2}});
  CHECK(device.heard.findings.empty());
}

TEST_CASE("a robust line is not moved by outliers") {
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 20; ++i) points.emplace_back(i, i % 5 == 0 ? 1000 : 2.0 * i + 1);
  const Line line = fit_line(points);
  CHECK(std::abs(line.slope - 2) < 0.5);
  CHECK(fit_line(std::vector<std::pair<double, double>>{{0, 1}, {1, 1}, {2, 1}}).z == 0);
}

TEST_CASE("a combination of all needs every part at once, with series of other components") {
  const std::string inputs =
      kErrors + R"(, {"name": "cpu", "from": {"metric": "hw.temperature", "of": {"type": "cpu", "take": "max"}}})";
  Device device(rules_with(inputs, stage(R"("kind": "combination", "all": [
    {"kind": "threshold", "when": {"input": "errors", "above": 0}}, {"kind": "threshold", "when": {"input": "cpu", "above": 80}}])")));
  device.row(kNoon, {{kErrorsColumn, 1}, {"hw.temperature/cpu", 70}, {"hw.temperature/cpu1", 75}});
  CHECK(device.heard.findings.empty());
  device.row(kNoon + kMinuteMs, {{kErrorsColumn, 1}, {"hw.temperature/cpu", 70}, {"hw.temperature/cpu1", 85}});
  REQUIRE(device.active());
  CHECK(fact(device.heard.findings[0], "cpu") == 85);
}

TEST_CASE("another rule's active finding at the same disk raises the severity") {
  Device device(builtin());
  const std::string timeout = "hale.event/disk0/kernel.ata_timeout";
  device.row(kNoon, {{timeout, 0}, {"hw.physical_disk.smart/disk0/5", 2}});
  device.row(kNoon + 5 * kMinuteMs, {{timeout, 0}});
  device.row(kNoon + 12 * kMinuteMs, {{timeout, 12}});
  REQUIRE(device.heard.findings.size() == 1);
  CHECK(device.heard.findings[0].severity == Severity::warning);
  device.row(kNoon + 15 * kMinuteMs, {{"hw.physical_disk.smart/disk0/5", 20}});
  REQUIRE(device.heard.findings.size() == 3);
  CHECK(device.heard.findings[1].rule == "disk.reallocated");
  CHECK(device.heard.findings[2].rule == "disk.io_timeouts");
  CHECK(device.heard.findings[2].severity == Severity::critical);
}

TEST_CASE("a fan that rests while the processor is warm teaches what is usual; one that stops in use is told at once") {
  const auto row = [](Device& device, int minute, double rpm, double cel) {
    device.row(kNoon + minute * kMinuteMs, {{"hw.fan.speed/fan1", rpm}, {"hw.temperature/cpu", cel}});
  };
  Device stopped(builtin());
  for (int minute = 0; minute < 60; ++minute) row(stopped, minute, 3000, 80);
  for (int minute = 60; minute < 80; ++minute) row(stopped, minute, 0, 92);
  REQUIRE(stopped.active());
  CHECK(stopped.heard.findings[0].cause == Cause::fan_failed);

  Device absent(builtin());
  for (int minute = 0; minute < 120; ++minute) row(absent, minute, 0, 92);
  CHECK(absent.heard.findings.empty());  // it never turned: nothing is connected there

  Device cool(builtin());
  for (int minute = 0; minute < 60; ++minute) row(cool, minute, 3000, 80);
  for (int minute = 60; minute < 180; ++minute) row(cool, minute, 0, 55);
  CHECK(cool.heard.findings.empty());
}
