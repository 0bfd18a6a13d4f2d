#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "collectors/power/energy_meter.hpp"
#include "collectors/sensor_file_linux.hpp"
#include "collectors/sweep.hpp"

namespace hale {

/// One top-level RAPL domain of the powercap class: a CPU package, or the whole platform ("psys").
struct RaplDomain {
  std::string zone;  ///< "intel-rapl:0", as hale-probe wants it
  std::string name;  ///< "package-0", "psys"
  bool package{false};
  SensorFile energy;
  SensorFile long_term;  ///< constraint_0_power_limit_uw; unnamed when there is none
  EnergyMeter meter;
  bool working{false};  ///< the last try gave a number
};

/// Packages and psys, by name. Core, uncore and DRAM lie within or beside them and are left out; so is intel-rapl-mmio,
/// which shows the packages again. AMD processors appear under the same names.
std::vector<RaplDomain> find_rapl_domains(const std::filesystem::path& sys);

}  // namespace hale
