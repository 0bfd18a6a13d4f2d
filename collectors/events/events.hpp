#pragma once
#include <filesystem>
#include <memory>

#include "collectors/collector.hpp"
#include "collectors/disk/disk_devices_linux.hpp"

namespace hale {

/// What the kernel's log says of failing hardware, by the allow-list of platform/parse/kernel_events. README.md says
/// from where and how much. `journal` = read the journal files of this folder instead of the system's (tests).
std::unique_ptr<Collector> make_events_collector(const CollectorEnvironment& environment,
                                                 std::shared_ptr<DiskTree> disks, std::filesystem::path journal = {});

}  // namespace hale
