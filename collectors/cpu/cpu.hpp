#pragma once
#include <memory>

#include "collectors/collector.hpp"

namespace hale {

/// Utilisation, frequency, thermal throttling and uptime of the PC; and the context: boot id, kernel release, platform
/// profile.
std::unique_ptr<Collector> make_cpu_collector(const CollectorEnvironment& environment);

}  // namespace hale
