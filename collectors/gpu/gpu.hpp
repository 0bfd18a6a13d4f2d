#pragma once
#include <memory>
#include <string>

#include "collectors/hwmon_linux.hpp"

namespace hale {

/// Graphics processors: temperature, fans, power and utilisation. `gpu` is the discrete one where there is one, else
/// the first by PCI address; further ones are named by driver and address. A GPU that sleeps is never woken: of a
/// device whose power/runtime_status is not "active", nothing but that file is read. `nvml`: NVIDIA's library, loaded
/// at run time when an NVIDIA GPU is awake and its driver bound. Not asked for a captured machine, unless it is a path.
std::unique_ptr<Collector> make_gpu_collector(const CollectorEnvironment& environment, std::shared_ptr<HwmonTree> hwmon,
                                              std::string nvml = "libnvidia-ml.so.1");

}  // namespace hale
