#include "tests/sim/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hale::sim {
namespace {

constexpr double kStep = 15;  // s; the fastest node that is integrated, a heat pipe's base, takes longer
constexpr int kStepsAMinute = 4;

std::size_t at(Channel channel) { return static_cast<std::size_t>(channel); }

std::string_view chassis_of(MachineClass kind) {
  switch (kind) {
    case MachineClass::thin:
    case MachineClass::gaming:
      return "laptop";
    case MachineClass::mini:
    case MachineClass::passive:
      return "mini";
    default:
      return "desktop";
  }
}

}  // namespace

Simulation::Simulation(const Scenario& scenario)
    : scenario_(scenario),
      network_(scenario.machine),
      fan_(scenario.machine.fan),
      processor_(scenario.machine),
      room_(scenario.climate, scenario.seed),
      use_(scenario.habits, scenario.machine, scenario.seed),
      faults_(scenario.fault, scenario.machine, scenario.seed),
      sensors_(scenario.sensors, scenario.seed) {
  for (const RoomEvent& event : scenario.room) room_.add(event);
  for (const UseEvent& event : scenario.use) use_.add(event);
  days_.reserve(static_cast<std::size_t>(scenario.days));
  const Reference reference = reference_point(scenario_.machine);
  network_.set_wear({});
  clean_resistance_ = network_.resistance(reference.heat, reference.flow);
  context_.host_chassis = chassis_of(scenario.machine.kind);
  context_.utc_offset = scenario.utc_offset;
  network_.reset(24);
}

void Simulation::apply_wear() {
  Wear wear = faults_.wear();
  wear.pad = setup_.pad;
  wear.dock = setup_.dock;
  wear.paste *= setup_.paste;
  network_.set_wear(wear);
  FanHealth health = faults_.health();
  health.speed *= setup_.fan_speed;
  fan_.set_health(health);
}

void Simulation::begin_day() {
  ++day_;
  minute_ = 0;
  room_.begin_day(day_);
  plan_ = &use_.begin_day(day_);
  sensors_.begin_day(day_);
  fan_noise_ = Random(scenario_.seed, Stream::fan, static_cast<std::uint64_t>(day_));
  const double heavy_before = days_.empty() ? 0 : days_.back().heavy_hours;
  faults_.begin_day(day_, heavy_before);
  if (day_ == 0 || scenario_.setup_changes(day_)) {
    setup_ = scenario_.setup_on(day_);
    fan_.set_curve(setup_.curve);
    context_.bios_version = setup_.bios;
    context_.os_build = setup_.os_build;
    context_.platform_profile = setup_.profile;
  }
  apply_wear();
  // What one can do about a fan is part of the resistance: the command is fixed, the speed is the fan's answer.
  const Reference reference = reference_point(scenario_.machine);
  FanHealth health = faults_.health();
  health.speed *= setup_.fan_speed;
  Fan probe(scenario_.machine.fan);
  probe.set_health(health);
  const double flow = probe.flow_at(reference.flow);
  Day day;
  const double now = network_.resistance(reference.heat, flow);
  if (day_ == 0) {
    day0_resistance_ = now;
    installed_ratio_ = now / clean_resistance_;
  }
  day.resistance = now / day0_resistance_;
  day.fan_speed = health.still ? 0 : faults_.health().speed;
  days_.push_back(day);
}

std::int64_t Simulation::shown_ms() const {
  std::int64_t shown = true_ms();
  for (const ClockJump& jump : scenario_.jumps) {
    if (day_ == jump.day && minute_ >= jump.minute && minute_ < jump.minute + jump.minutes)
      shown += static_cast<std::int64_t>(3'600'000 * jump.hours);
  }
  return shown;
}

/// Switching on, off, to sleep and awake.
void Simulation::power_transition(Activity activity) {
  const bool on = activity != Activity::off && activity != Activity::asleep;
  if (on && !running_) {
    network_.cool(off_seconds_, room_now_);
    off_seconds_ = 0;
    fan_.rest();
    processor_.rest();
    if (!asleep_) {
      uptime_ = throttle_ms_ = throttle_count_ = 0;
      context_.boot_id = fmt::format("boot-{:x}-{}", scenario_.seed, ++boots_);
    }
  }
  if (!on) asleep_ = activity == Activity::asleep && (running_ || asleep_);
  running_ = on;
}

void Simulation::note_episode(bool now) {
  if (now && !in_episode_) episodes_.push_back({true_ms(), true_ms()});
  if (now) episodes_.back().to_ms = true_ms() + 60'000;
  in_episode_ = now;
}

void Simulation::battery(const Minute& minute) {
  if (!scenario_.machine.has_battery) return;
  on_battery_ = minute.on_battery && charge_ > 0.08;
  const double watts = processor_.watts + processor_.gpu_watts + scenario_.machine.other_busy;
  if (on_battery_) {
    charge_ = std::max(0.02, charge_ - watts / 60 / scenario_.machine.battery_wh);
    charging_watts_ = 0.05 * watts;
  } else {
    const double rate = charge_ < 0.8 ? 0.6 : charge_ < 0.995 ? 0.2 : 0;  // of capacity per hour
    charge_ = std::min(1.0, charge_ + rate / 60);
    charging_watts_ = 0.06 * rate * scenario_.machine.battery_wh;
  }
}

void Simulation::simulate(const Minute& minute) {
  const Machine& machine = scenario_.machine;
  PowerSettings power = setup_.power;
  processor_.set(power, on_battery_);
  mean_load_ = mean_gpu_ = mean_watts_ = mean_gpu_watts_ = 0;
  Heat heat;
  heat.sun = room_.sun(minute_);
  heat.battery = charging_watts_;
  Day& day = days_.back();
  for (int i = 0; i < kStepsAMinute; ++i) {
    const Load load = use_.load(minute);
    processor_.step(kStep, load, network_.base, network_.die_base(), network_.gpu_base, machine.thermal.gpu_die_base);
    fan_.step(kStep, std::max(processor_.die, machine.gpu.discrete ? processor_.gpu_die + 4 : 0));
    heat.cpu = processor_.watts;
    heat.gpu = processor_.gpu_watts;
    const double busy = std::min(1.0, load.cpu + 0.3 * load.gpu);
    // Converters lose a tenth of what they pass on.
    heat.other = machine.other_idle + (machine.other_busy - machine.other_idle) * busy + 0.1 * (heat.cpu + heat.gpu);
    heat.disk = machine.disk_idle + (machine.disk_busy - machine.disk_idle) * std::min(1.0, 0.6 * load.cpu);
    network_.step(kStep, heat, fan_.flow(), room_now_);
    sensors_.follow_zone(kStep, processor_.die, network_.chassis);
    mean_load_ += load.cpu / kStepsAMinute;
    mean_gpu_ += load.gpu / kStepsAMinute;
    mean_watts_ += processor_.watts / kStepsAMinute;
    mean_gpu_watts_ += processor_.gpu_watts / kStepsAMinute;
    throttle_ms_ += processor_.throttled_ms;
    day.throttled_ms += processor_.throttled_ms;
    if (processor_.throttled && !was_throttled_) ++throttle_count_;
    was_throttled_ = processor_.throttled;
    day.hottest = std::max(day.hottest, processor_.die);
    if (processor_.tripped) {
      trip_pending_ = true;
      ++day.trips;
      break;
    }
  }
}

void Simulation::fill(const Minute& minute, Row& row) {
  Values truth;
  truth.fill(kNone);
  const auto put = [&](Channel channel, double value) { truth[at(channel)] = value; };
  put(Channel::cpu, processor_.die);
  put(Channel::gpu, processor_.gpu_die);
  put(Channel::acpi, 0);
  put(Channel::disk, network_.disk);
  if (scenario_.machine.has_battery) put(Channel::battery, network_.battery);
  if (first_row_) put(Channel::limit, scenario_.machine.cpu.limit);
  put(Channel::fan1, fan_.tach(0, network_.flow_share(), fan_noise_));
  put(Channel::fan2, fan_.tach(1, network_.flow_share(), fan_noise_));
  const bool average = scenario_.sensors.power_is_average;
  put(Channel::cpu_power, average ? mean_watts_ : processor_.watts);
  put(Channel::gpu_power, processor_.gpu_watts);
  put(Channel::load, mean_load_);
  put(Channel::frequency, processor_.frequency);
  put(Channel::gpu_load, mean_gpu_);
  put(Channel::throttle_count, throttle_count_);
  put(Channel::throttle_time, throttle_ms_);
  put(Channel::uptime, uptime_);
  put(Channel::online, minute.on_battery && on_battery_ ? 0 : 1);
  put(Channel::charge, charge_);
  if (first_row_) put(Channel::heat_shutdown, trip_pending_ ? 1 : 0);
  sensors_.read(truth, row.values);
  row.time_ms = shown_ms();
  row.context_changed = !(context_ == told_);
  if (row.context_changed) told_ = context_;
  row.context = &context_;
}

bool Simulation::run_minute(const Minute& planned, Row& row) {
  Minute minute = planned;
  const bool wanted = minute.activity != Activity::off && minute.activity != Activity::asleep;
  if (out_minutes_ > 0) {  // it switched itself off; its owner would go on with what was planned
    --out_minutes_;
    if (wanted) {
      for (int i = 0; i < kStepsAMinute; ++i) use_.load(minute);
    }
    minute.activity = Activity::off;
  }
  const bool was_running = running_;
  power_transition(minute.activity);
  room_now_ = room_.temperature(minute_);
  if (faults_.begin_minute(running_ && fan_.command() > 0, running_ && minute.in_bed)) apply_wear();
  note_episode(running_ && (faults_.blocked() || faults_.stalled()));
  if (!running_) {
    off_seconds_ += 60;
    return false;
  }
  first_row_ = first_row_ || (!was_running && uptime_ == 0);
  uptime_ += 60;
  Day& day = days_.back();
  ++day.minutes_on;
  day.room_sum += room_now_;
  if (minute.activity == Activity::gaming || minute.activity == Activity::compile) day.heavy_hours += 1 / 60.0;
  battery(minute);
  const int trips = day.trips;
  simulate(minute);
  if (day.trips > trips) {
    // Once it is started again; after the second time that day it is left alone.
    out_minutes_ = day.trips > 1 ? 600 : 20;
    return false;
  }
  if (!unseen_) fill(minute, row);
  if (first_row_) trip_pending_ = false;
  first_row_ = false;
  return true;
}

bool Simulation::next(Row& row) {
  while (true) {
    if (minute_ >= 1440) {
      if (day_ + 1 >= scenario_.days) return false;
      begin_day();
    }
    const bool shown = run_minute((*plan_)[static_cast<std::size_t>(minute_)], row);
    if (shown) row.time_ms = shown_ms();
    ++minute_;
    if (shown) return true;
  }
}

void Simulation::run_unseen() {
  unseen_ = true;
  Row row;
  while (next(row)) {
  }
}

}  // namespace hale::sim
