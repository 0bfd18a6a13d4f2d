// Recordings as nobody should hand them in: judged sanely, or refused with place and reason.
#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "rules/recording.hpp"
#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules;
using namespace hale::rules::test;

namespace {

struct Said {
  int code{};
  std::string lines, complaints;
  int count(const std::string& what) const {
    int found = 0;
    for (auto at = lines.find(what); at != std::string::npos; at = lines.find(what, at + 1)) ++found;
    return found;
  }
  int findings() const { return count("\"type\":\"finding\""); }
};

Said replay_text(const std::string& text) {
  const hale::test::TemporaryFolder folder;
  const auto file = folder.path() / "odd.csv";
  std::ofstream(file, std::ios::binary) << text;
  Said said;
  ReplayOptions options;
  said.code = replay(
      {file}, options, [&](std::string_view line) { said.lines += line; },
      [&](std::string_view line) { said.complaints += line; });
  return said;
}

constexpr auto kHeader =
    "time,hw.temperature/cpu,hw.fan.speed/fan1,system.cpu.utilization,hw.battery.capacity.full/battery,"
    "hw.battery.capacity.design/battery,hw.temperature.limit/cpu/critical\n";

/// A healthy laptop: warm under load, its fan follows. `spoil` may change a row's cells.
std::string healthy(int rows, int seconds, const std::function<void(int, std::vector<double>&)>& spoil = {}) {
  std::string text = kHeader;
  for (int i = 0; i < rows; ++i) {
    const double load = 0.1 + 0.4 * (0.5 + 0.5 * std::sin(i * seconds / 4000.0));
    std::vector<double> cells{38 + 60 * load, 1500 + 4000 * load, load, 47.5, 50, 100};
    if (spoil) spoil(i, cells);
    text += std::to_string(kNoon / 1000 + std::int64_t{i} * seconds);
    for (const double cell : cells) text += std::isnan(cell) ? "," : fmt::format(",{:.4g}", cell);
    text += '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("a healthy recording gives no finding, so that the spoilt ones mean something") {
  const auto said = replay_text(healthy(3000, 60));
  CHECK(said.code == 0);
  CHECK(said.findings() == 0);
  CHECK(said.count("\"rule\":\"cooling.fan_stopped\",\"status\":\"ok\"") == 1);
}

TEST_CASE("wrong units are refused by the gate, and nothing is concluded from them") {
  const auto said = replay_text(healthy(3000, 60, [](int, std::vector<double>& cells) {
    cells[0] *= 1000;  // thousandths of a degree
    cells[2] *= 100;   // percent
    cells[3] *= 1000;  // mWh
    cells[4] *= 1000;
  }));
  CHECK(said.code == 0);
  CHECK(said.findings() == 0);
  CHECK(said.count("\"rule\":\"battery.worn\",\"status\":\"insufficient\"") == 1);
}

TEST_CASE("swapped columns raise nothing") {
  const auto said =
      replay_text(healthy(3000, 60, [](int, std::vector<double>& cells) { std::swap(cells[0], cells[1]); }));
  CHECK(said.code == 0);
  CHECK(said.findings() == 0);
  const auto batteries =
      replay_text(healthy(3000, 3600, [](int, std::vector<double>& cells) { std::swap(cells[3], cells[4]); }));
  CHECK(batteries.findings() == 0);
}

TEST_CASE("a file written twice into itself is judged once, and what was dropped is told") {
  const auto text = healthy(3000, 60);
  const auto again = text + text.substr(text.find('\n') + 1);
  const auto said = replay_text(again);
  CHECK(said.code == 0);
  CHECK(said.findings() == 0);
  CHECK(said.complaints.find("3000 rows came late or twice and were dropped") != std::string::npos);
}

TEST_CASE("a recording that runs backwards keeps its first row and says how many it dropped") {
  std::string text = kHeader;
  for (int i = 0; i < 500; ++i) text += std::to_string(kNoon / 1000 - 60 * i) + ",99,0,0.9,47,50,100\n";
  const auto said = replay_text(text);
  CHECK(said.code == 0);
  CHECK(said.findings() == 0);
  CHECK(said.complaints.find("499 rows") != std::string::npos);
}

TEST_CASE("absurd values between good ones change nothing") {
  const auto said = replay_text(healthy(3000, 60, [](int i, std::vector<double>& cells) {
    if (i % 7 == 0) cells[0] = i % 2 == 0 ? -273.2 : 65261.8;
    if (i % 11 == 0) cells[1] = 65535;
    if (i % 13 == 0) cells[2] = -5;
    if (i % 17 == 0) cells[3] = 1e300;
  }));
  CHECK(said.code == 0);
  CHECK(said.findings() == 0);
}

TEST_CASE("what is no number is refused with file, line and column, and what came before stands") {
  for (const auto* cell : {"nan", "inf", "-inf", "0x1f", "12,5", "1e999", "warm"}) {
    INFO(cell);
    const std::string quoted = std::string("\"") + cell + "\"";
    const auto said = replay_text(std::string(kHeader) + "1767268800,50,2000,0.2,47,50,100\n1767268860," + quoted +
                                  ",2000,0.2,47,50,100\n");
    CHECK(said.code == 2);
    CHECK(said.complaints.find("odd.csv:3:12: ") != std::string::npos);
    CHECK(said.complaints.find("is no number") != std::string::npos);
  }
  const auto when = replay_text(std::string(kHeader) + "yesterday,50,2000,0.2,47,50,100\n");
  CHECK(when.code == 2);
  CHECK(when.complaints.find("odd.csv:2:1: \"yesterday\" is no time") != std::string::npos);
}

TEST_CASE("a sensor that falls silent, or all of them at once, is no trouble of the PC") {
  const auto one = replay_text(healthy(5000, 60, [](int i, std::vector<double>& cells) {
    if (i > 2000) cells[1] = std::nan("");
  }));
  CHECK(one.findings() == 0);
  const auto all = replay_text(healthy(5000, 60, [](int i, std::vector<double>& cells) {
    if (i > 2000) std::fill(cells.begin(), cells.end(), std::nan(""));
  }));
  CHECK(all.code == 0);
  CHECK(all.findings() == 0);
  const auto zeros = replay_text(healthy(5000, 60, [](int i, std::vector<double>& cells) {
    if (i > 2000) cells[0] = cells[2] = cells[3] = 0;  // a driver that forgot what it reads
  }));
  CHECK(zeros.findings() == 0);
}

TEST_CASE("ten years of hours are judged in little memory and raise nothing") {
  const auto said = replay_text(healthy(87'600, 3600));
  CHECK(said.code == 0);
  CHECK(said.findings() == 0);
}

TEST_CASE("a second between rows changes no conclusion: a hold lasts as long as with minutes") {
  CHECK(replay_text(healthy(60'000, 1)).findings() == 0);
  const auto stopped = [](int seconds) {
    return replay_text(healthy(3 * 3600 / seconds, seconds, [seconds](int i, std::vector<double>& cells) {
      cells[1] = 3000;
      cells[0] = 60;
      if (i * seconds > 3600) {
        cells[0] = 95;
        cells[1] = 0;
      }
    }));
  };
  const auto by_second = stopped(1);
  const auto by_minute = stopped(60);
  CHECK(by_second.count("\"rule\":\"cooling.fan_stopped\",\"state\":\"active\"") == 1);
  CHECK(by_minute.count("\"rule\":\"cooling.fan_stopped\",\"state\":\"active\"") == 1);
}
