#include "platform/parse/nvme.hpp"

#include <array>
#include <limits>

#include "platform/parse/bytes.hpp"

namespace hale {
namespace {

struct Counter {
  std::size_t offset;
  std::size_t bytes;  // 16 = 128-bit
  const char* key;
};

// Figure "SMART / Health Information Log Page"; data units are thousands of 512 bytes.
constexpr auto kCounters = std::to_array<Counter>({
    {0, 1, "critical_warning"},
    {3, 1, "available_spare"},
    {4, 1, "available_spare_threshold"},
    {5, 1, "percentage_used"},
    {32, 16, "data_units_read"},
    {48, 16, "data_units_written"},
    {64, 16, "host_reads"},
    {80, 16, "host_writes"},
    {96, 16, "controller_busy_time"},
    {112, 16, "power_cycles"},
    {128, 16, "power_on_hours"},
    {144, 16, "unsafe_shutdowns"},
    {160, 16, "media_errors"},
    {176, 16, "num_err_log_entries"},
    {192, 4, "warning_temp_time"},
    {196, 4, "critical_comp_time"},
});
constexpr std::size_t kTemperature = 1;  // u16, Kelvin
constexpr std::size_t kSensors = 200;    // 8 x u16, Kelvin, 0 = absent

constexpr std::size_t kIdentifySerial = 4, kIdentifyModel = 24, kIdentifyFirmware = 64;
constexpr std::size_t kIdentifyCriticalTemperature = 268;  // CCTEMP, u16, Kelvin, 0 = not reported
constexpr std::size_t kIdentifyCapacity = 280;             // TNVMCAP, 128-bit, bytes

// 0 is "not reported"; outside 200..450 K the field is not a temperature.
std::optional<double> celsius(std::uint16_t kelvin) {
  if (kelvin < 200 || kelvin > 450) return std::nullopt;
  return static_cast<double>(kelvin) - 273;  // whole degrees, as smartctl rounds
}

}  // namespace

Result<> parse_nvme_smart(std::string_view page, SmartReport& report) {
  if (page.size() != kNvmeSmartBytes) {
    return fail(Errc::invalid_input, "NVMe health log of " + std::to_string(page.size()) + " bytes, 512 are expected");
  }
  if (bytes::all_equal(page))
    return fail(Errc::invalid_input, "NVMe health log holds one repeated byte: the drive did not answer");
  report.protocol = DriveProtocol::nvme;
  for (const auto& counter : kCounters) {
    report.nvme[counter.key] = counter.bytes == 16
                                   ? bytes::u128(page, counter.offset)
                                   : static_cast<double>(bytes::little(page, counter.offset, counter.bytes));
  }
  report.temperature = celsius(bytes::u16(page, kTemperature));
  if (report.temperature) report.nvme["temperature"] = *report.temperature;
  for (std::size_t i = 0; i < 8; ++i) {
    if (const auto sensor = celsius(bytes::u16(page, kSensors + 2 * i)))
      report.nvme["temperature_sensors." + std::to_string(i + 1)] = *sensor;
  }
  report.self_assessment = bytes::u8(page, 0) == 0;
  report.power_on_hours = report.nvme["power_on_hours"];
  report.power_cycles = report.nvme["power_cycles"];
  return {};
}

Result<> parse_nvme_identify(std::string_view page, SmartReport& report) {
  if (page.size() != kNvmeIdentifyBytes) {
    return fail(Errc::invalid_input,
                "NVMe identify data of " + std::to_string(page.size()) + " bytes, 4096 are expected");
  }
  if (bytes::all_equal(page))
    return fail(Errc::invalid_input, "NVMe identify data hold one repeated byte: the drive did not answer");
  report.protocol = DriveProtocol::nvme;
  report.serial = bytes::text(page, kIdentifySerial, 20);
  report.model = bytes::text(page, kIdentifyModel, 40);
  report.firmware = bytes::text(page, kIdentifyFirmware, 8);
  report.rotation_rpm = 0;
  report.temperature_critical = celsius(bytes::u16(page, kIdentifyCriticalTemperature));
  const auto capacity = bytes::u128(page, kIdentifyCapacity);
  if (capacity > 0 && capacity < 1e18) report.capacity_bytes = bytes::little(page, kIdentifyCapacity, 8);
  return {};
}

}  // namespace hale
