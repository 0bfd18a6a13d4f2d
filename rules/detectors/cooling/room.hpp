#pragma once
#include <cstdint>
#include <optional>

#include "rules/detectors/cooling/bucket.hpp"

namespace hale::rules::cooling {

/// Estimates the room's temperature from sensors far from the heat: what they read after the PC was off for hours, and
/// after it has idled for long.
class Room {
 public:
  /// Every row: looks at the first one after a time off.
  void see_row(const Slots& slots, const Inputs& inputs, const Row& row);
  void see_bucket(const Bucket& bucket, bool idle);

  /// Cel; nothing before any proxy was read.
  std::optional<double> temperature() const { return known_ ? std::optional<double>(value_) : std::nullopt; }
  bool anchored() const { return anchors_ >= kEnoughAnchors; }

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

  static constexpr std::uint32_t kEnoughAnchors = 5;

 private:
  void anchor(double proxy);
  static std::optional<double> coolest(const Slots& slots, const Inputs& inputs);
  static std::optional<double> proxy_of(const Bucket& bucket);

  bool known_{};
  double value_{};
  std::uint32_t anchors_{};
  Millis last_row_{};
  double last_uptime_{-1};
  Millis last_anchor_{};
  double idle_offset_{};  ///< of the proxy above the room when idle
  std::uint32_t idle_learned_{};
  std::uint32_t idle_buckets_{};
};

}  // namespace hale::rules::cooling
