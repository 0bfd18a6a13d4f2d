#include "collectors/temperature/thermal_zones_linux.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "collectors/sensor_file_linux.hpp"
#include "collectors/temperature/roles.hpp"
#include "core/component.hpp"
#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "thermal_zone";
constexpr int kMaxTrips = 12;  ///< THERMAL_MAX_TRIPS of older kernels

std::string plain(std::string type) {
  std::replace(type.begin(), type.end(), '-', '_');
  return to_lower_ascii(type);
}

std::optional<double> critical_trip(const fs::path& folder) {
  for (int trip = 0; trip < kMaxTrips; ++trip) {
    const auto type = read_text_once(folder / fmt::format("trip_point_{}_type", trip));
    if (!type) return std::nullopt;
    if (*type != "critical") continue;
    const auto value = read_int_once(folder / fmt::format("trip_point_{}_temp", trip));
    // Firmware without a critical point says 0 or -274000.
    if (value && *value > 0) return static_cast<double>(*value) / 1000.0;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> zone_numbers(const fs::path& folder) {
  std::vector<std::uint64_t> numbers;
  const auto names = list_directory(folder, 4096);
  if (!names) return numbers;
  for (const std::string_view name : *names) {
    if (!name.starts_with(kPrefix)) continue;
    if (const auto number = parse_uint(name.substr(kPrefix.size()))) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

std::vector<ThermalZone> find_thermal_zones(const fs::path& sys, const std::set<std::string>& covered) {
  std::set<std::string> shown;
  for (const auto& name : covered) shown.insert(plain(name));
  std::vector<ThermalZone> zones;
  std::map<std::string, int> count;
  const fs::path root = sys / "class" / "thermal";
  for (const auto number : zone_numbers(root)) {
    ThermalZone zone;
    zone.folder = root / fmt::format("{}{}", kPrefix, number);
    zone.type = text_or_empty(zone.folder / "type");
    if (zone.type.empty() || is_no_sensor(zone.type) || is_disk_chip(zone.type) || shown.contains(plain(zone.type)))
      continue;
    const int ordinal = ++count[make_component_id(zone.type, "", "")];
    zone.id = make_component_id(zone.type, "virtual-0", fmt::format("temp{}", ordinal));
    zone.critical = critical_trip(zone.folder);
    zones.push_back(std::move(zone));
  }
  return zones;
}

}  // namespace hale
