#pragma once
#include <filesystem>
#include <string>

#include "core/time.hpp"

namespace hale {

/// When this PC was started, by the kernel (`btime` of <proc>/stat); the epoch when it does not say.
Timestamp read_boot_time(const std::filesystem::path& proc_root);
/// "Debian GNU/Linux 12 (bookworm)"; "Linux" when the system does not say.
std::string read_system_name(const std::filesystem::path& os_release = "/etc/os-release");

}  // namespace hale
