#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "rules/engine/state_io.hpp"

namespace hale::rules::cooling {

/// Learns how fast the fan turns at each temperature, and says by how much it has come to turn slower or faster there.
/// A clogged cooler makes PC and fan hotter and faster along the same curve; a worn fan leaves the curve.
class FanCurve {
 public:
  /// Five steady minutes: the hottest die in Cel, ln of the speed, and which performance profile (0..3).
  void add(double temperature, double ln_fan, unsigned profile);
  /// A day's mean ln of speed against usual, once learned and when the day knows at least `least` buckets.
  std::optional<double> close_day(std::uint32_t least);
  void learn();
  bool learned() const { return learned_; }
  double scatter() const { return scatter_; }
  void forget();

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  std::size_t bytes() const;

 private:
  struct Cell {
    std::uint16_t key{};
    std::uint16_t points{};
    float ln_fan{};  ///< sum while learning, then mean
    float squares{};
  };
  Cell* find(std::uint16_t key);

  bool learned_{};
  std::vector<Cell> cells_;
  double today_{};
  std::uint32_t points_{};
  double scatter_{0.03};
};

}  // namespace hale::rules::cooling
