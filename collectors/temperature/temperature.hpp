#pragma once
#include <memory>

#include "collectors/hwmon_linux.hpp"

namespace hale {

/// Temperatures of hwmon chips and thermal zones, each a component of its own; besides, `cpu` (hottest die or package
/// sensor, with its critical limit) and `acpi` (board or chassis zone). GPUs and disks are left to their own
/// collectors.
std::unique_ptr<Collector> make_temperature_collector(const CollectorEnvironment& environment,
                                                      std::shared_ptr<HwmonTree> hwmon);

}  // namespace hale
