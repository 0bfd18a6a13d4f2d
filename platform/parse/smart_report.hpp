#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/reading.hpp"

namespace hale {

enum class DriveProtocol : std::uint8_t { unknown, ata, nvme, scsi };
std::string_view to_string(DriveProtocol protocol);  ///< "ata", ...

/// One ATA SMART attribute as its drive (or smartctl) reported it. What was not reported is absent.
struct SmartAttribute {
  std::uint8_t id{};
  std::string name;                    ///< smartctl's name, empty when read natively
  std::optional<double> value;         ///< vendor-decoded raw (decode_smart_raw); absent when the bits carry no number
  std::optional<std::uint64_t> raw48;  ///< undecoded; absent when a text report shows only the decoded form
  std::optional<int> normalized;       ///< 1..253
  std::optional<int> worst;
  std::optional<int> threshold;
  bool prefailure{false};   ///< crossing the threshold predicts failure, not just age
  bool failing_now{false};  ///< normalized <= threshold
  bool failed_past{false};  ///< worst <= threshold

  bool operator==(const SmartAttribute&) const = default;
};

/// What one drive says of itself, from native log pages, a smartctl JSON document or a smartctl text report.
/// `serial` is the true one: the caller hashes it and lets it go. It never leaves the process.
struct SmartReport {
  DriveProtocol protocol{DriveProtocol::unknown};
  std::string vendor;
  std::string model;
  std::string firmware;
  std::string serial;
  std::optional<std::uint64_t> capacity_bytes;
  std::optional<int> rotation_rpm;  ///< 0 = solid state
  std::optional<bool> smart_enabled;
  std::optional<bool> self_assessment;     ///< the drive's own verdict: true passed, false failed
  std::vector<SmartAttribute> attributes;  ///< ATA, in ascending id, each id once
  std::map<std::string, double> nvme;  ///< smartctl's keys: "percentage_used", ...; sensors as "temperature_sensors.1"
  std::optional<double> temperature;   ///< Cel
  std::optional<double> temperature_critical;  ///< Cel, the drive's own limit (NVMe CCTEMP, SCSI drive trip)
  std::optional<double> power_on_hours;
  std::optional<double> power_cycles;
  std::optional<std::uint64_t> error_log_count;  ///< ATA error log: errors over the drive's life
  std::optional<std::uint64_t> error_log_unc;    ///< how many of the few logged in detail are uncorrectable reads (UNC)
  std::optional<std::uint64_t> self_tests;       ///< self-tests in the log
  std::optional<std::uint64_t> self_tests_failed;
  std::optional<bool> latest_self_test_failed;
  std::optional<std::uint64_t> grown_defects;       ///< SCSI grown defect list
  std::optional<std::uint64_t> uncorrected_errors;  ///< SCSI: read + write + verify
  std::vector<std::string> messages;                ///< smartctl's own warnings, at most 8

  const SmartAttribute* find(unsigned attribute) const;
  bool operator==(const SmartReport&) const = default;
};

/// Sorts by id and keeps the first of equal ids; fills temperature (194, else 190) and power-on hours (9) from the
/// attributes where absent.
void finish_ata_report(SmartReport& report);

/// The report in the product's metrics: hw.physical_disk.smart/<disk>/…, .nvme/<disk>/…, .power_on_hours,
/// hw.temperature and its critical limit.
void append_smart_readings(const SmartReport& report, const std::string& disk, Timestamp time,
                           std::vector<Reading>& out);

}  // namespace hale
