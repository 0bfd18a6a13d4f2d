#include <random>

#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules;
using namespace hale::rules::test;

namespace {

constexpr const char* kSmart = "hw.physical_disk.smart/disk0/";

std::vector<std::pair<std::string, double>> smart(std::map<std::string, double> values) {
  std::vector<std::pair<std::string, double>> cells;
  for (const auto& [id, value] : values) cells.emplace_back(kSmart + id, value);
  return cells;
}

/// A disk's readings day after day; the severity of its risk after the last, -1 when there is none.
class Watched {
 public:
  explicit Watched(const std::string& model = "ST4000DM000-1F2168", const std::string& bus = "") : device(builtin()) {
    Component disk;
    disk.id = "disk0";
    disk.model = model;
    disk.bus = bus;
    device.judge.describe(disk);
  }
  void day(int day, std::map<std::string, double> values) {
    device.row(kNoon + day * kDayMs, smart(std::move(values)));
  }
  int severity() const {
    int most = -1;
    for (const Finding& finding : device.judge.active()) {
      if (finding.rule == "disk.failure_risk") most = std::max(most, static_cast<int>(finding.severity));
    }
    return most;
  }
  double risk() const {
    for (const Finding& finding : device.judge.active()) {
      if (finding.rule != "disk.failure_risk") continue;
      for (const Fact& fact : finding.evidence.facts) {
        if (fact.name == "risk") return std::get<double>(fact.value);
      }
    }
    return 0;
  }
  Device device;
};

std::map<std::string, double> clean() { return {{"5", 0}, {"187", 0}, {"188", 0}, {"197", 0}, {"198", 0}}; }

std::string card(const std::string& stages, const std::string& points, const std::string& odds) {
  return R"({"pack": "test", "version": 1, "models": [{"id": "risk", "bind": {"each": "physical_disk"},
    "inputs": [{"name": "pending", "from": {"metric": "hw.physical_disk.smart", "key": "197"}}],
    "model": {"kind": "disk_risk", "scored_by": ["pending"], "points": [)" +
         points + R"(], "stages": {)" + stages + R"(}, "odds": [)" + odds + R"(], "own_path_odds": 0.2}}],
    "rules": [{"id": "disk.test", "cause": "disk_failing", "bind": {"each": "physical_disk"},
      "stages": [{"severity": "warning", "confidence": 0.5, "detector": {"kind": "verdict", "model": "risk", "says": "tell"}}], "references": ["test"]}]})";
}
constexpr const char* kGoodStages =
    R"("watch": {"enter": 2}, "tell": {"enter": 5, "leave": 3}, "act": {"enter": 8, "leave": 4})";
constexpr const char* kGoodPoints =
    R"({"input": "pending", "at_least": 1, "points": 5}, {"input": "pending", "at_least": 9, "points": 5})";
constexpr const char* kGoodOdds = R"({"points": 2, "failed": 0.2}, {"points": 8, "failed": 0.7})";

}  // namespace

TEST_CASE("a disk without errors has no risk finding") {
  Watched disk;
  for (int day = 0; day < 60; ++day) disk.day(day, clean());
  CHECK(disk.severity() == -1);
  CHECK(disk.device.heard.messages.empty());
}

TEST_CASE("a few places that wait for a rewrite are watched, not told; growing ones are told once") {
  Watched disk;
  auto values = clean();
  disk.day(0, values);
  values["197"] = 2;
  disk.day(1, values);
  CHECK(disk.severity() == 0);
  CHECK(disk.device.heard.messages.empty());
  values["197"] = 24;
  disk.day(2, values);
  CHECK(disk.severity() >= 1);
  for (int day = 3; day < 25; ++day) disk.day(day, values);
  CHECK(disk.device.heard.messages.size() == 1);
  CHECK(disk.device.heard.messages[0].rule == "disk.failure_risk");
}

TEST_CASE("one unreadable place that was rewritten is forgotten after half a year") {
  Watched disk;
  auto values = clean();
  disk.day(0, values);
  values["197"] = 1;
  disk.day(1, values);
  values["197"] = 0;
  for (int day = 2; day < 200; ++day) disk.day(day, values);
  CHECK(disk.severity() == -1);
}

TEST_CASE("a Western Digital disk is told at the first sign, and said to be less sure") {
  Watched disk("WDC WD30EFRX-68AX9N0");
  disk.day(0, {{"5", 0}, {"196", 0}, {"197", 3}, {"198", 0}});
  CHECK(disk.severity() == 1);
  REQUIRE(!disk.device.heard.findings.empty());
  CHECK(disk.device.heard.findings.back().confidence < 0.4);
  Watched other("HGST HMS5C4040BLE640");
  other.day(0, {{"5", 0}, {"196", 0}, {"197", 3}, {"198", 0}});
  CHECK(other.severity() == 0);
}

TEST_CASE("more errors on the same days never lower the risk") {
  std::mt19937 random(11);
  const std::vector<std::string> ids{"5", "187", "188", "196", "197", "198"};
  for (int round = 0; round < 200; ++round) {
    Watched less;
    Watched more;
    std::map<std::string, double> low;
    std::map<std::string, double> high;
    for (const auto& id : ids) low[id] = high[id] = 0;
    for (int day = 0; day < 6; ++day) {
      less.day(10 * day, low);
      more.day(10 * day, high);
      REQUIRE(more.risk() >= less.risk());
      REQUIRE(more.severity() >= less.severity());
      for (const auto& id : ids) {
        const double step = random() % 3 == 0 ? static_cast<double>(random() % 40) : 0;
        low[id] += step;
        high[id] += step > 0 && random() % 4 == 0 ? step + static_cast<double>(random() % 40) : step;
      }
    }
  }
}

TEST_CASE("a sign that a drive has lived with for long weighs less than the same sign new") {
  Watched disk;
  auto values = clean();
  disk.day(0, values);
  values["187"] = 2;
  values["197"] = 1;
  disk.day(1, values);
  const double fresh = disk.risk();
  for (int day = 2; day < 400; day += 10) disk.day(day, values);
  CHECK(disk.risk() > 0);
  CHECK(disk.risk() < fresh);
}

TEST_CASE("repeated and late rows change no risk") {
  Watched once;
  Watched twice;
  auto values = clean();
  for (int day = 0; day < 10; ++day) {
    values["187"] = day;
    values["197"] = 3 * day;
    once.day(day, values);
    twice.day(day, values);
    twice.day(day, clean());
    if (day > 2) twice.day(day - 2, clean());
    CHECK(once.risk() == twice.risk());
  }
}

TEST_CASE("a restart goes on with the risk where it was") {
  Watched before;
  auto values = clean();
  before.day(0, values);
  values["187"] = 3;
  values["197"] = 20;
  before.day(1, values);
  REQUIRE(before.severity() >= 1);
  Watched after;
  REQUIRE(after.device.judge.restore(before.device.judge.save()));
  CHECK(after.severity() == before.severity());
  CHECK(after.risk() == before.risk());
  values["197"] = 21;
  before.day(2, values);
  after.day(2, values);
  CHECK(after.risk() == before.risk());
}

TEST_CASE("errors in the log raise the risk of a disk that reports none itself") {
  Watched disk;
  disk.day(0, clean());
  for (int day = 1; day < 3; ++day) {
    auto cells = smart(clean());
    cells.emplace_back("hale.event/disk0/kernel.ata_media_error", 1);
    disk.device.row(kNoon + day * kDayMs, cells);
  }
  CHECK(disk.severity() == 1);
}

TEST_CASE("a USB disk that does not answer is not called broken") {
  for (const char* bus : {"usb", "", "nvme"}) {
    Watched disk("Example", bus);
    disk.device.row(kNoon - kDayMs, smart(clean()));
    for (int day = 0; day < 5; ++day) {
      auto cells = smart(clean());
      cells.emplace_back("hale.event/disk0/kernel.blk_timeout", 1);
      disk.device.row(kNoon + day * kDayMs, cells);
    }
    bool told = false;
    for (const Finding& finding : disk.device.heard.findings) told |= finding.rule == "disk.io_timeouts";
    CHECK(told == (std::string(bus) != "usb"));
  }
}

TEST_CASE("a card that contradicts itself is refused with the place") {
  const auto refused = [](const std::string& pack, const std::string& place) {
    const auto loaded = load_pack_text(pack);
    REQUIRE(!loaded);
    CAPTURE(loaded.error().message);
    CHECK(loaded.error().message.find(place) != std::string::npos);
  };
  REQUIRE(load_pack_text(card(kGoodStages, kGoodPoints, kGoodOdds)));
  refused(
      card(R"("watch": {"enter": 2}, "tell": {"enter": 5, "leave": 6}, "act": {"enter": 8})", kGoodPoints, kGoodOdds),
      "stages.tell");
  refused(card(R"("watch": {"enter": 6}, "tell": {"enter": 5}, "act": {"enter": 8})", kGoodPoints, kGoodOdds),
          "stages.tell");
  refused(card(R"("watch": {"enter": 2}, "tell": {"enter": 5}, "act": {"enter": 80})", kGoodPoints, kGoodOdds),
          "stages.act");
  refused(card(kGoodStages, R"({"input": "pending", "at_least": 0, "points": 12})", kGoodOdds), "at_least");
  refused(card(kGoodStages, R"({"input": "pending", "rises_by": 1, "points": 12})", kGoodOdds), "within");
  refused(card(kGoodStages, R"({"input": "pending", "at_least": 1, "was_ever": 3, "points": 12})", kGoodOdds),
          "points");
  refused(card(kGoodStages, R"({"input": "pendin", "at_least": 1, "points": 12})", kGoodOdds), "pending");
  refused(card(kGoodStages, kGoodPoints, R"({"points": 2, "failed": 0.7}, {"points": 8, "failed": 0.2})"), "odds");
  refused(card(kGoodStages, kGoodPoints, R"({"points": 2, "failed": 1.7})"), "failed");
}
