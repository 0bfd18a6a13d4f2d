// NVMe log pages, ATA sectors and SCSI sense data as drives and bridges return them.
#include <array>
#include <cmath>

#include "platform/parse/ata.hpp"
#include "platform/parse/nvme.hpp"
#include "platform/parse/smart_decode.hpp"
#include "platform/parse/smart_report.hpp"
#include "platform/tests/drive_pages.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace hale;

namespace {

constexpr std::array<std::string_view, 5> kModels{"ST4000DM000", "WDC WD30EFRX-68AX9N0", "Samsung SSD 860 EVO", "HGST HUS724040", ""};

/// A valid page with bytes of the input written over it: [offset high, offset low, value]*. The sum is made right again when `sum`.
std::string overlay(std::string page, std::string_view input, bool sum) {
  for (; input.size() >= 3; input.remove_prefix(3)) {
    const auto offset = static_cast<std::size_t>(static_cast<unsigned char>(input[0])) << 8 | static_cast<unsigned char>(input[1]);
    page[offset % page.size()] = input[2];
  }
  return sum ? test::with_sum(std::move(page)) : page;
}

void check(const SmartReport& report) {
  std::vector<Reading> readings;
  append_smart_readings(report, "disk0", {}, readings);
  for (const auto& reading : readings) fuzz::expect(std::isfinite(reading.value), "every reading is a number");
}

void check_ata(std::string_view input, bool sum) {
  SmartReport report;
  if (!input.empty()) report.model = kModels[static_cast<unsigned char>(input[0]) % kModels.size()];
  static_cast<void>(parse_ata_smart_data(overlay(test::ata_smart_sector({{5, 100, 100, 0, true}, {9, 90, 90, 1234}, {194, 60, 50, 40}}), input, sum), report));
  static_cast<void>(parse_ata_smart_thresholds(overlay(test::ata_threshold_sector({{5, 10}}), input, sum), report));
  static_cast<void>(parse_ata_self_test_log(overlay(test::with_sum(std::string(512, '\1')), input, sum), report));
  static_cast<void>(parse_ata_error_log(overlay(test::with_sum(std::string(512, '\1')), input, sum), report));
  static_cast<void>(parse_ata_identify(overlay(test::ata_identify_sector(), input, false), report));
  finish_ata_report(report);
  check(report);
}

void check_raw(std::string_view input) {
  SmartReport report;
  static_cast<void>(parse_nvme_smart(input, report));
  static_cast<void>(parse_nvme_identify(input, report));
  static_cast<void>(parse_ata_identify(input, report));
  static_cast<void>(parse_ata_smart_data(input, report));
  static_cast<void>(parse_ata_smart_thresholds(input, report));
  static_cast<void>(parse_ata_self_test_log(input, report));
  static_cast<void>(parse_ata_error_log(input, report));
  static_cast<void>(parse_ata_smart_status(input));
  static_cast<void>(parse_ata_power_mode(input));
  check(report);
}

void check_nvme(std::string_view input) {
  SmartReport report;
  static_cast<void>(parse_nvme_smart(overlay(test::nvme_smart_page(), input, false), report));
  static_cast<void>(parse_nvme_identify(overlay(test::nvme_identify_page(), input, false), report));
  check(report);
}

void check_decode(std::string_view input) {
  if (input.size() < 8) return;
  std::uint64_t raw48 = 0;
  for (std::size_t i = 0; i < 6; ++i) raw48 = raw48 << 8 | static_cast<unsigned char>(input[i]);
  const auto value = decode_smart_raw(input.substr(7), static_cast<unsigned char>(input[6]), raw48);
  if (value) fuzz::expect(std::isfinite(*value) && *value >= 0, "a decoded raw is a number of 0 or more");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = fuzz::text_of(data, size);
  switch (fuzz::take_choice(input, 5)) {
    case 0: check_ata(input, true); break;
    case 1: check_ata(input, false); break;
    case 2: check_nvme(input); break;
    case 3: check_decode(input); break;
    default: check_raw(input); break;
  }
  return 0;
}
