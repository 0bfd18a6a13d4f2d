#include "agent/store/store.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <csignal>
#include <fstream>
#include <random>

#include "tests/support/data.hpp"

using namespace hale;
using namespace hale::agent;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::string kKey(32, 'k');
const Timestamp kStart = from_unix_ms(1'790'000'000'000 / 3'600'000 * 3'600'000);

Finding make_finding(const std::string& fingerprint, FindingState state = FindingState::active,
                     Timestamp time = kStart) {
  Finding finding;
  finding.fingerprint = fingerprint;
  finding.rule = "disk.failing";
  finding.component = "disk0";
  finding.cause = Cause::disk_failing;
  finding.state = state;
  finding.severity = Severity::critical;
  finding.confidence = 0.9;
  finding.summary = "The disk says that it fails.";
  finding.evidence.from = finding.evidence.to = time;
  finding.first_seen = kStart;
  finding.last_seen = time;
  return finding;
}

UrgentChange change_of(const Finding& finding) {
  UrgentChange change;
  change.findings.push_back(finding);
  change.meta["judge"] = "state after " + finding.fingerprint;
  change.items.push_back({fmt::format("finding-{}-{}", finding.fingerprint, to_unix_ms(finding.last_seen)),
                          ItemKind::finding, finding.last_seen, R"({"rule":"disk.failing"})"});
  return change;
}

/// Ten minutes of a 10 s sweep over `series` sensors.
GroupedChange ten_minutes(Store& store, Timestamp from, int series = 40) {
  Block block;
  for (int i = 0; i < 60; ++i) block.times.push_back(to_unix_ms(from) + i * 10'000);
  for (int s = 0; s < series; ++s) {
    Column column;
    column.series = store.series_id(Metric::hw_temperature, fmt::format("sensor{}", s), "");
    for (std::uint32_t i = 0; i < 60; ++i) {
      column.rows.push_back(i);
      column.values.push_back(std::round((40 + s + 5 * std::sin(i / 10.0)) * 4) / 4);
    }
    block.columns.push_back(std::move(column));
  }
  GroupedChange change;
  change.detail = std::move(block);
  return change;
}

}  // namespace

TEST_CASE("blocks come back exactly as they were written, odd doubles included") {
  std::mt19937 random(7);
  Block block;
  std::int64_t time = 1'790'000'000'123;
  for (int i = 0; i < 200; ++i) block.times.push_back(time += 10'000 + static_cast<int>(random() % 7));
  const std::vector<double> odd{0.0, -0.0, 0.1 + 0.2, 1e300, -273.15, 65535, 1.0 / 3, 1e15, -1e-320};
  for (std::uint32_t s = 0; s < 5; ++s) {
    Column column;
    column.series = s * 1000;
    for (std::uint32_t i = 0; i < 200; ++i) {
      if (s % 2 == 1 && random() % 3 == 0) continue;
      column.rows.push_back(i);
      column.values.push_back(s == 4 ? odd[i % odd.size()] : static_cast<double>(random() % 100'000) / 1000);
    }
    if (s == 3) column.low = column.high = column.values;
    block.columns.push_back(std::move(column));
  }
  const auto decoded = decode_block(encode_block(block));
  REQUIRE(decoded);
  CHECK(*decoded == block);
  CHECK(std::signbit(decoded->columns[4].values[1]));
}

TEST_CASE("a damaged block is an error, never a crash") {
  Block block{{1000, 2000}, {{1, {0, 1}, {20.5, 21}, {}, {}}}};
  const auto bytes = encode_block(block);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    CHECK_FALSE(decode_block(std::string_view(bytes).substr(0, cut)));
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    auto damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    static_cast<void>(decode_block(damaged));
  }
}

TEST_CASE("aggregates keep the minimum, mean and maximum of each step") {
  Block block{{0, 10'000, 300'000, 310'000}, {{7, {0, 1, 2, 3}, {10, 20, 30, 50}, {}, {}}}};
  const auto steps = aggregate(std::vector{block}, 300'000, 0, 600'000);
  REQUIRE(steps.columns.size() == 1);
  CHECK(steps.times == std::vector<std::int64_t>{0, 300'000});
  CHECK(steps.columns[0].values == std::vector<double>{15, 40});
  CHECK(steps.columns[0].low == std::vector<double>{10, 30});
  CHECK(steps.columns[0].high == std::vector<double>{20, 50});
}

TEST_CASE("a finding, its upload and the judge's state are there together after a restart") {
  const test::TemporaryFolder folder;
  {
    Store store(folder.path() / "hale.db", kKey, {});
    CHECK(store.trouble().empty());
    store.write(change_of(make_finding("aaaaaaaa-1")));
    store.write(change_of(make_finding("aaaaaaaa-1", FindingState::resolved, kStart + std::chrono::hours(1))));
  }
  Store store(folder.path() / "hale.db", kKey, {});
  CHECK(store.findings(false).empty());
  REQUIRE(store.findings(true).size() == 1);
  CHECK(store.findings(true)[0].state == FindingState::resolved);
  CHECK(store.transitions(10).size() == 2);
  CHECK(store.meta("judge") == "state after aaaaaaaa-1");
  CHECK(store.finding("disk.failing"));
  CHECK(store.finding("aaaaaaaa"));
  CHECK_FALSE(store.finding("aaaa"));
  REQUIRE(store.outbox() != nullptr);
  CHECK(store.outbox()->counts()->waiting == 2);
}

TEST_CASE("an item that the outbox refuses does not keep the finding from being stored") {
  const test::TemporaryFolder folder;
  Store store(folder.path() / "hale.db", kKey, {});
  auto first = change_of(make_finding("f1"));
  auto second = change_of(make_finding("f2"));
  second.items[0].id = first.items[0].id;
  second.items[0].body = "{}";
  store.write(first);
  store.write(second);
  CHECK(store.trouble().empty());
  CHECK(store.findings(false).size() == 2);
  CHECK(store.outbox()->counts()->waiting == 1);
}

TEST_CASE("messages wait, are shown, answered or withdrawn") {
  const test::TemporaryFolder folder;
  Store store(folder.path() / "hale.db", kKey, {});
  UrgentChange change;
  for (const auto* id : {"m1", "m2"}) {
    Notification message;
    message.id = id;
    message.fingerprint = "f";
    message.rule = "disk.failing";
    message.title = "t";
    message.body = "b";
    message.time = kStart;
    change.messages.push_back(message);
  }
  store.write(change);
  CHECK(store.messages(MessageState::waiting).size() == 2);
  UrgentChange states;
  states.message_states = {{"m1", MessageState::shown}, {"m2", MessageState::withdrawn}};
  store.write(states);
  REQUIRE(store.messages(MessageState::shown).size() == 1);
  CHECK(store.messages(MessageState::shown)[0].message.id == "m1");
  CHECK(store.messages(MessageState::waiting).empty());
}

TEST_CASE("readings are rolled up into five minutes, hours and days, and come back as history") {
  const test::TemporaryFolder folder;
  Store store(folder.path() / "hale.db", kKey, {.durable = false});
  const auto day = kStart - (kStart.time_since_epoch() % std::chrono::hours(24));
  for (int i = 0; i < 6 * 50; ++i)
    store.write(ten_minutes(store, day + std::chrono::minutes(10 * i), 3), day + std::chrono::minutes(10 * (i + 1)));
  const auto size = store.size();
  CHECK(size.blocks[0] == 300);
  CHECK(size.blocks[1] == 50);
  CHECK(size.blocks[2] == 2);
  CHECK(size.blocks[3] == 2);
  const auto all = day + std::chrono::hours(100);
  CHECK(store.history(0, Metric::hw_temperature, "sensor0", "", day, all).size() == 300 * 60);
  CHECK(store.history(1, Metric::hw_temperature, "sensor0", "", day, all).size() == 50 * 12);
  CHECK(store.history(2, Metric::hw_temperature, "sensor1", "", day, all).size() == 48);
  const auto days = store.history(3, Metric::hw_temperature, "sensor2", "", day, all);
  REQUIRE(days.size() == 2);
  CHECK(std::abs(days[0].second - 42) < 5);
}

TEST_CASE("names of series survive a restart") {
  const test::TemporaryFolder folder;
  std::uint32_t id = 0;
  {
    Store store(folder.path() / "hale.db", kKey, {});
    store.write(ten_minutes(store, kStart, 5), kStart);
    id = store.series_id(Metric::hw_temperature, "sensor3", "");
  }
  Store store(folder.path() / "hale.db", kKey, {});
  CHECK(store.series_id(Metric::hw_temperature, "sensor3", "") == id);
  CHECK(store.series_id(Metric::hw_temperature, "another", "") > id);
  CHECK(store.history(0, Metric::hw_temperature, "sensor3", "", kStart, kStart + std::chrono::hours(1)).size() == 60);
}

TEST_CASE("over its size bound the store drops the oldest detail and no finding") {
  const test::TemporaryFolder folder;
  Store store(folder.path() / "hale.db", kKey, {.max_bytes = 2'000'000, .durable = false});
  store.write(change_of(make_finding("kept-for-ever")));
  std::mt19937 random(1);
  auto time = kStart;
  for (int i = 0; i < 400; ++i) {
    auto change = ten_minutes(store, time, 30);
    for (auto& column : change.detail->columns)
      for (auto& value : column.values) value += static_cast<double>(random() % 100'000) / 1000;
    time += std::chrono::minutes(10);
    store.write(std::move(change), time);
  }
  CHECK(store.trouble().empty());
  CHECK(store.size().bytes <= 2'000'000);
  CHECK(std::filesystem::file_size(folder.path() / "hale.db") < 3'000'000);
  CHECK(store.history(0, Metric::hw_temperature, "sensor0", "", kStart, kStart + std::chrono::hours(1)).empty());
  CHECK_FALSE(store.history(0, Metric::hw_temperature, "sensor0", "", time - std::chrono::hours(1), time).empty());
  CHECK(store.findings(true).size() == 1);
}

TEST_CASE("a year of ten-minute blocks keeps its rollups and stays under the default bound") {
  const test::TemporaryFolder folder;
  Store store(folder.path() / "hale.db", kKey, {.durable = false});
  auto time = kStart;
  for (int i = 0; i < 6 * 24 * 3; ++i) {  // three days stand for the rhythm; the year is checked by age below
    store.write(ten_minutes(store, time), time + std::chrono::minutes(10));
    time += std::chrono::minutes(10);
  }
  const auto later = kStart + std::chrono::hours(24 * 36);
  store.write(ten_minutes(store, later), later + std::chrono::minutes(10));
  CHECK(store.history(0, Metric::hw_temperature, "sensor0", "", kStart, kStart + std::chrono::hours(1)).empty());
  CHECK(store.history(1, Metric::hw_temperature, "sensor0", "", kStart, kStart + std::chrono::hours(1)).empty());
  CHECK(store.history(2, Metric::hw_temperature, "sensor0", "", kStart, kStart + std::chrono::hours(24)).size() >= 12);
}

TEST_CASE("a damaged database is moved aside and the agent goes on with a new one") {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "hale.db") << std::string(8192, 'x');
  Store store(folder.path() / "hale.db", kKey, {});
  CHECK(store.trouble().empty());
  CHECK_THAT(store.opening_note(), ContainsSubstring("hale.db.damaged"));
  CHECK(std::filesystem::exists(folder.path() / "hale.db.damaged"));
  store.write(change_of(make_finding("f")));
  CHECK(store.findings(false).size() == 1);
}

TEST_CASE("everything is gone after it was told to forget") {
  const test::TemporaryFolder folder;
  Store store(folder.path() / "hale.db", kKey, {});
  store.write(ten_minutes(store, kStart), kStart);
  store.write(change_of(make_finding("f-secret-fingerprint")));
  const auto erased = store.erase_all();
  INFO((erased ? std::string() : erased.error().message));
  REQUIRE(erased);
  CHECK(store.findings(true).empty());
  CHECK(store.size().blocks[0] == 0);
  CHECK_FALSE(store.meta("judge"));
  CHECK(store.outbox()->counts()->waiting == 0);
  std::ifstream file(folder.path() / "hale.db", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  CHECK(bytes.find("f-secret-fingerprint") == std::string::npos);
  store.write(change_of(make_finding("f2")));
  CHECK(store.findings(false).size() == 1);
}

TEST_CASE(
    "a series' history is its means and extremes a step; the end is outside, and what was never stored is empty") {
  const test::TemporaryFolder folder;
  Store store(folder.path() / "hale.db", kKey, {});
  store.write(ten_minutes(store, kStart), kStart + std::chrono::minutes(10));
  REQUIRE(store.trouble().empty());
  const SeriesName wanted[] = {{Metric::hw_temperature, "nobody", ""}, {Metric::hw_temperature, "sensor3", ""}};
  constexpr std::int64_t kStep = 300'000;
  const auto curves = store.history(wanted, kStart, kStart + std::chrono::minutes(10), kStep);
  REQUIRE(curves.size() == 2);
  CHECK(curves[0].empty());
  REQUIRE(curves[1].size() == 2);
  double sum = 0;
  double low = 1000;
  double high = 0;
  for (int i = 0; i < 30; ++i) {
    const double value = std::round((43 + 5 * std::sin(i / 10.0)) * 4) / 4;
    sum += value;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  CHECK(curves[1][0].start_ms == to_unix_ms(kStart));
  CHECK(std::abs(curves[1][0].mean - sum / 30) < 1e-6);
  CHECK(curves[1][0].low == low);
  CHECK(curves[1][0].high == high);
  CHECK(curves[1][1].start_ms == to_unix_ms(kStart) + kStep);
  CHECK(store.history(wanted, kStart, kStart + std::chrono::minutes(5), kStep)[1].size() == 1);
  CHECK(store.history(wanted, kStart + std::chrono::hours(1), kStart + std::chrono::hours(2), kStep)[1].empty());
}
