#include "collectors/inventory/filesystems_linux.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "collectors/sensor_file_linux.hpp"
#include "core/text.hpp"
#include "platform/errno_linux.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxFilesystems = 64;
constexpr auto kDiskTypes = std::to_array<std::string_view>(
    {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "zfs", "bcachefs", "nilfs2", "ntfs3"});

// "\040" is a blank: mountinfo writes blank, tab, newline and backslash as three octal digits.
std::string unescape(std::string_view text) {
  std::string out;
  const auto octal = [&](std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '7' ? text[i] - '0' : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '\\' && octal(i + 1) >= 0 && octal(i + 1) < 4 && octal(i + 2) >= 0 && octal(i + 3) >= 0;
    out += escape ? static_cast<char>(octal(i + 1) * 64 + octal(i + 2) * 8 + octal(i + 3)) : text[i];
    if (escape) i += 3;
  }
  return out;
}

bool is_boot(std::string_view mount_point) {
  return mount_point == "/boot" || mount_point.starts_with("/boot/") || mount_point == "/efi";
}

// "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
std::optional<MountedFilesystem> parse_line(std::string_view line) {
  const auto dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  const auto before = split(line.substr(0, dash), ' ');
  const auto after = split(line.substr(dash + 3), ' ');
  if (before.size() < 6 || after.size() < 2) return std::nullopt;
  const bool read_only = before[5] == "ro" || before[5].starts_with("ro,");
  const bool on_disk = std::find(kDiskTypes.begin(), kDiskTypes.end(), after[0]) != kDiskTypes.end();
  if (read_only || !on_disk) return std::nullopt;
  MountedFilesystem filesystem{unescape(before[4]), std::string(after[0]), unescape(after[1]), std::string(before[2])};
  if (is_boot(filesystem.mount_point) || filesystem.mount_point.empty()) return std::nullopt;
  return filesystem;
}

}  // namespace

std::vector<MountedFilesystem> parse_mountinfo(std::string_view text) {
  std::vector<MountedFilesystem> all;
  for (const auto line : split(text, '\n')) {
    if (auto filesystem = parse_line(line)) all.push_back(std::move(*filesystem));
    if (all.size() > 4096) break;
  }
  // Of several mounts of one file system, the shortest mount point speaks for it: "/" for "/" and "/home" of one btrfs.
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.mount_point.size() < b.mount_point.size(); });
  std::vector<MountedFilesystem> distinct;
  std::set<std::string> devices;
  for (auto& filesystem : all) {
    // A ZFS pool's datasets share its space.
    const auto space =
        filesystem.type == "zfs" ? filesystem.source.substr(0, filesystem.source.find('/')) : filesystem.device;
    if (distinct.size() < kMaxFilesystems && devices.insert(space).second) distinct.push_back(std::move(filesystem));
  }
  return distinct;
}

bool is_on_removable(const MountedFilesystem& filesystem, const fs::path& sys) {
  std::error_code error;
  auto folder = sys / "dev" / "block" / filesystem.device;
  if (!fs::exists(folder, error) && filesystem.source.starts_with("/dev/"))
    folder = sys / "class" / "block" / fs::path(filesystem.source).filename();
  const auto real = fs::canonical(folder, error);
  if (error) return false;
  if (real.string().find("/usb") != std::string::npos) return true;
  const auto disk = fs::exists(real / "partition", error) ? real.parent_path() : real;
  return text_or_empty(disk / "removable") == "1";
}

Result<FilesystemSpace> read_space(const std::string& mount_point) {
  struct statvfs space {};
  if (::statvfs(mount_point.c_str(), &space) != 0) return fail(errno_error(errno, "space of a file system"));
  const auto used = static_cast<double>(space.f_blocks - std::min(space.f_bfree, space.f_blocks));
  const auto available = static_cast<double>(space.f_bavail);
  if (used + available <= 0) return fail(Errc::unsupported, "a file system without a size");
  return FilesystemSpace{used / (used + available),
                         static_cast<double>(space.f_blocks) * static_cast<double>(space.f_frsize)};
}

}  // namespace hale
