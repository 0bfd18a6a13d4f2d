#include "collectors/gpu/gpu_devices_linux.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "collectors/hwmon_linux.hpp"
#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

bool is_pci_address(std::string_view name) { return hwmon_bus_path(name).starts_with("pci-"); }

std::optional<std::string> below_sys(const fs::path& sys, const fs::path& link) {
  std::error_code error;
  const auto root = fs::canonical(sys, error);
  if (error) return std::nullopt;
  const auto real = fs::canonical(link, error);
  if (error) return std::nullopt;
  auto below = real.lexically_relative(root).generic_string();
  if (!below.starts_with("devices/")) return std::nullopt;
  return below;
}

std::string driver_of(const fs::path& sys, const std::string& device) {
  std::error_code error;
  const auto driver = fs::read_symlink(sys / device / "driver", error);
  return error ? std::string() : driver.filename().string();
}

/// How many PCI bridges lie between the root complex and the device.
std::ptrdiff_t bridges_above(const std::string& device) {
  const auto segments = split(device, '/');
  return std::count_if(segments.begin(), segments.end(), is_pci_address) - 1;
}

/// Integrated GPUs sit on the root bus (Intel), or beside the platform security processor in one slot (AMD). Only links
/// are looked at.
bool is_discrete(const fs::path& sys, const std::string& device, const std::string& driver) {
  if (driver == "nvidia" || driver == "nouveau") return true;
  const auto bridges = bridges_above(device);
  if (bridges < 1) return false;
  if (driver != "amdgpu") return true;
  if (bridges >= 2) return true;
  const auto slot = device.substr(0, device.size() - 1);
  return driver_of(sys, slot + "2") != "ccp";
}

void add(const fs::path& sys, const fs::path& link, std::map<std::string, GpuDevice>& found) {
  const auto device = below_sys(sys, link);
  if (!device) return;
  GpuDevice gpu;
  gpu.device = *device;
  gpu.address = device->substr(device->rfind('/') + 1);
  gpu.driver = driver_of(sys, *device);
  if (!is_pci_address(gpu.address) || !is_gpu_driver(gpu.driver)) return;
  gpu.discrete = is_discrete(sys, *device, gpu.driver);
  found.emplace(gpu.device, std::move(gpu));
}

/// "card0", not its connectors "card0-eDP-1".
bool is_card(std::string_view name) { return name.starts_with("card") && parse_uint(name.substr(4)).has_value(); }

}  // namespace

std::vector<GpuDevice> find_gpus(const fs::path& sys) {
  std::map<std::string, GpuDevice> found;
  const auto drm = sys / "class" / "drm";
  for (const auto& name : list_directory(drm, 4096).value_or(std::vector<std::string>{})) {
    if (is_card(name)) add(sys, drm / name / "device", found);
  }
  // Without its modesetting part the NVIDIA driver shows no DRM card.
  const auto nvidia = sys / "bus" / "pci" / "drivers" / "nvidia";
  for (const auto& name : list_directory(nvidia, 4096).value_or(std::vector<std::string>{})) {
    if (is_pci_address(name)) add(sys, nvidia / name, found);
  }
  std::vector<GpuDevice> gpus;
  for (auto& [path, gpu] : found) gpus.push_back(std::move(gpu));
  std::stable_sort(gpus.begin(), gpus.end(), [](const auto& a, const auto& b) {
    return std::pair(!a.discrete, a.address) < std::pair(!b.discrete, b.address);
  });
  for (auto& gpu : gpus)
    gpu.id = &gpu == &gpus.front() ? "gpu" : make_component_id(gpu.driver, hwmon_bus_path(gpu.device), "");
  return gpus;
}

}  // namespace hale
