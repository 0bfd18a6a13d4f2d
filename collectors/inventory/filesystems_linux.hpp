#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace hale {

/// A local file system that keeps the user's or the system's data.
struct MountedFilesystem {
  std::string mount_point;
  std::string type;    ///< "ext4"
  std::string source;  ///< "/dev/nvme0n1p2"
  std::string device;  ///< "259:2"; btrfs and zfs have no block device's numbers

  bool operator==(const MountedFilesystem&) const = default;
};

/// /proc/self/mountinfo: writable file systems of the kinds that live on disks, each once (bind mounts and subvolumes
/// are the same space), without /boot. Network, automount, FUSE, overlay and image mounts are left out by kind: asking
/// them for space may hang. At most 64; lines that do not parse are passed over. Pure.
std::vector<MountedFilesystem> parse_mountinfo(std::string_view text);

/// True when sysfs says that the device under it can be taken away (stick, card, USB disk).
bool is_on_removable(const MountedFilesystem& filesystem, const std::filesystem::path& sys);

struct FilesystemSpace {
  double utilization{};  ///< 0..1, of what users may use, as df counts
  double size{};         ///< bytes
};
/// statvfs. Errors: not_found, permission, io.
Result<FilesystemSpace> read_space(const std::string& mount_point);

}  // namespace hale
