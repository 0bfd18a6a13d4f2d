#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace hale {

/// Jiffies since boot over all CPUs.
struct CpuTimes {
  std::uint64_t busy{};
  std::uint64_t total{};
};

/// The "cpu" line of /proc/stat. Idle and waiting for I/O are not busy; guest time is already part of user time
/// (proc(5)). nullopt when malformed. Pure.
std::optional<CpuTimes> parse_proc_stat(std::string_view text);

/// Share of time that was busy between two readings, 0..1; nullopt when no time passed or a counter went backwards.
std::optional<double> utilisation(const CpuTimes& before, const CpuTimes& after);

}  // namespace hale
