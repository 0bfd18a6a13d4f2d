#include "platform/parse/smart_report.hpp"

#include <algorithm>

#include "platform/parse/smart_decode.hpp"

namespace hale {

std::string_view to_string(DriveProtocol protocol) {
  switch (protocol) {
    case DriveProtocol::unknown:
      return "unknown";
    case DriveProtocol::ata:
      return "ata";
    case DriveProtocol::nvme:
      return "nvme";
    case DriveProtocol::scsi:
      return "scsi";
  }
  return "unknown";
}

const SmartAttribute* SmartReport::find(unsigned attribute) const {
  const auto found =
      std::find_if(attributes.begin(), attributes.end(), [&](const SmartAttribute& a) { return a.id == attribute; });
  return found == attributes.end() ? nullptr : &*found;
}

void finish_ata_report(SmartReport& report) {
  auto& list = report.attributes;
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  list.erase(std::unique(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.id == b.id; }),
             list.end());
  const auto value_of = [&](unsigned id) -> std::optional<double> {
    const auto* attribute = report.find(id);
    return attribute == nullptr ? std::nullopt : attribute->value;
  };
  if (!report.temperature) report.temperature = value_of(194);
  if (!report.temperature) report.temperature = value_of(190);
  if (!report.power_on_hours) report.power_on_hours = value_of(9);
  if (report.power_on_hours && !plausible_power_on_hours(*report.power_on_hours)) report.power_on_hours.reset();
}

namespace {

void append_attribute(const SmartAttribute& attribute, const std::string& disk, Timestamp time,
                      std::vector<Reading>& out) {
  const auto id = std::to_string(attribute.id);
  const auto add = [&](const std::string& key, double value) {
    out.push_back({Metric::hw_physical_disk_smart, disk, key, value, time});
  };
  if (attribute.value) add(id, *attribute.value);
  if (attribute.raw48) add(id + ".raw48", static_cast<double>(*attribute.raw48));
  if (attribute.normalized) add(id + ".normalized", *attribute.normalized);
  if (attribute.worst) add(id + ".worst", *attribute.worst);
  if (attribute.threshold) add(id + ".threshold", *attribute.threshold);
}

}  // namespace

void append_smart_readings(const SmartReport& report, const std::string& disk, Timestamp time,
                           std::vector<Reading>& out) {
  const auto add = [&](Metric metric, const char* key, const std::optional<double>& value) {
    if (value) out.push_back({metric, disk, key, *value, time});
  };
  for (const auto& attribute : report.attributes) append_attribute(attribute, disk, time, out);
  for (const auto& [key, value] : report.nvme) out.push_back({Metric::hw_physical_disk_nvme, disk, key, value, time});
  if (report.self_assessment)
    add(Metric::hw_physical_disk_smart, "self_assessment", *report.self_assessment ? 1.0 : 0.0);
  add(Metric::hw_physical_disk_power_on_hours, "", report.power_on_hours);
  add(Metric::hw_temperature, "", report.temperature);
  add(Metric::hw_temperature_limit, "critical", report.temperature_critical);
}

}  // namespace hale
