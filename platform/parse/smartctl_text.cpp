#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "platform/parse/smart_decode.hpp"
#include "platform/parse/smart_raw_text.hpp"
#include "platform/parse/smartctl.hpp"

namespace hale {
namespace {

constexpr std::size_t kMaxBytes = 8U << 20U;
constexpr std::size_t kMaxLines = 100'000;
constexpr std::size_t kMaxAttributes = 256;
constexpr std::size_t kMaxMessages = 8;

// Takes the next word off the front of `text`.
std::string_view take_word(std::string_view& text) {
  text = trim(text);
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// "10,993", "10.993", "10 993" (thousands, by locale) up to a unit or bracket; "0x00".
std::optional<double> grouped_number(std::string_view text) {
  text = trim(text);
  if (text.starts_with("0x")) {
    const auto value = parse_hex(text);
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
  }
  std::string digits;
  for (std::size_t i = 0; i < text.size() && digits.size() < 40; ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      digits += c;
      continue;
    }
    // U+00A0, U+202F and U+2019 are the separators of some locales: any byte beyond ASCII is passed over.
    const bool separator = c == ',' || c == '.' || c == '\'' || c == ' ' || static_cast<unsigned char>(c) >= 0x80;
    if (!separator) break;
  }
  return digits.empty() ? std::nullopt : parse_double(digits);
}

struct NvmeLine {
  std::string_view label;
  const char* key;
};
constexpr auto kNvmeLines = std::to_array<NvmeLine>({
    {"Critical Warning", "critical_warning"},
    {"Temperature", "temperature"},
    {"Available Spare", "available_spare"},
    {"Available Spare Threshold", "available_spare_threshold"},
    {"Percentage Used", "percentage_used"},
    {"Data Units Read", "data_units_read"},
    {"Data Units Written", "data_units_written"},
    {"Host Read Commands", "host_reads"},
    {"Host Write Commands", "host_writes"},
    {"Controller Busy Time", "controller_busy_time"},
    {"Power Cycles", "power_cycles"},
    {"Power On Hours", "power_on_hours"},
    {"Unsafe Shutdowns", "unsafe_shutdowns"},
    {"Media and Data Integrity Errors", "media_errors"},
    {"Error Information Log Entries", "num_err_log_entries"},
    {"Warning  Comp. Temperature Time", "warning_temp_time"},
    {"Critical Comp. Temperature Time", "critical_comp_time"},
});

class TextReport {
 public:
  void line(std::string_view line);
  Result<SmartReport> finish();

 private:
  enum class Section { information, data, attributes, nvme, self_tests };

  bool attribute_row(std::string_view line);
  void self_test_row(std::string_view line);
  void labelled(std::string_view label, std::string_view value);
  void identity(std::string_view label, std::string_view value);
  void counters(std::string_view label, std::string_view value);
  void nvme(std::string_view label, std::string_view value);
  void switch_section(std::string_view line);

  SmartReport report_;
  Section section_{Section::information};
  bool brief_{false};  // the attribute table of -x rather than of -a
  bool seen_{false};
};

void TextReport::switch_section(std::string_view line) {
  if (line.starts_with("ID# ATTRIBUTE_NAME")) {
    section_ = Section::attributes;
    brief_ = line.find("FLAGS") != std::string_view::npos;
    report_.protocol = DriveProtocol::ata;
  } else if (line.starts_with("SMART/Health Information (NVMe")) {
    section_ = Section::nvme;
    report_.protocol = DriveProtocol::nvme;
  } else if (line.find("elf-test Log Version") != std::string_view::npos ||
             line.find("elf-test log structure revision") != std::string_view::npos) {
    const bool selective = line.find("Selective") != std::string_view::npos;
    section_ = selective ? Section::data : Section::self_tests;
    if (!selective && !report_.self_tests) report_.self_tests = report_.self_tests_failed = 0;
  } else if (line.starts_with("=== START OF") || line.starts_with("SCT ") ||
             line.starts_with("Error Information (NVMe") || line.starts_with("Device Statistics") ||
             line.starts_with("General Purpose Log Directory") ||
             line.find("rror Log Version") != std::string_view::npos) {
    section_ = Section::data;
    seen_ = seen_ || line.starts_with("=== START OF");
  }
}

// "  5 Reallocated_Sector_Ct   PO--CK   100   100   010    -    0"                     (smartctl -x)
// "  5 Reallocated_Sector_Ct   0x0033   100   100   010    Pre-fail  Always   -   0"   (smartctl -a)
bool TextReport::attribute_row(std::string_view line) {
  const auto id = parse_uint(take_word(line));
  if (!id || *id == 0 || *id > 255 || report_.attributes.size() == kMaxAttributes) return false;
  SmartAttribute row;
  row.id = static_cast<std::uint8_t>(*id);
  row.name = sanitize_utf8(take_word(line), 64);
  const auto flags = take_word(line);
  const auto small = [](std::string_view word) -> std::optional<int> {
    const auto value = parse_uint(word);
    return value && *value <= 255 ? std::optional(static_cast<int>(*value)) : std::nullopt;
  };
  const auto normalized = take_word(line);
  row.normalized = small(normalized);
  row.worst = small(take_word(line));
  row.threshold = small(take_word(line));
  if (!row.normalized && normalized != "---") return false;
  row.prefailure = flags.starts_with('P');
  if (!brief_) {
    row.prefailure = take_word(line).starts_with("Pre");
    take_word(line);  // Always | Offline
  }
  const auto failed = take_word(line);
  row.failing_now = failed == "NOW" || failed == "FAILING_NOW";
  row.failed_past = failed == "Past" || failed == "In_the_past";
  const auto printed = parse_printed_raw(report_.model, row.id, line);
  row.value = printed.value;
  row.raw48 = printed.raw48;
  report_.attributes.push_back(std::move(row));
  return true;
}

// "# 1  Short offline       Completed: read failure       90%     12345         123456"
void TextReport::self_test_row(std::string_view line) {
  if (!line.starts_with('#')) return;
  line.remove_prefix(1);
  const auto number = parse_uint(take_word(line));
  if (!number) return;
  const bool failed =
      line.find("failure") != std::string_view::npos || line.find("Fatal or unknown error") != std::string_view::npos;
  report_.self_tests = report_.self_tests.value_or(0) + 1;
  report_.self_tests_failed = report_.self_tests_failed.value_or(0) + (failed ? 1U : 0U);
  if (*number == 1 && !report_.latest_self_test_failed) report_.latest_self_test_failed = failed;
}

void TextReport::identity(std::string_view label, std::string_view value) {
  const auto text = sanitize_utf8(value);
  const auto set = [&](std::string& field) {
    if (field.empty()) field = text;
  };
  if (label == "Device Model" || label == "Model Number" || label == "Product") set(report_.model);
  if (label == "Model Number") report_.protocol = DriveProtocol::nvme;
  if (label == "Device Model") report_.protocol = DriveProtocol::ata;
  if (label == "Vendor") set(report_.vendor);
  if (label == "Product") report_.protocol = DriveProtocol::scsi;
  if (label == "Firmware Version" || label == "Revision") set(report_.firmware);
  if ((label == "Serial Number" || label == "Serial number") && text != "--") set(report_.serial);
  if (label == "User Capacity" || label == "Total NVM Capacity") {
    if (const auto bytes = grouped_number(value); bytes && *bytes < 1e18)
      report_.capacity_bytes = static_cast<std::uint64_t>(*bytes);
  }
  if (label == "Rotation Rate") {
    if (value.starts_with("Solid State")) report_.rotation_rpm = 0;
    if (const auto rpm = grouped_number(value); rpm && *rpm <= 20'000 && !report_.rotation_rpm)
      report_.rotation_rpm = static_cast<int>(*rpm);
  }
  if (label == "SMART support is" && (value == "Enabled" || value == "Disabled"))
    report_.smart_enabled = value == "Enabled";
  if (label == "Critical Comp. Temp. Threshold") report_.temperature_critical = grouped_number(value);
}

void TextReport::counters(std::string_view label, std::string_view value) {
  if (label == "SMART overall-health self-assessment test result") {
    if (value.starts_with("PASSED")) report_.self_assessment = true;
    if (value.starts_with("FAILED")) report_.self_assessment = false;
  }
  if (label == "SMART Health Status") report_.self_assessment = value.starts_with("OK");
  if (label == "Current Drive Temperature") {
    if (const auto celsius = grouped_number(value); celsius && *celsius > 0) report_.temperature = celsius;
  }
  if (label == "Elements in grown defect list") report_.grown_defects = parse_uint(value);
  if (label == "number of hours powered up" || label == "Accumulated power on time, hours") {
    const auto end = std::min(value.find_first_not_of("0123456789."), value.size());
    auto rest = value;
    if (rest.starts_with("minutes ")) rest = trim(rest.substr(8));
    report_.power_on_hours = parse_double(end > 0 ? value.substr(0, end) : rest.substr(0, rest.find(':')));
  }
  if (label == "ATA Error Count" || label == "Device Error Count") {
    const auto digits = value.substr(0, value.find(' '));
    if (const auto count = parse_uint(digits)) report_.error_log_count = report_.error_log_count.value_or(*count);
  }
}

void TextReport::nvme(std::string_view label, std::string_view value) {
  if (label.starts_with("Temperature Sensor ")) {
    const auto number = parse_uint(label.substr(19));
    const auto celsius = grouped_number(value);
    if (number && *number <= 8 && celsius) report_.nvme["temperature_sensors." + std::to_string(*number)] = *celsius;
    return;
  }
  const auto* found =
      std::find_if(kNvmeLines.begin(), kNvmeLines.end(), [&](const NvmeLine& l) { return l.label == label; });
  if (found == kNvmeLines.end()) return;
  if (const auto number = grouped_number(value)) report_.nvme[found->key] = *number;
}

void TextReport::labelled(std::string_view label, std::string_view value) {
  if (section_ == Section::nvme) nvme(label, value);
  identity(label, value);
  counters(label, value);
}

void TextReport::line(std::string_view line) {
  switch_section(line);
  if (section_ == Section::attributes && attribute_row(line)) return;
  if (section_ == Section::self_tests) self_test_row(line);
  // "Error: UNC at LBA = …" in the details of a logged error.
  if (line.find("Error: UNC") != std::string_view::npos) report_.error_log_unc = report_.error_log_unc.value_or(0) + 1;
  if (line.starts_with("No Errors Logged") && report_.protocol == DriveProtocol::ata && !report_.error_log_count)
    report_.error_log_count = 0;
  if (line.starts_with("Smartctl open device:") || line.starts_with("Read Device Identity failed") ||
      line.starts_with("Device is in ")) {
    if (report_.messages.size() < kMaxMessages) report_.messages.push_back(sanitize_utf8(line));
  }
  if (const auto colon = line.find(':'); colon != std::string_view::npos)
    return labelled(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  if (const auto equals = line.find(" = "); equals != std::string_view::npos)
    labelled(trim(line.substr(0, equals)), trim(line.substr(equals + 3)));
}

Result<SmartReport> TextReport::finish() {
  if (!report_.nvme.empty()) {
    if (report_.nvme.contains("temperature")) report_.temperature = report_.nvme["temperature"];
    if (report_.nvme.contains("power_on_hours")) report_.power_on_hours = report_.nvme["power_on_hours"];
    if (report_.nvme.contains("power_cycles")) report_.power_cycles = report_.nvme["power_cycles"];
  }
  finish_ata_report(report_);
  if (const auto* cycles = report_.find(12); cycles != nullptr && !report_.power_cycles)
    report_.power_cycles = cycles->value;
  const bool empty =
      report_.attributes.empty() && report_.nvme.empty() && !report_.self_assessment && report_.model.empty();
  if (!empty) return std::move(report_);
  if (!report_.messages.empty()) return fail(Errc::unavailable, "smartctl: " + report_.messages.front());
  return fail(Errc::invalid_input,
              seen_ ? "smartctl report without any drive data" : "not a smartctl report: no section of one is in it");
}

}  // namespace

Result<SmartReport> parse_smartctl_text(std::string_view text) {
  if (text.size() > kMaxBytes) return fail(Errc::invalid_input, "smartctl report is larger than 8 MiB");
  TextReport report;
  for (std::size_t lines = 0; !text.empty() && lines < kMaxLines; ++lines) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (line.starts_with("> ") || line.starts_with(">")) line.remove_prefix(line.starts_with("> ") ? 2 : 1);
    report.line(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return report.finish();
}

Result<SmartReport> parse_smartctl(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first != std::string_view::npos && text[first] == '{') return parse_smartctl_json(text.substr(first));
  return parse_smartctl_text(text);
}

}  // namespace hale
