#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace hale {

/// A GPU as the bus shows it, found from names and links alone: nothing here touches an attribute of the device.
struct GpuDevice {
  std::string device;   ///< path below /sys
  std::string address;  ///< "0000:03:00.0"
  std::string driver;   ///< "amdgpu"
  std::string id;       ///< component id
  bool discrete{false};
};

/// Devices of DRM cards and those bound to NVIDIA's driver. Discrete ones first, then by address; the first is `gpu`.
std::vector<GpuDevice> find_gpus(const std::filesystem::path& sys);

}  // namespace hale
