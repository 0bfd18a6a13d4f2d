#pragma once
#include <memory>

#include "collectors/collector.hpp"

namespace hale {

/// Corrected and uncorrected errors of ECC memory, as the kernel's EDAC drivers count them since boot.
std::unique_ptr<Collector> make_memory_collector(const CollectorEnvironment& environment);

}  // namespace hale
