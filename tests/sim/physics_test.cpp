#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "tests/sim/fan.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/processor.hpp"

using namespace hale::sim;
using Catch::Approx;

namespace {

Machine machine(MachineClass kind, std::uint64_t seed) {
  Random random(seed, Stream::machine);
  return draw_machine(kind, random);
}

void settle(Network& network, const Heat& heat, double flow, double room) {
  for (int i = 0; i < 20'000; ++i) network.step(15, heat, flow, room);
}

}  // namespace

TEST_CASE("in steady state as much heat leaves every kind of machine as enters it") {
  for (int kind = 0; kind < kMachineClasses; ++kind) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const Machine one = machine(static_cast<MachineClass>(kind), seed);
      Network network(one);
      network.set_wear({.clog = 0.5, .fouling = 0.1});
      network.reset(25);
      const Heat heat{.cpu = 15, .gpu = one.gpu.discrete ? 40.0 : 0.0, .other = 8, .disk = 1, .battery = 0.5, .sun = 2};
      settle(network, heat, 0.7, 25);
      INFO("class " << kind << " seed " << seed);
      CHECK(network.leaving(0.7, 25) ==
            Approx(heat.cpu + heat.gpu + heat.other + heat.disk + heat.battery + heat.sun).epsilon(0.005));
    }
  }
}

TEST_CASE("a machine left alone comes back to the room's temperature and not below it") {
  Network network(machine(MachineClass::tower_gpu, 3));
  network.set_wear({});
  network.reset(70);
  network.cool(6 * 3600, 21);
  CHECK(network.sink < 21 + (70 - 21) / 3.0);
  CHECK(network.sink >= 21);
  CHECK(network.disk >= 21);
  network.cool(13 * 3600, 21);
  CHECK(network.sink == 21);
}

TEST_CASE("longer steps end at the same temperatures as short ones") {
  const Machine one = machine(MachineClass::gaming, 5);
  const Heat heat{.cpu = 45, .gpu = 60, .other = 12, .disk = 1, .battery = 0, .sun = 0};
  Network fine(one), coarse(one);
  fine.set_wear({});
  coarse.set_wear({});
  for (int i = 0; i < 3600; ++i) fine.step(1, heat, 0.8, 24);
  for (int i = 0; i < 240; ++i) coarse.step(15, heat, 0.8, 24);
  CHECK(coarse.sink == Approx(fine.sink).margin(0.5));
  CHECK(coarse.base == Approx(fine.base).margin(0.5));
}

TEST_CASE("more flow cools better, ever less so; none leaves natural convection") {
  for (const auto kind : {MachineClass::thin, MachineClass::gaming, MachineClass::tower, MachineClass::mini}) {
    const Machine one = machine(kind, 11);
    Network network(one);
    network.set_wear({});
    const Heat heat = reference_point(one).heat;
    const double still = network.resistance(heat, 0), slow = network.resistance(heat, 0.3),
                 middle = network.resistance(heat, 0.65), full = network.resistance(heat, 1);
    CHECK(still > 1.4 * slow);
    CHECK(slow - middle > middle - full);
    CHECK(middle > full);
  }
}

TEST_CASE("the fan rises at once, falls only past its hysteresis, and rests where its curve says so") {
  FanPart part;
  part.present = true;
  part.top_rpm = 5000;
  part.tach_step = 1;
  part.curve = {.low = 50,
                .high = 80,
                .floor = 0,
                .top = 1,
                .shape = 1,
                .levels = 0,
                .hysteresis = 5,
                .up = 1,
                .down = 1,
                .filter = 0.001};
  Fan fan(part);
  for (int i = 0; i < 10; ++i) fan.step(15, 40);
  CHECK(fan.flow() == 0);
  for (int i = 0; i < 10; ++i) fan.step(15, 70);
  const double up = fan.flow();
  CHECK(up > 0.5);
  for (int i = 0; i < 10; ++i) fan.step(15, 66);
  CHECK(fan.flow() == up);
  for (int i = 0; i < 10; ++i) fan.step(15, 60);
  CHECK(fan.flow() < up);
  for (int i = 0; i < 10; ++i) fan.step(15, 42);
  CHECK(fan.flow() == 0);
}

TEST_CASE("a processor bursts above its long-term limit, then keeps to it, and leaks more when hot") {
  Machine one = machine(MachineClass::thin, 2);
  one.cpu.limit = 1000;
  Processor processor(one);
  processor.set({}, false);
  const Load all{.cpu = 1};
  processor.step(15, all, 30, 0, 30, 0);
  const double first = processor.watts;
  CHECK(first > 1.3 * one.cpu.sustained);
  for (int i = 0; i < 200; ++i) processor.step(15, all, 30, 0, 30, 0);
  CHECK(processor.watts == Approx(one.cpu.sustained).epsilon(0.02));
  const Load light{.cpu = 0.1};
  for (int i = 0; i < 50; ++i) processor.step(15, light, 35, 0, 30, 0);
  const double cool = processor.watts;
  for (int i = 0; i < 50; ++i) processor.step(15, light, 90, 0, 30, 0);
  CHECK(processor.watts > 1.02 * cool);
}

TEST_CASE("at its limit temperature the processor gives up power and says for how long") {
  const Machine one = machine(MachineClass::thin, 7);
  Processor processor(one);
  processor.set({}, false);
  const double resistance = 1.0;
  for (int i = 0; i < 10; ++i)
    processor.step(15, {.cpu = 1}, one.cpu.limit - 0.6 * one.cpu.sustained, resistance, 40, 0.1);
  CHECK(processor.throttled);
  CHECK(processor.die == Approx(one.cpu.limit));
  CHECK(processor.throttled_ms == Approx(15'000));
  CHECK_FALSE(processor.tripped);
}
