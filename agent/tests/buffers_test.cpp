#include "agent/service/buffers.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace hale;
using namespace hale::agent;
using nlohmann::json;

namespace {

const Timestamp kStart = from_unix_ms(1'790'000'100'000 / 300'000 * 300'000);

}  // namespace

TEST_CASE("readings become columns that share the times of their sweeps") {
  ReadingBuffer buffer;
  buffer.add(kStart, std::vector<rules::Sample>{{0, 20}, {3, 1000}});
  buffer.add(kStart + std::chrono::seconds(10), std::vector<rules::Sample>{{3, 1010}});
  buffer.add(kStart + std::chrono::seconds(20), {});
  const auto block = buffer.take([](rules::SeriesIndex series) { return series + 100; });
  CHECK(block.times.size() == 2);
  REQUIRE(block.columns.size() == 2);
  CHECK(block.columns[0] == Column{100, {0}, {20}, {}, {}});
  CHECK(block.columns[1] == Column{103, {0, 1}, {1000, 1010}, {}, {}});
  CHECK(buffer.empty());
}

TEST_CASE("telemetry is five-minute minimum, mean and maximum, written as the wire has it") {
  rules::Layout layout;
  const auto cpu = layout.series(Metric::hw_temperature, "cpu");
  const auto smart = layout.series(Metric::hw_physical_disk_smart, "disk \"0\"", "5");
  TelemetryBuffer buffer;
  for (int i = 0; i < 90; ++i)
    buffer.add(kStart + std::chrono::seconds(10 * i), std::vector<rules::Sample>{{cpu, 40.0 + i % 30}});
  buffer.add(kStart + std::chrono::seconds(605), std::vector<rules::Sample>{{smart, 7}});
  const auto body = json::parse(buffer.take(layout, false));
  CHECK(body["start"] == to_rfc3339(kStart));
  CHECK(body["step_s"] == 300);
  REQUIRE(body["series"].size() == 1);
  CHECK(body["series"][0]["metric"] == "hw.temperature");
  CHECK(body["series"][0]["component"] == "cpu");
  CHECK(body["series"][0]["offsets"] == json::array({0, 1}));
  CHECK(body["series"][0]["min"] == json::array({40, 40}));
  CHECK(body["series"][0]["mean"] == json::array({54.5, 54.5}));
  CHECK(body["series"][0]["max"] == json::array({69, 69}));
  const auto rest = json::parse(buffer.take(layout, true));
  REQUIRE(rest["series"].size() == 2);
  CHECK(rest["series"][1]["component"] == "disk \"0\"");
  CHECK(rest["series"][1]["key"] == "5");
  CHECK(buffer.take(layout, true).empty());
}

TEST_CASE("a day without a flush keeps the newest day of telemetry") {
  rules::Layout layout;
  const auto cpu = layout.series(Metric::hw_temperature, "cpu");
  TelemetryBuffer buffer;
  for (int i = 0; i < 400; ++i)
    buffer.add(kStart + std::chrono::minutes(5 * i), std::vector<rules::Sample>{{cpu, static_cast<double>(i)}});
  const auto body = json::parse(buffer.take(layout, true));
  CHECK(body["series"][0]["offsets"].size() == 288);
  CHECK(body["series"][0]["max"].back() == 399);
}
