#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"
#include "platform/errno_linux.hpp"

/// Read-only questions to a disk's firmware over ioctl. Only hale-probe uses this: it needs rights that nothing else of
/// Hale has. The calls block until the kernel's own time-out, which is why hale-probe runs as a child with a deadline.
namespace hale {

/// An open disk, closed at the end. Opening does not wake it.
class DiskDevice {
 public:
  enum class Kind { nvme_controller, scsi_disk };

  /// `path` must be /dev/nvmeN or /dev/sdX… and name what the kernel calls so: the node's numbers have to be those that
  /// sysfs gives it. Errors: invalid_input (not such a path, or another device behind it), not_found, permission, io.
  static Result<DiskDevice> open(std::string_view path);
  Kind kind() const { return kind_; }
  int descriptor() const { return descriptor_.get(); }

 private:
  DiskDevice(FileDescriptor descriptor, Kind kind) : descriptor_(std::move(descriptor)), kind_(kind) {}
  FileDescriptor descriptor_;
  Kind kind_{};
};

/// Which kind of disk a path names, by its letters alone. Pure. Errors: invalid_input.
Result<DiskDevice::Kind> disk_kind(std::string_view path);

/// NVMe admin command that reads `bytes`: Get Log Page (02h) or Identify (06h); nothing else is sent. `cdw10` as in the
/// specification. Errors: invalid_input (another command), unsupported (the drive refused, with its status),
/// permission, io.
Result<std::string> nvme_admin_read(const DiskDevice& disk, std::uint8_t opcode, std::uint32_t namespace_id,
                                    std::uint32_t cdw10, std::uint32_t bytes);

/// One ATA command in SCSI's ATA PASS-THROUGH (16). `read_sectors` 0 = no data, and the registers come back in `sense`.
struct AtaCommand {
  std::uint8_t command{};
  std::uint8_t feature{};
  std::uint8_t lba_low{};
  std::uint8_t lba_mid{};
  std::uint8_t lba_high{};
  std::uint8_t read_sectors{0};
};
struct AtaReply {
  std::string data;
  std::string sense;
};
/// Time-out 5 s. Errors: unsupported (no ATA behind it, or the drive refused), permission, io, timeout.
Result<AtaReply> ata_pass_through(const DiskDevice& disk, const AtaCommand& command);

}  // namespace hale
