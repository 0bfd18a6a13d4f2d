#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hale {

/// What /sys/class/power_supply says a supply is.
enum class SupplyKind : std::uint8_t { battery, mains, usb, other };

struct SupplyEntry {
  std::string name;  ///< "BAT0"
  SupplyKind kind{};
  std::filesystem::path folder;
};

/// Supplies of the PC itself: those of attached devices (scope "Device") are left out.
std::vector<SupplyEntry> find_supplies(const std::filesystem::path& sys);

/// One battery's numbers as the kernel gives them: micro-units, all optional.
struct BatteryRaw {
  std::optional<std::int64_t> capacity;            ///< percent
  std::optional<std::int64_t> energy_now;          ///< uWh
  std::optional<std::int64_t> energy_full;         ///< uWh
  std::optional<std::int64_t> energy_full_design;  ///< uWh
  std::optional<std::int64_t> charge_now;          ///< uAh
  std::optional<std::int64_t> charge_full;         ///< uAh
  std::optional<std::int64_t> charge_full_design;  ///< uAh
  std::optional<std::int64_t> voltage_min_design;  ///< uV
  std::optional<std::int64_t> voltage_now;         ///< uV
  std::optional<std::int64_t> power_now;           ///< uW
  std::optional<std::int64_t> current_now;         ///< uA
  std::optional<std::int64_t> cycle_count;
  std::optional<std::int64_t> temp;  ///< tenths of a degree Celsius
};

/// The same in the units of the metrics.
struct BatteryValues {
  std::optional<double> charge;           ///< 0..1
  std::optional<double> capacity_full;    ///< Wh
  std::optional<double> capacity_design;  ///< Wh
  std::optional<double> cycles;
  std::optional<double> power;        ///< W, in or out of the battery, never negative
  std::optional<double> temperature;  ///< Cel
};

/// Capacities given as electric charge become energy at the design voltage, which the kernel documents as
/// voltage_min_design; without one they stay absent rather than depend on the momentary voltage. Pure.
BatteryValues battery_values(const BatteryRaw& raw);

}  // namespace hale
