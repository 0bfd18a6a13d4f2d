#pragma once
#include <memory>

#include "collectors/collector.hpp"

namespace hale {

/// What this PC is (maker, model, chassis, firmware) and how full its file systems are. README.md says from where.
std::unique_ptr<Collector> make_inventory_collector(const CollectorEnvironment& environment);

}  // namespace hale
