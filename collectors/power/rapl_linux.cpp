#include "collectors/power/rapl_linux.hpp"

#include <algorithm>

#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kZonePrefix = "intel-rapl:";

bool is_top_level(std::string_view zone) {
  return zone.starts_with(kZonePrefix) && zone.find(':', kZonePrefix.size()) == std::string_view::npos;
}

SensorFile long_term_limit(const fs::path& folder) {
  if (text_or_empty(folder / "constraint_0_name") != "long_term") return {};
  return SensorFile(folder / "constraint_0_power_limit_uw");
}

}  // namespace

std::vector<RaplDomain> find_rapl_domains(const fs::path& sys) {
  const fs::path root = sys / "class" / "powercap";
  std::vector<RaplDomain> domains;
  for (const auto& zone : list_directory(root, 4096).value_or(std::vector<std::string>{})) {
    if (!is_top_level(zone)) continue;
    const auto name = text_or_empty(root / zone / "name");
    const bool package = name.starts_with("package-");
    if (!package && name != "psys") continue;
    const auto range = read_int_once(root / zone / "max_energy_range_uj").value_or(0);
    domains.push_back({zone, name, package, SensorFile(root / zone / "energy_uj"), long_term_limit(root / zone),
                       EnergyMeter(static_cast<std::uint64_t>(std::max<std::int64_t>(range, 0))), false});
  }
  std::sort(domains.begin(), domains.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return domains;
}

}  // namespace hale
