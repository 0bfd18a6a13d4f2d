#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "collectors/cpu/cpu_model_linux.hpp"
#include "collectors/sensor_file_linux.hpp"
#include "collectors/temperature/roles.hpp"
#include "collectors/temperature/temperature.hpp"
#include "collectors/temperature/thermal_zones_linux.hpp"
#include "platform/files.hpp"

namespace hale {
namespace {

constexpr double kMilli = 1000.0;  ///< hwmon and thermal zones speak in thousandths of a degree Celsius

struct Sensor {
  std::string id;
  SensorFile input;
  std::string critical_file;  ///< empty = none
  std::string high_file;
  std::optional<double> critical;
  std::optional<double> high;
  std::optional<int> cpu_rank;
  std::optional<int> board_rank;
  double offset{0};  ///< K to subtract for the `cpu` reading
  bool worked{false};
  std::optional<double> value;  ///< Cel, of this sweep
};

class TemperatureCollector final : public Collector {
 public:
  TemperatureCollector(const CollectorEnvironment& environment, std::shared_ptr<HwmonTree> hwmon)
      : roots_(environment.roots), clock_(clock_of(environment)), hwmon_(std::move(hwmon)) {}

  std::string_view name() const override { return "temperature"; }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  void look_for_sensors(Collection& out);
  void rebuild();
  void add_chip(const HwmonChip& chip, std::vector<Component>& components);
  void add_zone(const ThermalZone& zone, std::vector<Component>& components);
  void read_limits(Collection& out);
  void add_cpu_limit(Collection& out) const;
  void read_values(Collection& out);
  void add_roles(Collection& out);

  SystemRoots roots_;
  const Clock& clock_;
  std::shared_ptr<HwmonTree> hwmon_;
  EverySoOften limits_due_{kRescanInterval};
  unsigned generation_{0};
  std::vector<std::string> zone_listing_;
  std::vector<Sensor> sensors_;
  ComponentBook book_;
  FaultLog faults_{"temperature"};
  std::size_t working_{0};
};

Component make_sensor_component(const std::string& id, std::string name, bool of_cpu) {
  Component component;
  component.id = id;
  component.parent = of_cpu ? "cpu" : "host";
  component.type = ComponentType::temperature;
  component.name = std::move(name);
  return component;
}

void TemperatureCollector::add_chip(const HwmonChip& chip, std::vector<Component>& components) {
  const double offset = tctl_offset(cpu_model(roots_.proc));
  const bool has_tdie = std::any_of(chip.channels.begin(), chip.channels.end(),
                                    [](const auto& channel) { return channel.label == "Tdie"; });
  for (const auto& channel : chip.channels) {
    if (channel.kind != HwmonKind::temperature) continue;
    Sensor sensor;
    sensor.id = channel.id;
    sensor.input = SensorFile(chip.folder / channel.input);
    if (channel.has_critical) sensor.critical_file = (chip.folder / (channel.attribute + "_crit")).string();
    if (channel.has_high) sensor.high_file = (chip.folder / (channel.attribute + "_max")).string();
    sensor.cpu_rank = cpu_rank(chip.name, channel.label);
    sensor.board_rank = board_rank(chip.name, channel.label);
    if (sensor.cpu_rank && !has_tdie && (chip.name == "k10temp" || chip.name == "zenpower")) sensor.offset = offset;
    components.push_back(make_sensor_component(
        sensor.id, fmt::format("{} {}", chip.name, channel.label.empty() ? channel.attribute : channel.label),
        sensor.cpu_rank.has_value() || channel.label.starts_with("Tccd")));
    sensors_.push_back(std::move(sensor));
  }
}

void TemperatureCollector::add_zone(const ThermalZone& zone, std::vector<Component>& components) {
  Sensor sensor;
  sensor.id = zone.id;
  sensor.input = SensorFile(zone.folder / "temp");
  sensor.critical = zone.critical;
  sensor.cpu_rank = cpu_rank(zone.type, "");
  sensor.board_rank = board_rank(zone.type, "");
  components.push_back(make_sensor_component(sensor.id, zone.type, sensor.cpu_rank.has_value()));
  sensors_.push_back(std::move(sensor));
}

void TemperatureCollector::rebuild() {
  sensors_.clear();
  std::vector<Component> components;
  std::set<std::string> covered;
  for (const auto& chip : hwmon_->chips()) {
    if (!chip.gpu.empty()) continue;
    covered.insert(chip.name);
    if (!is_disk_chip(chip.name)) add_chip(chip, components);
  }
  // coretemp's package sensor reads the same register.
  const auto is_package = [](const Sensor& sensor) { return sensor.cpu_rank == 0; };
  if (std::any_of(sensors_.begin(), sensors_.end(), is_package)) covered.insert("x86_pkg_temp");
  for (const auto& zone : find_thermal_zones(roots_.sys, covered)) add_zone(zone, components);
  const auto on_board = [](const Sensor& sensor) { return sensor.board_rank.has_value(); };
  if (std::any_of(sensors_.begin(), sensors_.end(), on_board))
    components.push_back(make_sensor_component("acpi", "Board", false));
  book_.set(std::move(components));
}

/// Zones have no listing of their own in the hwmon tree: a change of their names counts as one.
void TemperatureCollector::look_for_sensors(Collection& out) {
  hwmon_->refresh(out);
  bool changed = generation_ != hwmon_->generation();
  const bool due = limits_due_.due(clock_.steady());
  if (due) {
    auto zones = list_directory(roots_.sys / "class" / "thermal", 4096).value_or(std::vector<std::string>{});
    if (zones != zone_listing_) changed = true;
    zone_listing_ = std::move(zones);
  }
  if (changed) rebuild();
  generation_ = hwmon_->generation();
  if (changed || due) read_limits(out);
}

void TemperatureCollector::read_limits(Collection& out) {
  for (auto& sensor : sensors_) {
    const auto read = [](const std::string& file, std::optional<double>& limit) {
      if (file.empty()) return;
      const auto value = read_int_once(file);
      if (value) limit = static_cast<double>(*value) / kMilli;
    };
    read(sensor.critical_file, sensor.critical);
    read(sensor.high_file, sensor.high);
    if (sensor.critical) add_reading(out, Metric::hw_temperature_limit, sensor.id, *sensor.critical, "critical");
    if (sensor.high) add_reading(out, Metric::hw_temperature_limit, sensor.id, *sensor.high, "high");
  }
  add_cpu_limit(out);
}

/// The lowest critical limit of the sensors that speak for the CPU (TjMax on Intel).
void TemperatureCollector::add_cpu_limit(Collection& out) const {
  const Sensor* best = nullptr;
  for (const auto& sensor : sensors_) {
    if (!sensor.cpu_rank || !sensor.critical) continue;
    const auto key = [](const Sensor& s) { return std::pair(*s.cpu_rank, *s.critical - s.offset); };
    if (best == nullptr || key(sensor) < key(*best)) best = &sensor;
  }
  if (best != nullptr)
    add_reading(out, Metric::hw_temperature_limit, "cpu", *best->critical - best->offset, "critical");
}

void TemperatureCollector::read_values(Collection& out) {
  working_ = 0;
  std::vector<std::pair<std::string, Error>> failures;
  bool gone = false;
  for (auto& sensor : sensors_) {
    sensor.value.reset();
    const auto value = sensor.input.read_int();
    if (!value) {
      gone = gone || value.error().code == Errc::not_found;
      failures.emplace_back(sensor.id, value.error());
      continue;
    }
    ++working_;
    sensor.worked = true;
    sensor.value = static_cast<double>(*value) / kMilli;
    faults_.worked(sensor.id);
    add_reading(out, Metric::hw_temperature, sensor.id, *sensor.value);
  }
  // A chip that has gone is one report, not one for each of its sensors.
  if (gone && hwmon_->suspect(out)) return;
  for (const auto& [id, error] : failures) faults_.failed(out, id, error);
}

void TemperatureCollector::add_roles(Collection& out) {
  // The best kind of sensor that ever worked stays the source, so that the series does not jump between sensors when
  // one read fails.
  std::optional<int> best_cpu;
  const Sensor* board = nullptr;
  for (const auto& sensor : sensors_) {
    if (!sensor.worked) continue;
    if (sensor.cpu_rank && (!best_cpu || *sensor.cpu_rank < *best_cpu)) best_cpu = sensor.cpu_rank;
    if (sensor.board_rank && (board == nullptr || *sensor.board_rank < *board->board_rank)) board = &sensor;
  }
  std::optional<double> hottest;
  for (const auto& sensor : sensors_) {
    if (!best_cpu || sensor.cpu_rank != best_cpu || !sensor.value) continue;
    hottest = std::max(hottest.value_or(*sensor.value - sensor.offset), *sensor.value - sensor.offset);
  }
  if (hottest) add_reading(out, Metric::hw_temperature, "cpu", *hottest);
  if (board != nullptr && board->value) add_reading(out, Metric::hw_temperature, "acpi", *board->value);
}

void TemperatureCollector::collect(Collection& out, bool describe_all) {
  look_for_sensors(out);
  read_values(out);
  add_roles(out);
  book_.tell(out, describe_all);
}

CollectorStatus TemperatureCollector::status() const {
  if (!hwmon_->trouble().empty()) return {CollectorState::error, hwmon_->trouble()};
  return status_of(working_, "sensors", faults_,
                   "no temperature sensors: neither hwmon chips nor thermal zones (usual in a virtual machine); on a "
                   "real PC run sensors-detect "
                   "or load the board's sensor driver");
}

}  // namespace

std::unique_ptr<Collector> make_temperature_collector(const CollectorEnvironment& environment,
                                                      std::shared_ptr<HwmonTree> hwmon) {
  return std::make_unique<TemperatureCollector>(environment, std::move(hwmon));
}

}  // namespace hale
