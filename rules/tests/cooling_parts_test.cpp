#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <cmath>

#include "rules/detectors/cooling/baseline.hpp"
#include "rules/detectors/cooling/drift.hpp"
#include "rules/detectors/cooling/live_sensors.hpp"
#include "rules/detectors/cooling/resistance.hpp"

using namespace hale::rules;
using namespace hale::rules::cooling;
using Catch::Matchers::WithinAbs;

namespace {

const Parameters kParameters = [] {
  Parameters p{};
  p.learning = {18, 12, 45, 5, 8};
  p.physics = {1.28, 0.7, 0.45, 0.12, 1.8, 0.006, 0.015};
  p.room = {24, 5, 2.5, 1, 2};
  p.error = {0.5, 0.015, 0.06, 0.15, 0.7, 0.3};
  return p;
}();

struct Pc {
  double room{22}, resistance{1};
  std::optional<double> ln_fan{};
  bool disk{true}, cold_start{true};
};

/// A day with light and heavy work; a disk that follows the room; the readings of a cold start.
WorkDay day_of(std::int32_t day, const Pc& pc) {
  WorkDay work;
  work.day = day;
  const double fan = pc.ln_fan ? std::exp(-kParameters.physics.fan_exponent * (*pc.ln_fan - std::log(2000.0))) : 1;
  for (int i = 0; i < 30; ++i) {
    const double wobble = 0.4 * std::sin(i + day);
    const auto put = [&](Site site, unsigned power, double rise, bool judged) {
      work.add({Cell::make(site, power, 0, 0, false, false),
                pc.room + rise * (judged ? pc.resistance * fan : 1) + wobble, judged ? pc.ln_fan : std::nullopt});
    };
    put(Site::cpu, 30, 14, true);
    put(Site::cpu, 38, 46, true);
    if (pc.disk) put(Site::disk, 30, 5, false);
  }
  if (pc.cold_start) work.room.readings.push_back({static_cast<float>(pc.room + 0.5), 1});
  work.room.coldest = static_cast<float>(pc.room + 4);
  return work;
}

struct Learned {
  Baseline baseline;
  Resistance resistance;
  std::int32_t day{};

  explicit Learned(const Pc& pc = {}) {
    for (; day < 18; ++day) {
      Pc today = pc;
      today.room += 2 * std::sin(day);
      baseline.keep(day_of(day, today));
    }
    double room = 0;
    REQUIRE(baseline.learn(kParameters, room));
    resistance.start(day - 1, room, kParameters);
  }
  double live(int days, const Pc& pc) {
    double level = 0;
    for (int i = 0; i < days; ++i) {
      const auto result = resistance.step(day_of(day++, pc), baseline, kParameters);
      REQUIRE(result);
      level = result->level;
    }
    return level;
  }
};

Bucket bucket_of(std::int32_t day, double disk) {
  Bucket bucket;
  bucket.day = day;
  bucket.has = 1u << static_cast<unsigned>(Source::disk_temperature);
  bucket.mean[static_cast<std::size_t>(Source::disk_temperature)] = static_cast<float>(disk);
  return bucket;
}

Drift drift_of(const std::vector<double>& x) {
  Drift drift;
  std::int32_t day = 0;
  for (const double value : x) {
    Day one;
    one.day = day++;
    one.x = one.level = static_cast<float>(value);
    one.variance = 4e-4F;
    one.fan = std::nanf("");
    drift.add(one);
  }
  return drift;
}

}  // namespace

TEST_CASE("a hot month is not taken for a clogged cooler") {
  Learned pc;
  CHECK_THAT(pc.live(30, {.room = 31}), WithinAbs(0, 0.02));
  CHECK_THAT(pc.resistance.room(), WithinAbs(31, 1.5));
}

TEST_CASE("a clogged cooler is seen though the room warms at the same time") {
  Learned pc;
  const double level = pc.live(40, {.room = 28, .resistance = 1.2});
  CHECK(level > 0.14);
  CHECK(level < 0.21);
}

TEST_CASE("without any sensor far from the heat, light against heavy work tells room and resistance apart") {
  Learned pc({.disk = false, .cold_start = false});
  CHECK_THAT(pc.live(30, {.room = 28, .disk = false, .cold_start = false}), WithinAbs(0, 0.05));
  CHECK(pc.live(40, {.room = 28, .resistance = 1.25, .disk = false, .cold_start = false}) > 0.1);
}

TEST_CASE("a fan that turns faster by its new curve is no better cooler, and a slower one no worse") {
  Learned pc({.ln_fan = std::log(2000.0)});
  CHECK_THAT(pc.live(20, {.ln_fan = std::log(2600.0)}), WithinAbs(0, 0.02));
  CHECK_THAT(pc.live(20, {.ln_fan = std::log(1500.0)}), WithinAbs(0, 0.02));
}

TEST_CASE("a day of too little work says nothing") {
  Learned pc;
  WorkDay work;
  work.day = pc.day;
  work.add({Cell::make(Site::cpu, 38, 0, 0, false, false), 90, {}});
  CHECK_FALSE(pc.resistance.step(work, pc.baseline, kParameters));
}

TEST_CASE("work that is new after learning is taken in at the resistance of its day") {
  Learned pc;
  const Cell game = Cell::make(Site::cpu, 42, 2, 0, false, false);
  for (int day = 0; day < 4; ++day) {
    WorkDay work;
    for (int i = 0; i < 10; ++i) work.add({game, 22 + 1.1 * 60, {}});
    pc.baseline.take_in(work.cells.front(), 22, 1.1, kParameters);
  }
  const Usual* usual = pc.baseline.find(game);
  REQUIRE(usual != nullptr);
  CHECK_THAT(static_cast<double>(usual->rise), WithinAbs(60, 0.1));
}

TEST_CASE("a baseline is not learned from a handful of days") {
  Baseline baseline;
  for (std::int32_t day = 0; day < 4; ++day) baseline.keep(day_of(day, {}));
  double room = 0;
  CHECK_FALSE(baseline.learn(kParameters, room));
  CHECK_FALSE(baseline.learned());
}

TEST_CASE("a saved baseline and resistance go on as if nothing had happened") {
  Learned pc;
  pc.live(5, {.resistance = 1.1});
  StateWriter writer;
  pc.baseline.save(writer);
  pc.resistance.save(writer);
  const std::string bytes = writer.take();
  StateReader reader(bytes);
  Baseline baseline;
  Resistance resistance;
  baseline.restore(reader);
  resistance.restore(reader);
  REQUIRE(reader.good());
  REQUIRE(reader.at_end());
  const WorkDay next = day_of(pc.day, {.resistance = 1.1});
  CHECK(resistance.step(next, baseline, kParameters)->level ==
        pc.resistance.step(next, pc.baseline, kParameters)->level);
}

TEST_CASE("a cut baseline is found damaged, wherever it was cut") {
  Learned pc;
  StateWriter writer;
  pc.baseline.save(writer);
  const std::string bytes = writer.take();
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    StateReader reader(std::string_view(bytes).substr(0, size));
    Baseline baseline;
    baseline.restore(reader);
    CHECK_FALSE(reader.good());
  }
}

TEST_CASE("a sensor that says the same for days is not live, and lives again when it moves") {
  LiveSensors live;
  CHECK_FALSE(live.lives(Source::disk_temperature));
  for (std::int32_t day = 1; day < 4; ++day) {
    live.see(bucket_of(day, 30));
    live.see(bucket_of(day, 34));
  }
  CHECK(live.lives(Source::disk_temperature));
  for (std::int32_t day = 4; day < 8; ++day) live.see(bucket_of(day, 34));
  CHECK_FALSE(live.lives(Source::disk_temperature));
  live.see(bucket_of(8, 36));
  CHECK(live.lives(Source::disk_temperature));
}

TEST_CASE("a step is sudden, a rise is not") {
  std::vector<double> step, rise;
  for (int i = 0; i < 24; ++i) {
    const double noise = 0.01 * std::sin(3 * i);
    step.push_back((i < 14 ? 0 : 0.15) + noise);
    rise.push_back(0.008 * i + noise);
  }
  CHECK(drift_of(step).jump().sudden);
  CHECK_THAT(drift_of(step).jump().size, WithinAbs(0.15, 0.02));
  CHECK_FALSE(drift_of(rise).jump().sudden);
  CHECK_THAT(drift_of(rise).slope(), WithinAbs(0.008, 0.001));
}

TEST_CASE("three days count alone only when all of them lie clearly above usual") {
  CHECK(drift_of({0, 0, 0.1, 0.12, 0.11}).last_three() > 0.1);
  CHECK(drift_of({0, 0, 0.1, 0.0, 0.2}).last_three() == 0);
  CHECK(drift_of({0.2, 0.2}).last_three() == 0);
  CHECK(drift_of({0, 0.3, 0.3, 0.3}).stays_above(0.2, 3));
  CHECK_FALSE(drift_of({0.3, 0.3, 0.1}).stays_above(0.2, 3));
}

TEST_CASE("a step that is absorbed is the new usual for the days after it") {
  Drift drift = drift_of({0, 0, 0, 0, 0.1, 0.1, 0.1, 0.1});
  drift.absorb(0.1, 4);
  CHECK_THAT(drift.level(), WithinAbs(0, 1e-6));
  Day next;
  next.day = 9;
  next.x = next.level = 0.15F;
  next.variance = 4e-4F;
  next.fan = std::nanf("");
  drift.add(next);
  CHECK_THAT(drift.level(), WithinAbs(0.05, 1e-6));
}
