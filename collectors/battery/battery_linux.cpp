#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "collectors/battery/battery.hpp"
#include "collectors/battery/power_supply_linux.hpp"
#include "collectors/sensor_file_linux.hpp"
#include "collectors/sweep.hpp"
#include "core/text.hpp"
#include "platform/crypto.hpp"

namespace hale {
namespace {

/// A file of a battery and where its number goes.
struct Field {
  const char* file;
  std::optional<std::int64_t> BatteryRaw::*value;
};
constexpr std::size_t kShortestSalt = 16;  ///< what crypto::hash_hex takes as a key

constexpr std::array kFields{
    Field{"capacity", &BatteryRaw::capacity},
    Field{"energy_now", &BatteryRaw::energy_now},
    Field{"energy_full", &BatteryRaw::energy_full},
    Field{"energy_full_design", &BatteryRaw::energy_full_design},
    Field{"charge_now", &BatteryRaw::charge_now},
    Field{"charge_full", &BatteryRaw::charge_full},
    Field{"charge_full_design", &BatteryRaw::charge_full_design},
    Field{"voltage_min_design", &BatteryRaw::voltage_min_design},
    Field{"voltage_now", &BatteryRaw::voltage_now},
    Field{"power_now", &BatteryRaw::power_now},
    Field{"current_now", &BatteryRaw::current_now},
    Field{"cycle_count", &BatteryRaw::cycle_count},
    Field{"temp", &BatteryRaw::temp},
};

struct OpenField {
  std::size_t field;
  SensorFile file;
};

struct Battery {
  std::string name;
  std::string id;
  SensorFile status;
  std::vector<OpenField> fields;
};

struct Mains {
  std::string name;
  SensorFile online;
};

class BatteryCollector final : public Collector {
 public:
  explicit BatteryCollector(const CollectorEnvironment& environment)
      : environment_(environment), clock_(clock_of(environment)) {}

  std::string_view name() const override { return "battery"; }
  /// Each question to a battery is a talk with the embedded controller, milliseconds long on some laptops.
  std::chrono::seconds interval() const override { return std::chrono::seconds(30); }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  void look(Collection& out);
  void report_missing(Collection& out, const std::vector<SupplyEntry>& supplies);
  std::string id_of(const std::string& name);
  Component describe(const SupplyEntry& supply, const std::string& id) const;
  void read_battery(Collection& out, Battery& battery);
  void read_online(Collection& out);

  CollectorEnvironment environment_;
  const Clock& clock_;
  EverySoOften look_due_{kRescanInterval};
  std::map<std::string, std::string>
      ids_;  ///< by supply name, kept so that a battery taken out does not rename the other one
  std::vector<Battery> batteries_;
  std::vector<Mains> mains_;
  std::optional<bool> discharging_;  ///< of any battery, in this sweep
  ComponentBook book_;
  FaultLog faults_{"battery"};
  std::size_t working_{0};
};

std::string BatteryCollector::id_of(const std::string& name) {
  const auto [entry, fresh] = ids_.try_emplace(name);
  if (fresh) entry->second = ids_.size() == 1 ? "battery" : make_component_id("battery", name, "");
  return entry->second;
}

Component BatteryCollector::describe(const SupplyEntry& supply, const std::string& id) const {
  Component battery;
  battery.id = id;
  battery.parent = "host";
  battery.type = ComponentType::battery;
  battery.vendor = text_or_empty(supply.folder / "manufacturer");
  battery.model = text_or_empty(supply.folder / "model_name");
  battery.name = fmt::format("Battery {}", supply.name);
  const auto serial = text_or_empty(supply.folder / "serial_number");
  // Firmware without one says nothing, zeros or spaces. Without a salt a hash could be guessed back: then none is
  // given.
  if (environment_.serial_salt.size() >= kShortestSalt && serial.find_first_not_of(" 0") != std::string::npos)
    battery.serial_hash = crypto::hash_hex(serial, environment_.serial_salt);
  return battery;
}

void BatteryCollector::report_missing(Collection& out, const std::vector<SupplyEntry>& supplies) {
  for (const auto& battery : batteries_) {
    const auto same = [&](const SupplyEntry& supply) { return supply.name == battery.name; };
    if (std::any_of(supplies.begin(), supplies.end(), same)) continue;
    faults_.failed(out, battery.id, Error{Errc::not_found, fmt::format("the battery {} has gone", battery.name)});
  }
}

void BatteryCollector::look(Collection& out) {
  if (!look_due_.due(clock_.steady())) return;
  const auto supplies = find_supplies(environment_.roots.sys);
  report_missing(out, supplies);
  batteries_.clear();
  mains_.clear();
  std::vector<Component> components;
  for (const auto& supply : supplies) {
    if (supply.kind != SupplyKind::battery) {
      mains_.push_back({supply.name, SensorFile(supply.folder / "online")});
      continue;
    }
    Battery battery{supply.name, id_of(supply.name), SensorFile(supply.folder / "status"), {}};
    std::error_code error;
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      const auto file = supply.folder / kFields[i].file;
      if (std::filesystem::exists(file, error)) battery.fields.push_back({i, SensorFile(file)});
    }
    components.push_back(describe(supply, battery.id));
    batteries_.push_back(std::move(battery));
  }
  book_.set(std::move(components));
}

void BatteryCollector::read_battery(Collection& out, Battery& battery) {
  BatteryRaw raw;
  bool any = false;
  std::optional<Error> failure;
  for (auto& [field, file] : battery.fields) {
    const auto value = file.read_int();
    if (value) {
      raw.*kFields[field].value = *value;
      any = true;
    } else if (value.error().code != Errc::unsupported) {
      // ENODATA only says that this firmware does not know this number.
      failure = value.error();
    }
  }
  if (failure) faults_.failed(out, battery.id, *failure);
  if (!any) return;
  ++working_;
  if (!failure) faults_.worked(battery.id);
  const auto values = battery_values(raw);
  const auto add = [&](Metric metric, std::optional<double> value) {
    if (value) add_reading(out, metric, battery.id, *value);
  };
  add(Metric::hw_battery_charge, values.charge);
  add(Metric::hw_battery_capacity_full, values.capacity_full);
  add(Metric::hw_battery_capacity_design, values.capacity_design);
  add(Metric::hw_battery_cycles, values.cycles);
  add(Metric::hw_power, values.power);
  add(Metric::hw_temperature, values.temperature);
  std::array<char, 32> buffer{};
  const auto status = battery.status.read(buffer);
  if (status && *status != "Unknown") discharging_ = discharging_.value_or(false) || *status == "Discharging";
}

/// On mains when any supply delivers; without a supply to ask, the battery's own word: it discharges or not.
void BatteryCollector::read_online(Collection& out) {
  std::optional<bool> online;
  for (auto& mains : mains_) {
    const auto value = mains.online.read_int();
    if (!value) {
      if (value.error().code != Errc::unsupported) faults_.failed(out, mains.name, value.error());
      continue;
    }
    faults_.worked(mains.name);
    online = online.value_or(false) || *value > 0;
  }
  if (!online && discharging_) online = !*discharging_;
  if (online) add_reading(out, Metric::system_power_online, "", *online ? 1.0 : 0.0);
}

void BatteryCollector::collect(Collection& out, bool describe_all) {
  working_ = 0;
  discharging_.reset();
  look(out);
  for (auto& battery : batteries_) read_battery(out, battery);
  read_online(out);
  book_.tell(out, describe_all);
}

CollectorStatus BatteryCollector::status() const {
  return status_of(working_, "batteries", faults_, "no battery (usual in a desktop PC)");
}

}  // namespace

std::unique_ptr<Collector> make_battery_collector(const CollectorEnvironment& environment) {
  return std::make_unique<BatteryCollector>(environment);
}

}  // namespace hale
