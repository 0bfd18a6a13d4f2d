#include "collectors/battery/power_supply_linux.hpp"

#include <cmath>

#include "collectors/sensor_file_linux.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

constexpr double kMicro = 1e6;

SupplyKind kind_of(const std::string& type) {
  if (type == "Battery") return SupplyKind::battery;
  if (type == "Mains") return SupplyKind::mains;
  if (type.starts_with("USB")) return SupplyKind::usb;
  return SupplyKind::other;
}

/// Wh from an energy, else from a charge at the design voltage.
std::optional<double> watt_hours(std::optional<std::int64_t> energy, std::optional<std::int64_t> charge,
                                 std::optional<std::int64_t> volts) {
  if (energy) return static_cast<double>(*energy) / kMicro;
  if (!charge || !volts || *volts <= 0) return std::nullopt;
  return static_cast<double>(*charge) / kMicro * (static_cast<double>(*volts) / kMicro);
}

std::optional<double> share(std::optional<std::int64_t> now, std::optional<std::int64_t> full) {
  if (!now || !full || *full <= 0) return std::nullopt;
  return static_cast<double>(*now) / static_cast<double>(*full);
}

}  // namespace

std::vector<SupplyEntry> find_supplies(const fs::path& sys) {
  const fs::path root = sys / "class" / "power_supply";
  std::vector<SupplyEntry> supplies;
  for (const auto& name : list_directory(root, 256).value_or(std::vector<std::string>{})) {
    const auto folder = root / name;
    if (text_or_empty(folder / "scope") == "Device") continue;
    if (text_or_empty(folder / "present") == "0") continue;  // an empty bay
    const auto kind = kind_of(text_or_empty(folder / "type"));
    if (kind != SupplyKind::other) supplies.push_back({name, kind, folder});
  }
  return supplies;
}

BatteryValues battery_values(const BatteryRaw& raw) {
  BatteryValues values;
  if (raw.capacity) values.charge = static_cast<double>(*raw.capacity) / 100.0;
  if (!values.charge) values.charge = share(raw.energy_now, raw.energy_full);
  if (!values.charge) values.charge = share(raw.charge_now, raw.charge_full);
  values.capacity_full = watt_hours(raw.energy_full, raw.charge_full, raw.voltage_min_design);
  values.capacity_design = watt_hours(raw.energy_full_design, raw.charge_full_design, raw.voltage_min_design);
  // -1 is how firmware says that it does not count.
  if (raw.cycle_count && *raw.cycle_count >= 0) values.cycles = static_cast<double>(*raw.cycle_count);
  if (raw.power_now) values.power = std::abs(static_cast<double>(*raw.power_now)) / kMicro;
  if (!values.power && raw.current_now && raw.voltage_now) {
    values.power =
        std::abs(static_cast<double>(*raw.current_now)) / kMicro * (static_cast<double>(*raw.voltage_now) / kMicro);
  }
  if (raw.temp) values.temperature = static_cast<double>(*raw.temp) / 10.0;
  return values;
}

}  // namespace hale
