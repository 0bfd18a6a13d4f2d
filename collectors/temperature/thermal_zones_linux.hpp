#pragma once
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace hale {

/// A thermal zone that no hwmon chip shows already.
struct ThermalZone {
  std::string type;  ///< "x86_pkg_temp", "SEN1"
  std::string id;  ///< component id; zones of one type are numbered in the kernel's order, as its own hwmon bridge does
  std::filesystem::path folder;
  std::optional<double> critical;  ///< Cel, its critical trip point
};

/// Zones below `sys`/class/thermal whose type is not in `covered` (names of hwmon chips; '-' and '_' are the same) and
/// that are sensors.
std::vector<ThermalZone> find_thermal_zones(const std::filesystem::path& sys, const std::set<std::string>& covered);

}  // namespace hale
