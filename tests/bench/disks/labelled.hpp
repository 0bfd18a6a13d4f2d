#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace hale::bench {

/// The attributes of the labelled drives that the rules read.
inline constexpr std::array<const char*, 6> kAttributes{"5", "187", "188.raw48", "196", "197", "198"};

/// What a drive said from `start` on, in hours of its power-on time; unchanged until the next.
struct Interval {
  std::int64_t start{};
  std::int64_t stop{};
  std::array<std::optional<double>, kAttributes.size()> raw;
};

struct Drive {
  std::string id;
  std::string model;
  bool failed{};
  std::int64_t first_second{};  ///< noon of its first day, Unix time, at its first hour
  std::vector<Interval> rows;

  std::int64_t end() const { return rows.back().stop; }
  double years() const { return static_cast<double>(end() - rows.front().start) / 8766; }
  /// Reports all attributes at some time, and is watched for 30 days: the drives that published tables count.
  bool complete() const;
  /// Which of so many folds it belongs to, by its id; tools/fit_disk_risk.py goes by the same.
  std::size_t fold(std::size_t folds) const;
};

/// Backblaze 2013-2016, as MANIFEST.md of the recorded data describes it.
Result<std::vector<Drive>> read_labelled(const std::filesystem::path& folder);

}  // namespace hale::bench
