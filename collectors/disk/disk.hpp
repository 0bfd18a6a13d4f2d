#pragma once
#include <memory>

#include "collectors/collector.hpp"
#include "collectors/disk/disk_devices_linux.hpp"
#include "collectors/hwmon_linux.hpp"

namespace hale {

/// Disks: what they are, their temperature at every sweep, their SMART data every half hour. README.md says how and
/// what it leaves alone.
std::unique_ptr<Collector> make_disk_collector(const CollectorEnvironment& environment,
                                               std::shared_ptr<HwmonTree> hwmon, std::shared_ptr<DiskTree> disks);

}  // namespace hale
