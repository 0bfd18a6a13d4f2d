#include "collectors/battery/battery.hpp"
#include "collectors/collector.hpp"
#include "collectors/cpu/cpu.hpp"
#include "collectors/disk/disk.hpp"
#include "collectors/events/events.hpp"
#include "collectors/fan/fan.hpp"
#include "collectors/gpu/gpu.hpp"
#include "collectors/hwmon_linux.hpp"
#include "collectors/inventory/inventory.hpp"
#include "collectors/memory/memory.hpp"
#include "collectors/power/power.hpp"
#include "collectors/temperature/temperature.hpp"

namespace hale {

std::vector<std::unique_ptr<Collector>> make_collectors(const CollectorEnvironment& environment) {
  const auto hwmon = std::make_shared<HwmonTree>(environment);
  const auto disks = std::make_shared<DiskTree>(environment);
  std::vector<std::unique_ptr<Collector>> all;
  all.push_back(make_inventory_collector(environment));
  all.push_back(make_cpu_collector(environment));
  all.push_back(make_temperature_collector(environment, hwmon));
  all.push_back(make_fan_collector(environment, hwmon));
  all.push_back(make_power_collector(environment, hwmon));
  all.push_back(make_gpu_collector(environment, hwmon));
  all.push_back(make_battery_collector(environment));
  all.push_back(make_memory_collector(environment));
  all.push_back(make_disk_collector(environment, hwmon, disks));
  all.push_back(make_events_collector(environment, disks));
  return all;
}

}  // namespace hale
