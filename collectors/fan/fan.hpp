#pragma once
#include <memory>

#include "collectors/hwmon_linux.hpp"

namespace hale {

/// Fan speeds of hwmon chips, each fan a component. 0 rpm is a real value; a fan without a tachometer is absent. Fans
/// of GPUs: see the gpu collector.
std::unique_ptr<Collector> make_fan_collector(const CollectorEnvironment& environment,
                                              std::shared_ptr<HwmonTree> hwmon);

}  // namespace hale
