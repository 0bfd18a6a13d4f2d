#include "core/metric.hpp"

#include <array>
#include <cstddef>

namespace hale {
namespace {

using enum Metric;
constexpr auto kGauge = MetricKind::gauge;
constexpr auto kCounter = MetricKind::counter;

// In the order of the enumeration: info() indexes it.
constexpr std::array kMetrics{
    MetricInfo{hw_temperature, "hw.temperature", "Cel", kGauge, true, false},
    MetricInfo{hw_temperature_limit, "hw.temperature.limit", "Cel", kGauge, true, true},
    MetricInfo{hw_fan_speed, "hw.fan.speed", "rpm", kGauge, true, false},
    MetricInfo{hw_power, "hw.power", "W", kGauge, true, false},
    MetricInfo{hw_power_limit, "hw.power.limit", "W", kGauge, true, true},
    MetricInfo{hw_energy, "hw.energy", "J", kCounter, true, false},
    MetricInfo{hw_voltage, "hw.voltage", "V", kGauge, true, false},
    MetricInfo{hw_battery_charge, "hw.battery.charge", "1", kGauge, true, false},
    MetricInfo{hw_battery_capacity_full, "hw.battery.capacity.full", "Wh", kGauge, true, false},
    MetricInfo{hw_battery_capacity_design, "hw.battery.capacity.design", "Wh", kGauge, true, false},
    MetricInfo{hw_battery_cycles, "hw.battery.cycles", "{cycle}", kCounter, true, false},
    MetricInfo{system_cpu_utilization, "system.cpu.utilization", "1", kGauge, false, false},
    MetricInfo{system_cpu_frequency, "system.cpu.frequency", "Hz", kGauge, false, false},
    MetricInfo{system_uptime, "system.uptime", "s", kGauge, false, false},
    MetricInfo{system_power_online, "system.power.online", "1", kGauge, false, false},
    MetricInfo{system_filesystem_utilization, "system.filesystem.utilization", "1", kGauge, true, false},
    MetricInfo{system_filesystem_limit, "system.filesystem.limit", "By", kGauge, true, false},
    MetricInfo{hw_gpu_utilization, "hw.gpu.utilization", "1", kGauge, true, false},
    MetricInfo{hale_cpu_throttle_count, "hale.cpu.throttle.count", "{event}", kCounter, false, false},
    MetricInfo{hale_cpu_throttle_time, "hale.cpu.throttle.time", "ms", kCounter, false, false},
    MetricInfo{hw_physical_disk_smart, "hw.physical_disk.smart", "1", kGauge, true, true},
    MetricInfo{hw_physical_disk_nvme, "hw.physical_disk.nvme", "1", kGauge, true, true},
    MetricInfo{hw_physical_disk_power_on_hours, "hw.physical_disk.power_on_hours", "h", kCounter, true, false},
    MetricInfo{hw_errors, "hw.errors", "{error}", kCounter, true, true},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kMetrics.size(); ++i) {
    if (static_cast<std::size_t>(kMetrics[i].metric) != i) return false;
  }
  return kMetrics.back().metric == hw_errors;
}
static_assert(in_order());

}  // namespace

std::span<const MetricInfo> all_metrics() { return kMetrics; }

const MetricInfo& info(Metric metric) { return kMetrics[static_cast<std::size_t>(metric)]; }

std::optional<Metric> find_metric(std::string_view name) {
  for (const auto& row : kMetrics) {
    if (row.name == name) return row.metric;
  }
  return std::nullopt;
}

}  // namespace hale
