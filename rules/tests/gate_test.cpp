#include <limits>
#include <random>
#include <sstream>

#include "platform/compression.hpp"
#include "platform/files.hpp"
#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules;
using namespace hale::rules::test;

namespace {

/// Whether a single reading passes, and the reason when it does not.
std::string judge_one(const std::string& column, double value, const std::string& model = "") {
  Device device(builtin());
  if (!model.empty()) {
    Component disk;
    disk.id = "disk0";
    disk.model = model;
    device.judge.describe(disk);
  }
  device.row(kNoon, {{column, value}});
  if (!device.judge.accepted().empty()) return "accepted";
  const auto rejections = device.judge.rejections();
  return rejections.empty() ? "nothing" : rejections[0].reason;
}

}  // namespace

TEST_CASE("recorded garbage is refused with its reason") {
  CHECK(judge_one("hw.temperature/cpu", -273200) == "range");
  CHECK(judge_one("hw.temperature/cpu", 65261.8) != "accepted");
  CHECK(judge_one("hw.temperature/cpu", 3892314) == "range");
  CHECK(judge_one("hw.temperature/cpu", 45000) == "unit");
  CHECK(judge_one("hw.temperature/cpu", 127) == "alias");
  CHECK(judge_one("hw.temperature/acpi", -128) == "alias");
  CHECK(judge_one("hw.temperature/disk0", 255) == "range");
  CHECK(judge_one("hw.temperature/cpu", std::numeric_limits<double>::quiet_NaN()) == "range");
  CHECK(judge_one("hw.temperature/cpu", std::numeric_limits<double>::infinity()) == "range");
  CHECK(judge_one("hw.fan.speed/fan1", 65535) == "alias");
  CHECK(judge_one("hw.voltage/in0", 35.2) == "range");
  CHECK(judge_one("system.cpu.utilization", 55) == "unit");
  CHECK(judge_one("hw.battery.charge/battery", 87) == "unit");
  CHECK(judge_one("hw.battery.capacity.full/battery", 0) == "range");
  CHECK(judge_one("hw.physical_disk.nvme/disk0/critical_warning", 255) == "alias");
  CHECK(judge_one("hw.physical_disk.nvme/disk0/available_spare", 255) == "alias");
  CHECK(judge_one("hw.physical_disk.smart/disk0/9", 1'500'000) == "unit");
  CHECK(judge_one("hw.physical_disk.smart/disk0/197", 281474976710655.0) == "range");
  CHECK(judge_one("hw.physical_disk.smart/disk0/197", 65261.8) == "unit");
}

TEST_CASE("ordinary readings pass") {
  CHECK(judge_one("hw.temperature/cpu", 47.5) == "accepted");
  CHECK(judge_one("hw.fan.speed/fan1", 0) == "accepted");
  CHECK(judge_one("hw.voltage/in0", 12.1) == "accepted");
  CHECK(judge_one("hw.physical_disk.smart/disk0/197", 0) == "accepted");
  CHECK(judge_one("hw.physical_disk.nvme/disk0/percentage_used", 3) == "accepted");
}

TEST_CASE("undecoded SMART bits are decoded by model, and the decoded value wins where both exist") {
  // Seagate's 188: three 16-bit counts; the lowest is all time-outs.
  Device device(builtin());
  Component disk;
  disk.id = "disk0";
  disk.model = "ST4000DM000-1F2168";
  device.judge.describe(disk);
  const double packed = 4.0 * 65536 * 65536 + 3.0 * 65536 + 2;
  device.row(kNoon, {{"hw.physical_disk.smart/disk0/188.raw48", packed}});
  REQUIRE(device.judge.accepted().size() == 1);
  CHECK(device.judge.accepted()[0].value == 2);
  CHECK(name_of(device.layout.all_series()[device.judge.accepted()[0].series]) == "hw.physical_disk.smart/disk0/188");
  device.row(kNoon + kHourMs,
             {{"hw.physical_disk.smart/disk0/188.raw48", packed}, {"hw.physical_disk.smart/disk0/188", 5}});
  REQUIRE(device.judge.accepted().size() == 1);
  CHECK(device.judge.accepted()[0].value == 5);
}

TEST_CASE("a spike is refused, a step that stays is believed at the second reading") {
  Device device(builtin());
  const auto passes = [&device](int minute, double value) {
    device.row(kNoon + minute * kMinuteMs, {{"hw.temperature/acpi", value}});
    return !device.judge.accepted().empty();
  };
  CHECK(passes(0, 30));
  CHECK_FALSE(passes(1, 95));
  CHECK(passes(2, 31));
  CHECK_FALSE(passes(3, 80));
  CHECK(passes(4, 81));
  CHECK(device.judge.rejections().at(0).reason == "spike");
  CHECK(device.judge.rejections().at(0).count == 2);
}

TEST_CASE("a sensor that says the very same for a day is stuck until it moves") {
  Device device(builtin());
  int refused = 0;
  for (int minute = 0; minute < 30 * 60; ++minute) {
    device.row(kNoon + minute * kMinuteMs, {{"hw.temperature/acpi", 27.8}});
    refused += device.judge.accepted().empty() ? 1 : 0;
  }
  CHECK(refused == 6 * 60);
  device.row(kNoon + 31 * kHourMs, {{"hw.temperature/acpi", 27.9}});
  CHECK(device.judge.accepted().size() == 1);
}

TEST_CASE("garbage never raises a finding, whatever is thrown at every metric") {
  std::mt19937 random(7);
  const double garbage[] = {-273200,
                            65261.8,
                            3892314,
                            65535,
                            35.2e9,
                            255e12,
                            -1e9,
                            std::numeric_limits<double>::quiet_NaN(),
                            1e308,
                            -1e308,
                            std::numeric_limits<double>::infinity(),
                            281474976710655.0 * 2};
  Device device(builtin());
  for (int i = 0; i < 3000; ++i) {
    std::vector<std::pair<std::string, double>> cells;
    for (const char* column :
         {"hw.temperature/cpu", "hw.fan.speed/fan1", "hw.voltage/in0", "system.filesystem.utilization/filesystem",
          "hw.physical_disk.smart/disk0/197", "hw.physical_disk.smart/disk0/self_assessment",
          "hw.battery.capacity.full/battery", "hw.physical_disk.nvme/disk1/critical_warning",
          "hw.physical_disk.nvme/disk1/percentage_used"}) {
      cells.emplace_back(column, garbage[random() % std::size(garbage)]);
    }
    device.row(kNoon + i * 10 * kMinuteMs, cells);
    INFO((device.heard.findings.empty() ? "" : device.heard.findings[0].rule));
    REQUIRE(device.heard.findings.empty());
  }
  CHECK(device.judge.rejections().size() >= 9);
}

TEST_CASE("the garbage in recorded board series is refused and the rest passes") {
  const auto file = hale::test::data_or_skip("thermal/sbc_bench_series.csv.gz");
  const auto packed = read_file(file, 64u << 20);
  REQUIRE(packed);
  const auto text = gzip_decompress(*packed, 256u << 20);
  REQUIRE(text);
  Device device(builtin());
  std::istringstream lines(*text);
  std::string line;
  std::getline(lines, line);
  std::size_t rows = 0;
  std::size_t garbage = 0;
  while (std::getline(lines, line)) {
    const auto comma = line.rfind(',');
    char* end = nullptr;
    const double value = std::strtod(line.c_str() + comma + 1, &end);
    if (comma == std::string::npos || end == line.c_str() + comma + 1) continue;
    device.row(kNoon + static_cast<std::int64_t>(++rows) * 10 * kMinuteMs, {{"hw.temperature/cpu", value}});
    if (value < -50 || value > 200) {
      ++garbage;
      REQUIRE(device.judge.accepted().empty());
    }
  }
  CHECK(rows > 1000);
  CHECK(garbage > 0);
  std::uint64_t refused = 0;
  for (const Rejection& one : device.judge.rejections()) refused += one.count;
  CHECK(refused < rows / 20);
}
