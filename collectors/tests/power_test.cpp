#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "collectors/power/energy_meter.hpp"
#include "collectors/tests/machine.hpp"

namespace hale::test {
namespace {

using Catch::Approx;
using namespace std::chrono_literals;

struct MeterAt {
  EnergyMeter meter;
  ManualClock clock;
  std::optional<double> add(std::uint64_t microjoules) { return meter.add(microjoules, clock.steady(), clock.now()); }
};

TEST_CASE("power is the energy between two readings over the time between them") {
  MeterAt at{EnergyMeter(1'000'000'000), {}};
  CHECK_FALSE(at.add(10'000'000));
  at.clock.pass(10s);
  CHECK(at.add(160'000'000) == Approx(15.0));
}

TEST_CASE("a counter that began anew is continued, and its joules never fall") {
  MeterAt at{EnergyMeter(262'143'328'850), {}};
  at.add(262'143'000'000);
  const auto before = at.meter.joules();
  at.clock.pass(10s);
  CHECK(at.add(99'671'150) == Approx(10.0));
  CHECK(at.meter.joules() == Approx(before + 100.0));
}

TEST_CASE("a counter that falls without a known range gives no power") {
  MeterAt at{EnergyMeter(0), {}};
  at.add(5'000'000);
  at.clock.pass(10s);
  CHECK_FALSE(at.add(1'000'000));
  at.clock.pass(10s);
  CHECK(at.add(101'000'000) == Approx(10.0));
}

TEST_CASE("no power is told over a sleep, as the counter may have been reset in it") {
  MeterAt at{EnergyMeter(1'000'000'000), {}};
  at.add(900'000'000);
  at.clock.pass(10s);
  at.clock.sleep(1h);
  CHECK_FALSE(at.add(50'000'000));
  at.clock.pass(10s);
  CHECK(at.add(250'000'000) == Approx(20.0));
}

TEST_CASE("no power is told when the wall clock was set in between") {
  MeterAt at{EnergyMeter(1'000'000'000), {}};
  at.add(0);
  at.clock.pass(10s);
  at.clock.sleep(-24h);
  CHECK_FALSE(at.add(100'000'000));
}

TEST_CASE("two readings at the same moment are no division by zero") {
  MeterAt at{EnergyMeter(1'000'000'000), {}};
  at.add(0);
  CHECK_FALSE(at.add(100));
}

}  // namespace
}  // namespace hale::test
