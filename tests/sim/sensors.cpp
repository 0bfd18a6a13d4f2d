#include "tests/sim/sensors.hpp"

#include <algorithm>
#include <cmath>

namespace hale::sim {
namespace {

/// Chips count in 1/1000 to 1 K: k10temp 0.125, nct67xx 0.5, coretemp and most GPUs 1, NVMe 1 (Kelvin), ACPI 0.1
/// printed, often 1 real.
double draw_step(Channel channel, Random& random) {
  constexpr std::array<double, 4> fine{0.001, 0.125, 0.5, 1};
  if (channel == Channel::gpu || channel == Channel::disk) return 1;
  if (channel == Channel::acpi) return random.chance(0.6) ? 1 : 0.1;
  if (channel == Channel::battery) return 0.1;
  return fine[static_cast<std::size_t>(random.whole(0, 3))];
}

void show_temperature(SensorSuite& suite, Channel channel, Random& random) {
  Sensor& sensor = suite[channel];
  sensor.present = true;
  sensor.step = draw_step(channel, random);
  sensor.offset = channel == Channel::cpu ? 1.5 * random.normal() : 2.5 * random.normal();
  sensor.scale = 1 + 0.015 * random.normal();
  sensor.noise = random.log_between(0.05, 0.6);
  sensor.glitches = random.chance(0.25) ? random.log_between(1e-6, 1e-4) : 0;
}

void show(SensorSuite& suite, Channel channel, double step, double scale = 1, double noise = 0) {
  Sensor& sensor = suite[channel];
  sensor.present = true;
  sensor.step = step;
  sensor.scale = scale;
  sensor.noise = noise;
}

void show_zone(SensorSuite& suite, Random& random) {
  suite.zone_is_cpu = random.chance(0.5);
  suite.zone_die = suite.zone_is_cpu ? random.between(0.6, 1.0) : random.between(0.0, 0.7);
  suite.zone_filter = random.log_between(10, 240);
  suite.zone_fixed = !suite.zone_is_cpu && random.chance(0.25);
  const Channel as = suite.zone_is_cpu ? Channel::cpu : Channel::acpi;
  show_temperature(suite, as, random);
  suite[as].step = random.chance(0.8) ? 1 : 0.1;
  suite[as].offset += random.between(-4, 6);
}

/// A die's sensor is trimmed at its limit, and errs with the distance from it (Intel's datasheets on the digital
/// thermal sensor).
void show_die(SensorSuite& suite, const Machine& machine, Random& random) {
  show_temperature(suite, Channel::cpu, random);
  Sensor& sensor = suite[Channel::cpu];
  sensor.scale = 1 + 0.03 * random.normal();
  sensor.offset = (1 - sensor.scale) * machine.cpu.limit + 0.3 * random.normal();
  sensor.noise = std::min(sensor.noise, 0.3);
}

void show_extras(SensorSuite& suite, const Machine& machine, Random& random) {
  const bool windows = suite.tier == Tier::zone_gpu;
  if (random.chance(windows ? 0.5 : 0.75)) show_temperature(suite, Channel::disk, random);
  if (machine.has_battery && random.chance(windows ? 0.1 : 0.35)) show_temperature(suite, Channel::battery, random);
  if (!windows && random.chance(0.6)) {
    show_temperature(suite, Channel::acpi, random);
    suite.zone_die = random.between(0, 0.5);
    suite.zone_filter = random.log_between(20, 240);
    suite.zone_fixed = random.chance(0.2);
  }
  // A few sensors vanish or freeze one day.
  for (const Channel channel : {Channel::acpi, Channel::disk, Channel::battery}) {
    if (random.chance(0.03)) suite[channel].lost_from = random.whole(20, 220);
    if (random.chance(0.03)) suite[channel].stuck_from = random.whole(0, 220);
  }
}

}  // namespace

std::string_view column_of(Channel channel) {
  constexpr std::array<std::string_view, kChannels> names{"hw.temperature/cpu",
                                                          "hw.temperature/gpu",
                                                          "hw.temperature/acpi",
                                                          "hw.temperature/disk0",
                                                          "hw.temperature/battery",
                                                          "hw.temperature.limit/cpu/critical",
                                                          "hw.fan.speed/fan1",
                                                          "hw.fan.speed/fan2",
                                                          "hw.power/cpu",
                                                          "hw.power/gpu",
                                                          "system.cpu.utilization",
                                                          "system.cpu.frequency",
                                                          "hw.gpu.utilization/gpu",
                                                          "hale.cpu.throttle.count",
                                                          "hale.cpu.throttle.time",
                                                          "system.uptime",
                                                          "system.power.online",
                                                          "hw.battery.charge/battery",
                                                          "hale.event/host/Kernel-Power.86"};
  return names[static_cast<std::size_t>(channel)];
}

std::string_view to_string(Tier tier) {
  constexpr std::array<std::string_view, kTiers> names{"zone_gpu", "full", "power_only", "fan_only", "basic"};
  return names[static_cast<std::size_t>(tier)];
}

std::string_view describe(Tier tier) {
  constexpr std::array<std::string_view, kTiers> words{
      "Windows without vendor interfaces: GPU, thermal zone, throttling, load; no CPU power, no fan",
      "CPU, power, fan, throttling, load", "CPU, power, load; no fan", "CPU, fan, load; no power", "CPU and load only"};
  return words[static_cast<std::size_t>(tier)];
}

SensorSuite draw_sensors(const Machine& machine, Tier tier, Random& random) {
  SensorSuite suite;
  suite.tier = tier;
  const bool windows = tier == Tier::zone_gpu;
  if (windows)
    show_zone(suite, random);
  else
    show_die(suite, machine, random);
  show(suite, Channel::load, 0.001);
  if (windows || random.chance(0.85)) show(suite, Channel::frequency, 1e6, 1, 2e7);
  const bool gpu = machine.gpu.discrete ? windows || tier == Tier::full || random.chance(0.6) : random.chance(0.35);
  if (gpu) {
    show_temperature(suite, Channel::gpu, random);
    show(suite, Channel::gpu_load, 0.01);
    if (machine.gpu.discrete && random.chance(windows ? 0.4 : 0.7))
      show(suite, Channel::gpu_power, 0.01, 1 + 0.04 * random.normal(), 0.3);
  }
  if (tier == Tier::full || tier == Tier::power_only) {
    show(suite, Channel::cpu_power, 0.001, 1 + 0.05 * random.normal(), 0.05);
    suite.power_is_average = random.chance(0.75);
  }
  if ((tier == Tier::full || tier == Tier::fan_only) && machine.fan.present) {
    show(suite, Channel::fan1, 1);
    if (machine.fan.count > 1 && random.chance(0.75)) show(suite, Channel::fan2, 1);
  }
  if (windows || tier == Tier::full || random.chance(0.5)) {
    show(suite, Channel::throttle_count, 1);
    show(suite, Channel::throttle_time, 1);
  }
  if (!windows && random.chance(0.8)) show(suite, Channel::limit, 1);
  show(suite, Channel::uptime, 1);
  if (machine.has_battery) {
    show(suite, Channel::online, 1);
    show(suite, Channel::charge, 0.01);
  }
  if (random.chance(0.7)) show(suite, Channel::heat_shutdown, 1);
  show_extras(suite, machine, random);
  suite.profile_shown = random.chance(windows ? 0.3 : 0.6);
  return suite;
}

void Sensors::begin_day(int day) {
  day_ = day;
  random_ = Random(seed_, Stream::sensors, static_cast<std::uint64_t>(day));
}

void Sensors::follow_zone(double seconds, double die, double chassis) {
  const double target = suite_.zone_die * die + (1 - suite_.zone_die) * chassis;
  zone_ += seconds / (seconds + suite_.zone_filter) * (target - zone_);
}

double Sensors::read_one(std::size_t channel, double truth) {
  const Sensor& sensor = suite_.sensors[channel];
  const double noise = sensor.noise > 0 ? sensor.noise * random_.normal() : 0;
  double value = truth * sensor.scale + sensor.offset + noise;
  if (static_cast<Channel>(channel) == Channel::cpu && day_ >= suite_.swapped)
    value = value * suite_.swap_scale + suite_.swap_offset;
  if (sensor.glitches > 0 && random_.chance(sensor.glitches)) {
    constexpr std::array<double, 5> odd{0, 127, 255, -128, 0};
    const int which = random_.whole(0, 4);
    value = which == 4 ? value + 40 : odd[static_cast<std::size_t>(which)];
  }
  if (day_ >= sensor.stuck_from) {
    if (std::isnan(stuck_[channel])) stuck_[channel] = value;
    value = stuck_[channel];
  }
  return sensor.step > 0 ? std::round(value / sensor.step) * sensor.step : value;
}

void Sensors::read(const Values& truth, Values& shown) {
  for (std::size_t i = 0; i < kChannels; ++i) {
    const Sensor& sensor = suite_.sensors[i];
    const auto channel = static_cast<Channel>(i);
    double value = truth[i];
    if (channel == Channel::acpi || (channel == Channel::cpu && suite_.zone_is_cpu)) value = zone_;
    if (channel == Channel::acpi && suite_.zone_fixed) value = 27.8;
    shown[i] = sensor.present && day_ < sensor.lost_from && !std::isnan(value) ? read_one(i, value) : kNone;
    if (channel == Channel::acpi && suite_.zone_fixed && sensor.present) shown[i] = 27.8;
  }
}

}  // namespace hale::sim
