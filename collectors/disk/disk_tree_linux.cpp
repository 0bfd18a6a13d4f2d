#include <algorithm>

#include "collectors/disk/disk_devices_linux.hpp"
#include "collectors/sensor_file_linux.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

constexpr int kMaxStack = 8;  ///< device-mapper on RAID on partitions: deeper is a loop
constexpr std::size_t kMaxForeign = 1024;

}  // namespace

void DiskTree::refresh(Collection& out) {
  if (!due_.due(clock_.steady())) return;
  auto found = find_disks(sys_);
  if (!found) {
    if (found.error().code != Errc::not_found) faults_.failed(out, "block", found.error());
    found.emplace();
  }
  assign_disk_ids(*found, salt_);
  for (const auto& name : list_directory(sys_ / "block", 4096).value_or(std::vector<std::string>{})) {
    if (is_removable(name) && foreign_.size() < kMaxForeign) foreign_.insert(name);
  }
  if (generation_ > 0 && *found == disks_) return;
  disks_ = std::move(*found);
  for (const auto& disk : disks_) {
    known_[disk.name] = known_[disk.node] = disk.id;
    foreign_.erase(disk.name);
  }
  ++generation_;
}

bool DiskTree::is_removable(std::string_view device) const {
  const auto disk = whole_disk(device, 0);
  return text_or_empty(sys_ / "block" / disk / "removable") == "1" || foreign_.contains(disk);
}

// The disk that a partition is on, or that a device-mapper or RAID device stands on alone; `device` itself when sysfs
// does not know it any more.
std::string DiskTree::whole_disk(std::string_view device, int depth) const {
  const fs::path folder = sys_ / "class" / "block" / std::string(device);
  std::error_code error;
  if (fs::exists(folder / "partition", error)) {
    const auto real = fs::canonical(folder, error);
    if (!error) return real.parent_path().filename().string();
  }
  const auto slaves = list_directory(folder / "slaves", 64);
  if (slaves && slaves->size() == 1 && depth < kMaxStack) return whole_disk(slaves->front(), depth + 1);
  if (fs::exists(folder, error)) return std::string(device);
  // Gone, or a captured tree without partitions: by the names that the kernel gives them.
  const auto end = device.find_last_not_of("0123456789");
  if (end == std::string_view::npos) return std::string(device);
  if (device.starts_with("sd")) return std::string(device.substr(0, end + 1));
  const bool partition = device.starts_with("nvme") && device[end] == 'p' && end + 1 < device.size();
  return std::string(partition ? device.substr(0, end) : device);
}

std::string DiskTree::id_of_block(std::string_view device) const {
  auto disk = whole_disk(device, 0);
  auto found = known_.find(disk);
  if (found == known_.end() && disk.starts_with("nvme")) {
    // Another namespace of a known controller.
    const auto end = disk.find('n', 4);
    found = known_.find(disk.substr(0, end));
  }
  return found == known_.end() ? std::string() : found->second;
}

std::string DiskTree::id_of_nvme(std::string_view controller) const {
  const auto found = known_.find(std::string(controller));
  return found == known_.end() ? std::string() : found->second;
}

std::string DiskTree::id_below(const std::string& part) const {
  const auto found = std::find_if(disks_.begin(), disks_.end(),
                                  [&](const DiskInfo& disk) { return disk.device.find(part) != std::string::npos; });
  return found == disks_.end() ? std::string() : found->id;
}

std::string DiskTree::id_of_ata(std::string_view port) const {
  return id_below("/" + std::string(port.substr(0, port.find('.'))) + "/");
}

std::string DiskTree::id_of_pci(std::string_view address) const { return id_below("/" + std::string(address) + "/"); }

}  // namespace hale
