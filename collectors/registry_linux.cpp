#include "collectors/collector.hpp"
#include "collectors/cpu/cpu.hpp"
#include "collectors/fan/fan.hpp"
#include "collectors/hwmon_linux.hpp"
#include "collectors/temperature/temperature.hpp"

namespace hale {

std::vector<std::unique_ptr<Collector>> make_collectors(const CollectorEnvironment& environment) {
  const auto hwmon = std::make_shared<HwmonTree>(environment);
  std::vector<std::unique_ptr<Collector>> all;
  all.push_back(make_cpu_collector(environment));
  all.push_back(make_temperature_collector(environment, hwmon));
  all.push_back(make_fan_collector(environment, hwmon));
  return all;
}

}  // namespace hale
