#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/sweep.hpp"

namespace hale {

/// A physical disk as sysfs shows it, without asking the disk anything.
struct DiskInfo {
  std::string id;      ///< component id, set by assign_disk_ids()
  std::string name;    ///< "sda", "nvme0n1": changes from boot to boot
  std::string node;    ///< what SMART is asked of: "sda", "nvme0"
  std::string device;  ///< its device below /sys: "devices/pci0000:00/…/nvme/nvme0"
  bool nvme{false};
  bool usb{false};
  bool rotational{true};
  std::string vendor;  ///< SCSI's, "ATA" left out
  std::string model;   ///< SCSI's has at most 16 characters
  std::string firmware;
  std::string serial;  ///< as read from sysfs; its hash after assign_disk_ids()
  std::string wwid;

  bool operator==(const DiskInfo&) const = default;
};

/// sd* and nvme* with a medium that stays in: no loop, RAM, device-mapper, network and optical devices, no card readers
/// and sticks. At most 256. not_found when there is no /sys/block.
Result<std::vector<DiskInfo>> find_disks(const std::filesystem::path& sys);

/// Gives each its id, "disk-1a2b3c4d": keyed hash of model and serial number, else of the WWID, else of where it is
/// plugged in; where two would be the same (bridges that show one serial number for all), the place is added. Serial
/// numbers become their keyed hash. Pure.
void assign_disk_ids(std::vector<DiskInfo>& disks, std::string_view salt);

/// Keyed hash of a serial number, 32 hex digits; empty for none. Pure.
std::string hash_serial(std::string_view serial, std::string_view salt);

/// The maker, by what its model numbers look like ("ST4000DM000" -> "Seagate"); empty when unknown. Pure.
std::string_view disk_maker(std::string_view model);

/// Reads and writes since boot, as one number that moves with every I/O: /sys/block/<name>/stat. Nothing where it
/// cannot be read.
std::optional<std::uint64_t> disk_activity(const std::filesystem::path& sys, std::string_view name);

/// The disks of this PC, looked for once a minute and shared by the collectors of a sweep. Remembers names of disks
/// that have gone. One thread's.
class DiskTree {
 public:
  explicit DiskTree(const CollectorEnvironment& environment)
      : sys_(environment.roots.sys), salt_(environment.serial_salt), clock_(clock_of(environment)) {}
  void refresh(Collection& out);
  /// Goes up when disks() changed.
  unsigned generation() const { return generation_; }
  const std::vector<DiskInfo>& disks() const { return disks_; }

  /// What the kernel calls so is part of: a disk's id; empty when it is none of this PC's disks now (a stick, a virtual
  /// device, gone before we looked). `device` is "sdb", "sdb1", "nvme0n1p2", "dm-0", "md0".
  std::string id_of_block(std::string_view device) const;
  std::string id_of_nvme(std::string_view controller) const;
  /// `port` is "ata3" or "ata3.00": a disk below it.
  std::string id_of_ata(std::string_view port) const;
  /// `address` is "0000:05:00.0": a disk below that function.
  std::string id_of_pci(std::string_view address) const;
  /// True for a device that sysfs shows and that is a stick, card or another disk that does not stay in.
  bool is_removable(std::string_view device) const;

 private:
  std::string whole_disk(std::string_view device, int depth) const;
  std::string id_below(const std::string& part) const;

  std::filesystem::path sys_;
  std::string salt_;
  const Clock& clock_;
  EverySoOften due_{kRescanInterval};
  FaultLog faults_{"disk"};
  std::vector<DiskInfo> disks_;
  std::map<std::string, std::string> known_;  ///< "sda", "nvme0" -> id, of all that were ever seen
  std::set<std::string> foreign_;             ///< names of removable ones that were ever seen
  unsigned generation_{0};
};

}  // namespace hale
