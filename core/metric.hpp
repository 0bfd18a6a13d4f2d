#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hale {

/// Every metric that Hale knows: the only list. Names are OpenTelemetry hardware semantic conventions where those exist.
enum class Metric : std::uint8_t {
  hw_temperature,             // Cel
  hw_temperature_limit,       // Cel, key: critical | high | low
  hw_fan_speed,               // rpm
  hw_power,                   // W
  hw_power_limit,             // W, key: long_term
  hw_energy,                  // J, cumulative
  hw_voltage,                 // V
  hw_battery_charge,          // 1 (0..1)
  hw_battery_capacity_full,   // Wh
  hw_battery_capacity_design, // Wh
  hw_battery_cycles,          // {cycle}
  system_cpu_utilization,     // 1, no component
  system_cpu_frequency,       // Hz, no component
  system_uptime,              // s, no component, powered-on time since boot
  system_power_online,        // 1 on mains, no component
  system_filesystem_utilization,  // 1, component = filesystem
  system_filesystem_limit,        // By, size of the filesystem
  hw_gpu_utilization,         // 1
  hale_cpu_throttle_count,    // cumulative since boot, no component
  hale_cpu_throttle_time,     // ms, cumulative since boot, no component
  hw_physical_disk_smart,     // key: attribute id, "<id>.raw48", "<id>.normalized", "<id>.worst", "<id>.threshold", "self_assessment"
  hw_physical_disk_nvme,      // key: smartctl's key
  hw_physical_disk_power_on_hours,  // h
  hw_errors,                  // cumulative, key: memory_corrected | memory_uncorrected | cpu_corrected | cpu_fatal | io | link
};

enum class MetricKind : std::uint8_t { gauge, counter };

struct MetricInfo {
  Metric metric;
  std::string_view name;  ///< "hw.temperature"
  std::string_view unit;  ///< UCUM as OpenTelemetry writes it: "Cel", "rpm", "W", "1", ...
  MetricKind kind;
  bool has_component;     ///< false: system-wide, written without a component
  bool has_key;           ///< one further key, e.g. an ATA attribute
};

std::span<const MetricInfo> all_metrics();
const MetricInfo& info(Metric metric);
/// By name; longest match is not attempted: "hw.battery.capacity.full" is a metric of its own.
std::optional<Metric> find_metric(std::string_view name);

}  // namespace hale
