#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "collectors/power/energy_meter.hpp"
#include "collectors/tests/machine.hpp"
#include "collectors/tests/unprivileged.hpp"

namespace hale::test {
namespace {

using Catch::Approx;
using namespace std::chrono_literals;

struct MeterAt {
  explicit MeterAt(std::uint64_t range) : meter(range) {}
  std::optional<double> add(std::uint64_t microjoules) { return meter.add(microjoules, clock.steady(), clock.now()); }
  EnergyMeter meter;
  FakeClock clock;
};

TEST_CASE("power is the energy between two readings over the time between them") {
  MeterAt at(1'000'000'000);
  CHECK_FALSE(at.add(10'000'000));
  at.clock.advance(10s);
  CHECK(at.add(160'000'000) == Approx(15.0));
}

TEST_CASE("a counter that began anew is continued, and its joules never fall") {
  MeterAt at(262'143'328'850);
  at.add(262'143'000'000);
  const auto before = at.meter.joules();
  at.clock.advance(10s);
  CHECK(at.add(99'671'150) == Approx(10.0));
  CHECK(at.meter.joules() == Approx(before + 100.0));
}

TEST_CASE("a counter that falls without a known range gives no power") {
  MeterAt at(0);
  at.add(5'000'000);
  at.clock.advance(10s);
  CHECK_FALSE(at.add(1'000'000));
  at.clock.advance(10s);
  CHECK(at.add(101'000'000) == Approx(10.0));
}

TEST_CASE("no power is told over a sleep, as the counter may have been reset in it") {
  MeterAt at(1'000'000'000);
  at.add(900'000'000);
  at.clock.advance(10s);
  at.clock.sleep(1h);
  CHECK_FALSE(at.add(50'000'000));
  at.clock.advance(10s);
  CHECK(at.add(250'000'000) == Approx(20.0));
}

TEST_CASE("no power is told when the wall clock was set in between") {
  MeterAt at(1'000'000'000);
  at.add(0);
  at.clock.advance(10s);
  at.clock.set_wall(at.clock.now() - 24h);
  CHECK_FALSE(at.add(100'000'000));
}

TEST_CASE("a counter that stands still gives no power rather than 0 W") {
  MeterAt at(1'000'000'000);
  at.add(500);
  at.clock.advance(10s);
  CHECK_FALSE(at.add(500));
  CHECK(at.meter.joules() == Approx(0.0005));
}

TEST_CASE("two readings at the same moment are no division by zero") {
  MeterAt at(1'000'000'000);
  at.add(0);
  CHECK_FALSE(at.add(100));
}

/// A PC whose energy counter only root may read, and a hale-probe that answers with what `answer` (shell) prints.
struct ProbedMachine {
  explicit ProbedMachine(const std::string& answer)
      : machine("sys/class/powercap/intel-rapl:0/name\tpackage-0\nsys/class/powercap/intel-rapl:0/energy_uj\t1\n") {
    namespace fs = std::filesystem;
    const auto probe = machine.path() / "hale-probe";
    std::ofstream(probe) << "#!/bin/sh\n[ \"$1 $2\" = 'rapl intel-rapl:0' ] || exit 9\n" << answer << "\n";
    fs::permissions(probe, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                               fs::perms::others_read | fs::perms::others_exec);
    fs::permissions(machine.path(), fs::perms::all);
    fs::permissions(machine.path() / "sys/class/powercap/intel-rapl:0/energy_uj", fs::perms::none);
    machine.environment().probe = probe;
    machine.environment().roots.captured = false;
    collector = find_collector(machine.environment(), "power");
  }
  Machine machine;
  std::unique_ptr<Collector> collector;
};

TEST_CASE("an energy counter that only root may read is asked of hale-probe, once a minute") {
  ProbedMachine pc(
      "echo x >> \"$(dirname \"$0\")/asked\"; n=$(wc -l < \"$(dirname \"$0\")/asked\"); echo $((n * 600000000))");
  const Unprivileged now;
  std::vector<double> watts;
  for (int sweep = 0; sweep < 13; ++sweep) {
    const auto out = pc.machine.sweep(*pc.collector);
    CHECK(out.partial_errors.empty());
    if (const auto value = value_of(out, "hw.power/cpu")) watts.push_back(*value);
    CHECK(pc.collector->status().state == CollectorState::ok);
    pc.machine.pass(10s);
  }
  CHECK(watts == std::vector<double>{10.0, 10.0});
}

TEST_CASE("a hale-probe that may not read the counter either is reported once") {
  ProbedMachine pc("echo 'not allowed' >&2; exit 1");
  const Unprivileged now;
  const auto first = pc.machine.sweep(*pc.collector);
  REQUIRE(first.partial_errors.size() == 1);
  CHECK(first.partial_errors[0].error.message.find("not allowed") != std::string::npos);
  for (int sweep = 0; sweep < 13; ++sweep) {
    pc.machine.pass(10s);
    CHECK(pc.machine.sweep(*pc.collector).partial_errors.empty());
  }
  CHECK(pc.collector->status().state == CollectorState::error);
}

}  // namespace
}  // namespace hale::test
