#include <random>

#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules;
using namespace hale::rules::test;

namespace {

struct History {
  std::int64_t time;
  std::vector<std::pair<std::string, double>> cells;
};

/// Three months of a laptop on which much goes wrong, with gaps, missing cells and garbage.
std::vector<History> make_history() {
  std::mt19937 random(42);
  const auto chance = [&random](int one_in) { return random() % static_cast<unsigned>(one_in) == 0; };
  std::vector<History> rows;
  std::int64_t time = kNoon;
  double throttled = 0;
  for (int i = 0; i < 4000; ++i) {
    time += (chance(20) ? 600 : 30) * kMinuteMs;
    const double age = i / 4000.0;
    History row{time, {}};
    row.cells.emplace_back("hw.temperature/cpu", chance(50) ? 65261.8 : 50 + 50 * age + random() % 5);
    if (i == 0) row.cells.emplace_back("hw.temperature.limit/cpu/critical", 100);
    row.cells.emplace_back("hw.fan.speed/fan1", i % 700 > 680 ? 0 : 2000 + random() % 500);
    row.cells.emplace_back("hale.cpu.throttle.time", throttled += 600000 * age * (random() % 3));
    if (chance(3)) row.cells.emplace_back("hw.physical_disk.smart/disk0/197", i > 2000 && i < 3000 ? 8 : 0);
    if (chance(3)) row.cells.emplace_back("hw.physical_disk.smart/disk0/5", i / 200);
    row.cells.emplace_back("hw.battery.capacity.full/battery", 80 - 30 * age);
    if (chance(100)) row.cells.emplace_back("hw.battery.capacity.design/battery", 80);
    row.cells.emplace_back("system.filesystem.utilization/filesystem", 0.6 + 0.38 * age);
    if (chance(200)) row.cells.emplace_back("hale.event/host/Kernel-Power.41", 1);
    if (chance(100)) row.cells.emplace_back("hale.event/disk0/kernel.ata_timeout", random() % 4);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

TEST_CASE("judging with saves and restores at random points gives what judging straight through gives") {
  const auto history = make_history();
  Device straight(builtin());
  for (const History& row : history) straight.row(row.time, row.cells);
  REQUIRE(straight.heard.findings.size() > 10);
  REQUIRE(straight.heard.messages.size() > 3);

  for (const unsigned seed : {1u, 2u, 3u}) {
    std::mt19937 random(seed);
    auto device = std::make_unique<Device>(builtin());
    Heard heard;
    for (const History& row : history) {
      if (random() % 97 == 0) {
        auto next = std::make_unique<Device>(builtin());
        // Another order of the names must not matter.
        if (random() % 2 == 0) next->layout.series(Metric::system_cpu_utilization, "");
        REQUIRE(next->judge.restore(device->judge.save()));
        REQUIRE(next->judge.save() == next->judge.save());
        next->heard = std::move(device->heard);
        device = std::move(next);
      }
      device->row(row.time, row.cells);
    }
    REQUIRE(device->heard.findings.size() == straight.heard.findings.size());
    for (std::size_t i = 0; i < straight.heard.findings.size(); ++i)
      CHECK(device->heard.findings[i] == straight.heard.findings[i]);
    CHECK(device->heard.messages == straight.heard.messages);
    CHECK(device->heard.outcomes == straight.heard.outcomes);
    CHECK(device->judge.active() == straight.judge.active());
    CHECK(device->judge.coverage() == straight.judge.coverage());
  }
}

TEST_CASE("saved state of another format or damaged is refused and leaves the judge as it was") {
  Device device(builtin());
  device.row(kNoon, {{"hw.physical_disk.smart/disk0/self_assessment", 0}});
  const std::string saved = device.judge.save();
  CHECK(device.judge.restore("something else").error().code == Errc::unsupported);
  for (std::size_t size = 20; size < saved.size(); size += 7) CHECK_FALSE(device.judge.restore(saved.substr(0, size)));
  std::mt19937 random(5);
  for (int i = 0; i < 500; ++i) {
    std::string damaged = saved;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    static_cast<void>(device.judge.restore(damaged));  // refused or taken, never a crash
  }
  REQUIRE(device.judge.restore(saved));
  CHECK(device.judge.active().size() == 1);
}

TEST_CASE("a row that comes late or twice is dropped and counted") {
  Device device(builtin());
  const std::string verdict = "hw.physical_disk.smart/disk0/self_assessment";
  device.row(kNoon, {{verdict, 1}});
  device.row(kNoon, {{verdict, 0}});
  device.row(kNoon - kHourMs, {{verdict, 0}});
  CHECK(device.judge.dropped_rows() == 2);
  CHECK(device.heard.findings.empty());
}

TEST_CASE("a disk-only device keeps at most 4 kB of state") {
  Device device(builtin());
  Component disk;
  disk.id = "disk0";
  disk.model = "ST4000DM000-1F2168";
  device.judge.describe(disk);
  std::mt19937 random(3);
  for (int day = 0; day < 400; ++day) {
    std::vector<std::pair<std::string, double>> cells;
    for (const int id :
         {1, 3, 4, 5, 7, 9, 10, 12, 183, 184, 187, 188, 189, 190, 192, 193, 194, 196, 197, 198, 199, 240, 241, 242}) {
      const double value = id == 194 || id == 190 ? 35
                           : id == 187 || id == 197 || id == 198 || id == 5 || id == 199
                               ? day * static_cast<double>(random() % 3)
                               : 100;
      cells.emplace_back("hw.physical_disk.smart/disk0/" + std::to_string(id), value);
    }
    device.row(kNoon + day * kDayMs, cells);
    REQUIRE(device.judge.state_bytes() <= 4096);
  }
  CHECK(device.heard.findings.size() > 3);
}

TEST_CASE("a component whose type is told is judged as that") {
  Device device(builtin());
  device.row(kNoon, {{"hw.temperature/k10temp-pci-00c3.tctl", 50},
                     {"hw.temperature.limit/k10temp-pci-00c3.tctl/critical", 90}});
  CHECK(device.coverage_of("cooling.overheating").status == "insufficient");
  Component cpu;
  cpu.id = "k10temp-pci-00c3.tctl";
  cpu.type = ComponentType::cpu;
  device.judge.describe(cpu);
  device.row(kNoon + kMinuteMs, {{"hw.temperature/k10temp-pci-00c3.tctl", 50},
                                 {"hw.temperature.limit/k10temp-pci-00c3.tctl/critical", 90}});
  CHECK(device.coverage_of("cooling.overheating").status == "ok");
}

TEST_CASE("watched sources make event rules judgeable before anything happened") {
  Device device(builtin());
  device.row(kNoon, {{"hw.temperature/cpu", 50}});
  CHECK(device.coverage_of("usb.overcurrent").status == "insufficient");
  device.judge.set_watched_sources({"kernel"});
  CHECK(device.coverage_of("usb.overcurrent").status == "ok");
}

TEST_CASE("a message carries reason, first step and the three buttons, in the user's language") {
  PolicyOptions options;
  options.language = "zh-CN";
  Device device(builtin(), options);
  device.row(kNoon, {{"hw.physical_disk.smart/disk0/self_assessment", 0}});
  device.row(kNoon + kHourMs, {{"hw.physical_disk.smart/disk0/self_assessment", 0}});
  REQUIRE(device.heard.messages.size() == 1);
  const Notification& message = device.heard.messages[0];
  CHECK(message.level == Level::urgent);
  CHECK(message.title.starts_with("请立即处理："));
  REQUIRE(message.actions.size() == 3);
  CHECK(message.actions[0].label == "怎么处理");
  CHECK(message.actions[1].label == "查找服务");
  CHECK(message.actions[2].label == "以后提醒");
}

TEST_CASE("a fix that is seen is told as an outcome") {
  Device device(builtin());
  const std::string used = "system.filesystem.utilization/filesystem";
  for (int hour = 0; hour <= 12; ++hour) device.row(kNoon + hour * kHourMs, {{used, 0.97}});
  REQUIRE(device.active());
  device.row(kNoon + 14 * kHourMs, {{used, 0.5}});
  REQUIRE(device.heard.outcomes.size() == 1);
  CHECK(device.heard.outcomes[0].result == "improved");
  CHECK(device.heard.outcomes[0].before == 0.97);
  CHECK(device.heard.outcomes[0].after == 0.5);
}
