#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "rules/detectors/cooling/bucket.hpp"

namespace hale::rules::cooling {

/// How much the die answers to a change of power within a minute or two: that is the way from die to heat sink (paste),
/// before sink, fins and fan have their say.
class FastSlope {
 public:
  void see_row(Millis time, double temperature, double power, bool usable);
  void close_day(bool learning);
  void learn();
  bool learned() const { return usual_ > 0; }
  /// ln of the slope of the last 21 active days against the learned one; nothing with fewer than `least_pairs`.
  std::optional<double> change(std::uint32_t least_pairs) const;
  void forget();

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  struct Sums {
    float tp{}, pp{};
    std::uint32_t pairs{};
  };
  static constexpr std::size_t kDays = 21;

  Millis last_{};
  double last_temperature_{}, last_power_{};
  bool last_usable_{};
  double swing_{};  ///< usual size of the changes of power
  Sums today_;
  Sums learning_;
  std::array<Sums, kDays> days_{};
  std::uint32_t next_{};
  double usual_{};
};

}  // namespace hale::rules::cooling
