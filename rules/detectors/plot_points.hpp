#pragma once
#include <cstdint>
#include <vector>

#include "rules/engine/detector.hpp"

namespace hale::rules {

/// The course of a value during an episode, in at most 24 points: when full, every second one is dropped. Takes no
/// memory until used.
class PlotPoints {
 public:
  static constexpr std::uint16_t kMost = 24;
  /// `most`: an even number.
  explicit PlotPoints(std::uint16_t most = kMost) : most_(most) {}
  void add(Millis time, double value);
  void clear();
  bool empty() const { return points_.empty(); }
  /// Adds itself as a plot of that input, when there are at least two points.
  void show(const FactInfo& input, std::string_view metric, std::optional<double> threshold,
            EvidenceBuilder& builder) const;
  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  std::size_t bytes() const { return points_.capacity() * sizeof(Point); }

 private:
  struct Point {
    std::uint32_t seconds;  ///< since the epoch
    float value;
  };
  std::vector<Point> points_;
  std::uint16_t stride_{1};
  std::uint16_t skip_{};
  std::uint16_t most_;
};

}  // namespace hale::rules
