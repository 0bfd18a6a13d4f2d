#pragma once
#include <memory>

#include "collectors/collector.hpp"

namespace hale {

/// Batteries of the PC (not those of mice and headsets), their wear, charge, power and temperature; and whether the PC
/// is on mains. The first battery by name is `battery`, further ones `battery-bat1`.. for as long as this process runs.
std::unique_ptr<Collector> make_battery_collector(const CollectorEnvironment& environment);

}  // namespace hale
