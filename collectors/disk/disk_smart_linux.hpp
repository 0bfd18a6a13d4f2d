#pragma once
#include "collectors/disk/disk_devices_linux.hpp"
#include "collectors/disk/probe_client_linux.hpp"
#include "platform/parse/smart_report.hpp"

namespace hale {

/// What reading a disk's health came to.
struct SmartReading {
  bool asleep{false};  ///< left alone; then the report is empty
  SmartReport report;
};

/// Reads a disk's health: natively through `probe`; where the disk's bridge or controller does not pass that on,
/// through smartctl (absolute path; empty = not installed). Blocks for at most one deadline of the disk after the first
/// failure. Errors: the native way's, with what smartctl said behind it where it was asked.
Result<SmartReading> read_smart(const DiskInfo& disk, ProbeClient& probe, const std::filesystem::path& smartctl);

}  // namespace hale
