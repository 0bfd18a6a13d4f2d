#pragma once
#include <string_view>

#include "core/result.hpp"
#include "platform/parse/smart_report.hpp"

/// NVMe log page 2 and identify data, as the drive gives them: little-endian, offsets by the NVM Express Base
/// Specification 2.0. Pure, thread-safe.
namespace hale {

constexpr std::size_t kNvmeSmartBytes = 512;
constexpr std::size_t kNvmeIdentifyBytes = 4096;

/// SMART / Health Information (log identifier 02h). Fills `nvme` with smartctl's keys, temperature (Cel, from Kelvin),
/// power-on hours, power cycles, and the drive's verdict as smartctl judges it (no critical warning). Errors:
/// invalid_input when it is not 512 bytes, or all of them are equal (a drive or bridge that answers without answering).
Result<> parse_nvme_smart(std::string_view page, SmartReport& report);

/// Identify Controller (CNS 01h): serial, model, firmware, total capacity, critical composite temperature. Errors:
/// invalid_input.
Result<> parse_nvme_identify(std::string_view page, SmartReport& report);

}  // namespace hale
