#pragma once
#include <string_view>

#include "core/result.hpp"
#include "platform/parse/smart_report.hpp"

/// Sectors that an ATA drive returns, 512 bytes each; offsets by ACS-3 and, for the SMART data ACS calls vendor
/// specific, by what every drive has done since SFF-8035i. All parsers add to a report, are pure and thread-safe.
/// Errors: invalid_input with what is wrong (size, checksum).
namespace hale {

constexpr std::size_t kAtaSector = 512;

/// IDENTIFY DEVICE: serial, model, firmware, capacity, rotation rate, whether SMART is enabled.
Result<> parse_ata_identify(std::string_view sector, SmartReport& report);

/// SMART READ DATA (B0h/D0h): 30 attributes, checked by their sum, decoded with `report.model` (so identify comes
/// first).
Result<> parse_ata_smart_data(std::string_view sector, SmartReport& report);

/// SMART READ THRESHOLDS (B0h/D1h): adds thresholds to the attributes that are there, and what has crossed them.
Result<> parse_ata_smart_thresholds(std::string_view sector, SmartReport& report);

/// SMART RETURN STATUS (B0h/DAh) out of SCSI sense data (descriptor or fixed format, SAT-3): true passed (LBA mid/high
/// 4Fh C2h), false failed (F4h 2Ch). Errors: unsupported when the bridge returned no registers.
Result<bool> parse_ata_smart_status(std::string_view sense);

/// CHECK POWER MODE's count register out of sense data: 0x00 standby, 0x80..0x83 idle, 0xff active. Errors as above.
Result<int> parse_ata_power_mode(std::string_view sense);

/// SMART self-test log (log address 06h).
Result<> parse_ata_self_test_log(std::string_view sector, SmartReport& report);

/// Summary SMART error log (log address 01h).
Result<> parse_ata_error_log(std::string_view sector, SmartReport& report);

}  // namespace hale
