#include "tests/sim/machine.hpp"

#include <algorithm>
#include <array>
#include <cmath>

// Where the ranges come from. Power limits: makers' processor data (15-28 W thin, 45-65 W gaming, 65-125 W desktop,
// 6-15 W fanless). Limits: Intel 100-110, AMD 95. Whole resistance: from the temperature that makers design for at the
// sustained limit and a room of 25 Cel. Shares: a Ryzen 4650G under an NH-L9a has 0.87 K/W at 1900 rpm and 1.28 at 650
// (recorded data, tests/sim/real_data_test.cpp); tower coolers have 0.11-0.19 K/W from base to air (Choi 2012). Fins
// against still air: an extrusion falls to 0.435 of its natural resistance at 2 m/s, a blower's dense stack to less.
// Capacities from masses: 30-90 g of copper and water in heat pipes, 60-700 g of fins, 0.4-8 kg of case. Else [own].
namespace hale::sim {
namespace {

struct Ranges {
  Range sustained, burst_ratio, window, idle, design, limit;
  Range die_share, pipe_share, natural_share, leak_share, inlet_share;
  Range base_capacity, sink_capacity, chassis_capacity, chassis_room, case_flow;
  Range top_rpm, other_idle, other_busy, gpu;
  double zero_rpm;  ///< chance that the fan rests when cool
};

constexpr std::array<Ranges, kMachineClasses> kRanges{{
    // thin laptop
    {{12, 28},     {1.6, 2.6},   {20, 56},     {1.2, 3.5},   {74, 106}, {95, 105}, {0.16, 0.34},
     {0.08, 0.16}, {0.05, 0.12}, {0.10, 0.25}, {0.10, 0.40}, {18, 45},  {45, 110}, {450, 1100},
     {0.8, 1.5},   {0, 0},       {3800, 7000}, {3, 6},       {5, 10},   {0, 0},    0.55},
    // gaming laptop
    {{40, 65},     {1.4, 2.2},   {28, 56},     {4, 9},       {76, 106}, {95, 105},  {0.20, 0.38},
     {0.08, 0.16}, {0.03, 0.08}, {0.10, 0.25}, {0.08, 0.30}, {35, 90},  {150, 350}, {1000, 2200},
     {1.4, 2.4},   {0, 0},       {4200, 6500}, {6, 12},      {10, 22},  {60, 140},  0.35},
    // tower with graphics card
    {{65, 125},    {1.1, 1.9},   {28, 56},     {8, 22},  {60, 88},   {89, 100},  {0.28, 0.50},
     {0.06, 0.14}, {0.06, 0.15}, {0.10, 0.22}, {1, 1},   {120, 350}, {250, 700}, {2500, 6000},
     {1.8, 3.5},   {10, 28},     {1200, 2400}, {18, 40}, {28, 70},   {110, 320}, 0.12},
    // tower
    {{35, 95},     {1.1, 1.9},   {28, 56},     {5, 15},  {56, 86},   {90, 100},  {0.28, 0.50},
     {0.06, 0.14}, {0.06, 0.15}, {0.10, 0.22}, {1, 1},   {100, 300}, {180, 550}, {2500, 6000},
     {1.8, 3.2},   {6, 18},      {1400, 3200}, {12, 25}, {16, 40},   {0, 0},     0.06},
    // mini PC
    {{12, 45},     {1.3, 2.4},   {20, 56},     {2, 6},       {68, 100}, {95, 105}, {0.18, 0.38},
     {0.05, 0.14}, {0.05, 0.12}, {0.10, 0.25}, {0.20, 0.60}, {20, 60},  {60, 180}, {350, 900},
     {0.5, 1.1},   {0, 0},       {2800, 5200}, {3, 6},       {5, 9},    {0, 0},    0.20},
    // fanless PC: its case is the heatsink
    {{6, 15},      {1.2, 2.0}, {20, 56},     {1, 3}, {62, 92},  {90, 105},   {0.15, 0.30},
     {0.08, 0.20}, {1, 1},     {0.10, 0.22}, {0, 0}, {30, 100}, {500, 1500}, {350, 900},
     {0.4, 0.9},   {0, 0},     {0, 0},       {2, 4}, {3, 6},    {0, 0},      0},
}};

FanCurve draw_curve(const Ranges& ranges, Random& random) {
  FanCurve curve;
  curve.low = random.between(38, 58);
  curve.high = curve.low + random.between(26, 42);
  curve.floor = random.chance(ranges.zero_rpm) ? 0 : random.between(0.18, 0.38);
  curve.top = random.between(0.82, 1.0);
  curve.shape = random.between(0.7, 1.6);
  curve.levels = random.chance(0.4) ? random.whole(4, 8) : 0;
  curve.hysteresis = random.between(2, 6);
  curve.up = random.log_between(0.06, 0.6);
  curve.down = random.log_between(0.01, 0.12);
  curve.filter = random.log_between(3, 40);
  return curve;
}

FanPart draw_fan(MachineClass kind, const Ranges& ranges, Random& random) {
  FanPart fan;
  fan.present = kind != MachineClass::passive;
  fan.count = kind == MachineClass::gaming && random.chance(0.7) ? 2 : 1;
  fan.top_rpm = ranges.top_rpm.draw(random);
  fan.tach_noise = random.log_between(0.003, 0.02);
  constexpr std::array<double, 4> steps{1, 10, 30, 100};
  fan.tach_step = steps[static_cast<std::size_t>(random.whole(0, 3))];
  fan.speed_controlled = random.chance(0.1);
  const bool blower = kind == MachineClass::thin || kind == MachineClass::gaming || kind == MachineClass::mini;
  fan.unload = blower ? random.between(0, 0.08) : random.between(-0.01, 0.03);
  fan.curve = draw_curve(ranges, random);
  return fan;
}

ProcessorData draw_processor(const Ranges& ranges, Random& random, bool mobile) {
  ProcessorData cpu;
  cpu.sustained = ranges.sustained.draw(random);
  cpu.burst = cpu.sustained * ranges.burst_ratio.draw(random);
  cpu.burst_window = ranges.window.draw(random);
  cpu.idle = ranges.idle.draw(random);
  cpu.unlimited = cpu.burst * random.between(0.95, 1.35);
  cpu.leakage = cpu.sustained * ranges.leak_share.draw(random);
  cpu.leakage_doubling = random.between(22, 45);
  cpu.limit = std::round(ranges.limit.draw(random));
  cpu.trip_margin = random.between(8, 20);
  cpu.lowest_share = random.between(0.06, 0.2);
  cpu.base_hz = random.between(1.2e9, 2.4e9) * (mobile ? 1 : 1.5);
  cpu.top_hz = cpu.base_hz * random.between(1.4, 2.4);
  cpu.on_battery = random.between(0.45, 1.0);
  // A Precision 5570 at a tenth of its load takes 19 W and shows 74 Cel on its hottest core, 100 at moments (recorded).
  cpu.hot_spot = random.between(0.1, 0.8);
  cpu.concave = random.between(0.1, 1.3);
  return cpu;
}

/// Splits the whole resistance that the design temperature implies.
void draw_cooler(Machine& machine, const Ranges& ranges, Random& random) {
  Thermal& t = machine.thermal;
  const bool laptop = machine.kind == MachineClass::thin || machine.kind == MachineClass::gaming;
  const double whole = (ranges.design.draw(random) - 25) / machine.cpu.sustained;
  t.die_base = whole * ranges.die_share.draw(random);
  t.base_sink = 1 / (whole * ranges.pipe_share.draw(random));
  const double to_air = whole - t.die_base - 1 / t.base_sink;
  t.inlet_share = ranges.inlet_share.draw(random);
  t.into_case = t.inlet_share >= 1;
  // Some of the rise is the case's own; what remains is fins against their inlet air.
  const double fins = 1 / (to_air * (t.into_case ? 0.78 : 0.92));
  const double transfer_units = random.between(0.6, 1.8);
  t.air_heat = fins / (1 - std::exp(-transfer_units));
  t.fin_area = transfer_units * t.air_heat;
  t.flow_exponent = random.between(0.6, 0.8);
  t.sink_natural = fins * ranges.natural_share.draw(random);
  t.sink_chassis = laptop || machine.kind == MachineClass::mini ? fins * random.between(0.06, 0.22)
                                                                : fins * random.between(0.005, 0.02);
  t.fan_slope = random.between(0.4, 2.0);
  t.base_capacity = ranges.base_capacity.draw(random);
  t.sink_capacity = ranges.sink_capacity.draw(random);
  t.chassis_capacity = ranges.chassis_capacity.draw(random);
  t.chassis_room = ranges.chassis_room.draw(random);
  t.case_flow = ranges.case_flow.draw(random);
  if (machine.kind == MachineClass::passive) t.sink_natural = fins;
}

/// A gaming laptop's fins carry both chips: they are made for both at once.
void draw_graphics(Machine& machine, const Ranges& ranges, Random& random) {
  Graphics& gpu = machine.gpu;
  Thermal& t = machine.thermal;
  gpu.discrete = ranges.gpu.high > 0;
  if (!gpu.discrete) return;
  gpu.most = ranges.gpu.draw(random);
  gpu.idle = machine.kind == MachineClass::gaming ? random.between(2, 12) : random.between(8, 28);
  gpu.limit = std::round(random.between(83, 90));
  const double whole = (random.between(66, 84) - 25) / gpu.most;
  t.gpu_shares_sink = machine.kind == MachineClass::gaming;
  t.gpu_die_base = whole * random.between(0.15, 0.30);
  t.gpu_base_capacity = random.between(40, 120);
  if (t.gpu_shares_sink) {
    const double ratio = 1 + gpu.most * random.between(0.55, 0.95) / machine.cpu.sustained;
    for (double* one : {&t.fin_area, &t.air_heat, &t.sink_natural, &t.sink_chassis}) *one *= ratio;
    t.gpu_base_sink = 1 / (whole * random.between(0.10, 0.22));
  } else {
    t.gpu_base_sink = 1 / (whole * random.between(0.10, 0.20));
    t.gpu_sink_capacity = random.between(300, 900);
    t.gpu_fins = 1 / (whole - t.gpu_die_base - 1 / t.gpu_base_sink);
  }
}

void draw_rest(Machine& machine, const Ranges& ranges, Random& random) {
  const bool laptop = machine.kind == MachineClass::thin || machine.kind == MachineClass::gaming;
  machine.has_battery = laptop;
  machine.battery_wh = machine.kind == MachineClass::gaming ? random.between(55, 99) : random.between(38, 76);
  machine.hard_disk = !laptop && machine.kind != MachineClass::mini && random.chance(0.35);
  machine.disk_idle = machine.hard_disk ? random.between(2.5, 5) : random.between(0.05, 0.6);
  machine.disk_busy = machine.hard_disk ? machine.disk_idle + random.between(1, 3) : random.between(1.5, 5);
  machine.other_idle = ranges.other_idle.draw(random);
  machine.other_busy = std::max(machine.other_idle, ranges.other_busy.draw(random));
  machine.thermal.disk_capacity = machine.hard_disk ? random.between(350, 550) : random.between(15, 60);
  machine.thermal.disk_chassis = machine.hard_disk ? random.between(0.4, 0.9) : random.between(0.12, 0.3);
  machine.thermal.battery_capacity = random.between(180, 420);
  machine.thermal.battery_chassis = random.between(0.25, 0.6);
}

}  // namespace

std::string_view to_string(MachineClass kind) {
  constexpr std::array<std::string_view, kMachineClasses> names{"thin",  "gaming", "tower_gpu",
                                                                "tower", "mini",   "passive"};
  return names[static_cast<std::size_t>(kind)];
}

Machine draw_machine(MachineClass kind, Random& random) {
  const Ranges& ranges = kRanges[static_cast<std::size_t>(kind)];
  Machine machine;
  machine.kind = kind;
  machine.cpu = draw_processor(ranges, random, kind != MachineClass::tower && kind != MachineClass::tower_gpu);
  draw_cooler(machine, ranges, random);
  draw_graphics(machine, ranges, random);
  machine.fan = draw_fan(kind, ranges, random);
  draw_rest(machine, ranges, random);
  return machine;
}

}  // namespace hale::sim
