#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace hale {

/// A physical disk as sysfs shows it, without asking the disk anything.
struct DiskInfo {
  std::string name;    ///< "sda", "nvme0n1": changes from boot to boot
  std::string node;    ///< what SMART is asked of: "sda", "nvme0"
  std::string device;  ///< its device below /sys: "devices/pci0000:00/…/nvme/nvme0"
  bool nvme{false};
  bool usb{false};
  bool rotational{true};
  std::string vendor;  ///< SCSI's, "ATA" left out
  std::string model;   ///< SCSI's has at most 16 characters
  std::string firmware;
  std::string serial;  ///< as read from sysfs; the collector puts its hash here at once
  std::string wwid;

  bool operator==(const DiskInfo&) const = default;
};

/// sd* and nvme* with a medium that stays in: no loop, RAM, device-mapper, network and optical devices, no card readers and sticks.
/// At most 256. not_found when there is no /sys/block.
Result<std::vector<DiskInfo>> find_disks(const std::filesystem::path& sys);

/// "disk-1a2b3c4d": keyed hash of model and serial number (as they are in `disk`), else of the WWID, else of where it is plugged in. `disambiguate` adds the place
/// (two disks behind bridges that show one serial number). Pure.
std::string disk_id(const DiskInfo& disk, std::string_view salt, bool disambiguate);

/// Keyed hash of a serial number, 32 hex digits; empty for none. Pure.
std::string hash_serial(std::string_view serial, std::string_view salt);

/// The maker, by what its model numbers look like ("ST4000DM000" -> "Seagate"); empty when unknown. Pure.
std::string_view disk_maker(std::string_view model);

/// Reads and writes since boot, as one number that moves with every I/O: /sys/block/<name>/stat. Nothing where it cannot be read.
std::optional<std::uint64_t> disk_activity(const std::filesystem::path& sys, std::string_view name);

}  // namespace hale
