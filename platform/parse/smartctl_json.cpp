#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "platform/parse/smart_raw_text.hpp"
#include "platform/parse/smartctl.hpp"

namespace hale {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxBytes = 8U << 20U;
constexpr std::size_t kMaxAttributes = 256;
constexpr std::size_t kMaxMessages = 8;

// A value at a path of keys, or null when any part is missing or not an object.
const Json& at(const Json& json, std::initializer_list<const char*> path) {
  static const Json null;
  const Json* here = &json;
  for (const char* key : path) {
    const auto found = here->is_object() ? here->find(key) : here->end();
    if (!here->is_object() || found == here->end()) return null;
    here = &*found;
  }
  return *here;
}

std::string text_of(const Json& json) {
  return json.is_string() ? std::string(trim(sanitize_utf8(json.get_ref<const std::string&>()))) : std::string();
}

std::string first_text(const Json& json, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (auto text = text_of(at(json, {key})); !text.empty()) return text;
  }
  return {};
}

std::optional<double> number_of(const Json& json) {
  if (!json.is_number()) {
    // nvme-cli prints 128-bit counters as text, in some versions with thousands separators.
    if (!json.is_string()) return std::nullopt;
    std::string digits;
    for (const char c : json.get_ref<const std::string&>()) {
      if (c != ',') digits += c;
    }
    return parse_double(digits);
  }
  const auto value = json.get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> count_of(const Json& json) {
  if (!json.is_number_unsigned()) return std::nullopt;
  return json.get<std::uint64_t>();
}

std::optional<int> small_of(const Json& json, int low, int high) {
  const auto value = number_of(json);
  if (!value || *value < low || *value > high) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<bool> bool_of(const Json& json) {
  return json.is_boolean() ? std::optional(json.get<bool>()) : std::nullopt;
}

DriveProtocol protocol_of(const Json& json) {
  const auto protocol = to_lower_ascii(text_of(at(json, {"device", "protocol"})));
  if (protocol == "ata") return DriveProtocol::ata;
  if (protocol == "nvme") return DriveProtocol::nvme;
  if (protocol == "scsi") return DriveProtocol::scsi;
  return DriveProtocol::unknown;
}

void read_identity(const Json& json, SmartReport& report) {
  report.protocol = protocol_of(json);
  report.vendor = first_text(json, {"scsi_vendor", "vendor"});
  report.model = first_text(json, {"model_name", "scsi_model_name", "scsi_product", "product"});
  report.firmware = first_text(json, {"firmware_version", "scsi_revision", "revision"});
  report.serial = first_text(json, {"serial_number"});
  report.capacity_bytes = count_of(at(json, {"user_capacity", "bytes"}));
  if (!report.capacity_bytes) report.capacity_bytes = count_of(at(json, {"nvme_total_capacity"}));
  report.rotation_rpm = small_of(at(json, {"rotation_rate"}), 0, 20'000);
  report.smart_enabled = bool_of(at(json, {"smart_support", "enabled"}));
}

void read_messages(const Json& json, SmartReport& report) {
  const auto& messages = at(json, {"smartctl", "messages"});
  if (!messages.is_array()) return;
  for (const auto& message : messages) {
    if (report.messages.size() == kMaxMessages) return;
    if (auto text = text_of(at(message, {"string"})); !text.empty()) report.messages.push_back(std::move(text));
  }
}

SmartAttribute read_attribute(const Json& row, std::uint8_t id, const std::string& model) {
  SmartAttribute attribute;
  attribute.id = id;
  attribute.name = text_of(at(row, {"name"}));
  attribute.normalized = small_of(at(row, {"value"}), 0, 255);
  attribute.worst = small_of(at(row, {"worst"}), 0, 255);
  attribute.threshold = small_of(at(row, {"thresh"}), 0, 255);
  attribute.prefailure = bool_of(at(row, {"flags", "prefailure"})).value_or(false);
  const auto failed = text_of(at(row, {"when_failed"}));
  attribute.failing_now = failed == "now";
  attribute.failed_past = failed == "past";
  const auto printed =
      parse_printed_raw(model, id, text_of(at(row, {"raw", "string"})), count_of(at(row, {"raw", "value"})));
  attribute.value = printed.value;
  attribute.raw48 = printed.raw48;
  return attribute;
}

void read_attributes(const Json& json, SmartReport& report) {
  const auto& table = at(json, {"ata_smart_attributes", "table"});
  if (!table.is_array()) return;
  for (const auto& row : table) {
    const auto id = small_of(at(row, {"id"}), 1, 255);
    if (!id || report.attributes.size() == kMaxAttributes) continue;
    report.attributes.push_back(read_attribute(row, static_cast<std::uint8_t>(*id), report.model));
  }
}

void read_self_tests(const Json& log, SmartReport& report) {
  const auto& table = at(log, {"table"});
  if (!table.is_array()) return;
  report.self_tests = table.size();
  report.self_tests_failed = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (bool_of(at(table[i], {"status", "passed"})) != false) continue;
    ++*report.self_tests_failed;
    if (i == 0) report.latest_self_test_failed = true;
  }
  if (!table.empty() && !report.latest_self_test_failed) report.latest_self_test_failed = false;
}

void read_ata_logs(const Json& json, SmartReport& report) {
  for (const char* kind : {"extended", "summary"}) {
    const auto& log = at(json, {"ata_smart_error_log", kind});
    if (!log.is_object()) continue;
    report.error_log_count = count_of(at(log, {"count"}));
    const auto& table = at(log, {"table"});
    report.error_log_unc = 0;
    for (std::size_t i = 0; table.is_array() && i < table.size(); ++i) {
      if (text_of(at(table[i], {"error_description"})).find("UNC") != std::string::npos) ++*report.error_log_unc;
    }
    break;
  }
  for (const char* kind : {"extended", "standard"}) {
    const auto& log = at(json, {"ata_smart_self_test_log", kind});
    if (log.is_object()) return read_self_tests(log, report);
  }
}

void read_scsi(const Json& json, SmartReport& report) {
  report.grown_defects = count_of(at(json, {"scsi_grown_defect_list"}));
  for (const char* kind : {"read", "write", "verify"}) {
    if (const auto errors = count_of(at(json, {"scsi_error_counter_log", kind, "total_uncorrected_errors"}))) {
      report.uncorrected_errors = report.uncorrected_errors.value_or(0) + *errors;
    }
  }
}

void read_nvme(const Json& json, SmartReport& report) {
  const auto& log = at(json, {"nvme_smart_health_information_log"});
  if (!log.is_object()) return;
  report.protocol = DriveProtocol::nvme;
  for (const auto& [key, value] : log.items()) {
    if (value.is_number() && report.nvme.size() < 64) report.nvme[sanitize_utf8(key, 64)] = value.get<double>();
    if (key != "temperature_sensors" || !value.is_array()) continue;
    for (std::size_t i = 0; i < value.size() && i < 8; ++i) {
      if (value[i].is_number()) report.nvme["temperature_sensors." + std::to_string(i + 1)] = value[i].get<double>();
    }
  }
}

void read_common(const Json& json, SmartReport& report) {
  report.self_assessment = bool_of(at(json, {"smart_status", "passed"}));
  report.temperature = number_of(at(json, {"temperature", "current"}));
  report.temperature_critical = number_of(at(json, {"temperature", "drive_trip"}));
  // A SCSI drive that does not know says 0.
  if (report.protocol == DriveProtocol::scsi && report.temperature == 0.0) report.temperature.reset();
  if (report.temperature_critical == 0.0) report.temperature_critical.reset();
  report.power_on_hours = number_of(at(json, {"power_on_time", "hours"}));
  report.power_cycles = number_of(at(json, {"power_cycle_count"}));
}

struct NvmeCliKey {
  const char* theirs;
  const char* ours;
};
// nvme-cli's names for the fields of log page 2.
constexpr auto kNvmeCliKeys = std::to_array<NvmeCliKey>({
    {"avail_spare", "available_spare"},
    {"spare_thresh", "available_spare_threshold"},
    {"percent_used", "percentage_used"},
    {"data_units_read", "data_units_read"},
    {"data_units_written", "data_units_written"},
    {"host_read_commands", "host_reads"},
    {"host_write_commands", "host_writes"},
    {"controller_busy_time", "controller_busy_time"},
    {"power_cycles", "power_cycles"},
    {"power_on_hours", "power_on_hours"},
    {"unsafe_shutdowns", "unsafe_shutdowns"},
    {"media_errors", "media_errors"},
    {"num_err_log_entries", "num_err_log_entries"},
    {"warning_temp_time", "warning_temp_time"},
    {"critical_comp_time", "critical_comp_time"},
});

bool is_nvme_cli(const Json& json) { return json.contains("critical_warning") && json.contains("avail_spare"); }

Result<SmartReport> read_nvme_cli(const Json& json) {
  SmartReport report;
  report.protocol = DriveProtocol::nvme;
  for (const auto& key : kNvmeCliKeys) {
    if (const auto value = number_of(at(json, {key.theirs}))) report.nvme[key.ours] = *value;
  }
  // nvme-cli 2.11 writes the bits apart, with their sum as "value".
  const auto& warning = json["critical_warning"];
  if (const auto value = number_of(warning.is_object() ? at(warning, {"value"}) : warning))
    report.nvme["critical_warning"] = *value;
  if (const auto kelvin = number_of(at(json, {"temperature"})); kelvin && *kelvin > 0) {
    report.temperature = *kelvin - 273;
    report.nvme["temperature"] = *report.temperature;
  }
  return report;
}

bool says_something(const SmartReport& report) {
  return !report.attributes.empty() || !report.nvme.empty() || report.self_assessment || report.temperature ||
         !report.model.empty();
}

}  // namespace

Result<SmartReport> parse_smartctl_json(std::string_view text) {
  if (text.size() > kMaxBytes) return fail(Errc::invalid_input, "smartctl document is larger than 8 MiB");
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    return fail(Errc::invalid_input, "not a JSON document (stopped at byte " + std::to_string(error.byte) + ")");
  } catch (const Json::exception&) {
    return fail(Errc::invalid_input, "not a JSON document (a number in it is too large)");
  }
  if (!json.is_object()) return fail(Errc::invalid_input, "not a smartctl document: a JSON object is expected");
  if (is_nvme_cli(json)) return read_nvme_cli(json);
  SmartReport report;
  read_identity(json, report);
  read_messages(json, report);
  read_common(json, report);
  read_attributes(json, report);
  read_ata_logs(json, report);
  read_scsi(json, report);
  read_nvme(json, report);
  if (!report.power_on_hours && report.nvme.contains("power_on_hours"))
    report.power_on_hours = report.nvme["power_on_hours"];
  finish_ata_report(report);
  if (says_something(report)) return report;
  if (!report.messages.empty()) return fail(Errc::unavailable, "smartctl: " + report.messages.front());
  return fail(Errc::invalid_input, json.contains("smartctl") ? "smartctl document without any drive data"
                                                             : "not a smartctl document: no key of one is in it");
}

}  // namespace hale
