#pragma once
#include <memory>

#include "collectors/hwmon_linux.hpp"

namespace hale {

/// Power: RAPL packages (hw.power/cpu from the energy between sweeps, hw.power.limit/cpu/long_term), the whole platform
/// where RAPL knows it, and power sensors of hwmon chips. GPUs and batteries report their own.
std::unique_ptr<Collector> make_power_collector(const CollectorEnvironment& environment,
                                                std::shared_ptr<HwmonTree> hwmon);

}  // namespace hale
