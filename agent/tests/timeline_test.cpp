#include "agent/service/timeline.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace hale;
using hale::agent::Timeline;
using namespace std::chrono_literals;

namespace {

const Timestamp kWall = from_unix_ms(1'790'000'000'000);
const Clock::Steady kSteady{};

}  // namespace

TEST_CASE("on an honest clock times are the wall clock's") {
  Timeline timeline(std::nullopt);
  CHECK(timeline.next(kWall, kSteady).time == kWall);
  const auto moment = timeline.next(kWall + 10s, kSteady + 10s);
  CHECK(moment.time == kWall + 10s);
  CHECK(moment.kind == Timeline::Kind::normal);
}

TEST_CASE("a resume from sleep is a gap: the wall clock went on while the steady one stood") {
  Timeline timeline(std::nullopt);
  timeline.next(kWall, kSteady);
  const auto moment = timeline.next(kWall + 8h, kSteady + 10s);
  CHECK(moment.kind == Timeline::Kind::gap);
  CHECK(moment.time == kWall + 8h);
  CHECK(moment.jump == 8h - 10s);
}

TEST_CASE("a clock set back by minutes is caught up with at half speed, never backwards") {
  Timeline timeline(std::nullopt);
  timeline.next(kWall, kSteady);
  auto last = kWall;
  for (int i = 1; i <= 40; ++i) {
    const auto moment = timeline.next(kWall - 3min + i * 10s, kSteady + i * 10s);
    CHECK(moment.time > last);
    last = moment.time;
    if (i < 18) CHECK(moment.kind == Timeline::Kind::slewed);
  }
  CHECK(last == kWall - 3min + 400s);
}

TEST_CASE("a clock set back by a year is waited for, and then believed") {
  Timeline timeline(std::nullopt);
  timeline.next(kWall, kSteady);
  CHECK(timeline.next(kWall - 24h * 365, kSteady + 10s).kind == Timeline::Kind::waiting);
  CHECK(timeline.next(kWall - 24h * 365, kSteady + 9min).kind == Timeline::Kind::waiting);
  const auto moment = timeline.next(kWall - 24h * 365, kSteady + 11min);
  CHECK(moment.kind == Timeline::Kind::restarted);
  CHECK(moment.time == kWall - 24h * 365);
  CHECK(timeline.next(kWall - 24h * 365 + 10s, kSteady + 11min + 10s).kind == Timeline::Kind::normal);
}

TEST_CASE("a PC that starts with a dead clock battery waits for the time server") {
  Timeline timeline(kWall);
  CHECK(timeline.next(from_unix_ms(946'684'800'000), kSteady).kind == Timeline::Kind::waiting);
  const auto moment = timeline.next(kWall + 1h, kSteady + 30s);
  CHECK(moment.time == kWall + 1h);
  CHECK(moment.kind == Timeline::Kind::gap);
}

TEST_CASE("a clock that stood years behind when the PC started, and was then put right, was reset; told once") {
  Timeline timeline(kWall);
  CHECK(timeline.next(kWall - 24h * 9000, kSteady + 40s).kind == Timeline::Kind::waiting);
  const auto right = timeline.next(kWall + 1h, kSteady + 70s);
  CHECK(right.clock_was_reset);
  CHECK_FALSE(timeline.next(kWall + 2h, kSteady + 1h).clock_was_reset);
}

TEST_CASE("a clock that somebody set back while the PC ran, or that was an hour off, was not reset by its battery") {
  Timeline running(kWall);
  running.next(kWall - 24h * 9000, kSteady + 30h);
  CHECK_FALSE(running.next(kWall + 1h, kSteady + 31h).clock_was_reset);
  Timeline zone(kWall);
  zone.next(kWall - 8h, kSteady + 40s);
  CHECK_FALSE(zone.next(kWall + 1h, kSteady + 70s).clock_was_reset);
}
