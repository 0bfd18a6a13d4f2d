#pragma once
#include <cstdint>
#include <optional>

#include "core/time.hpp"
#include "platform/clock.hpp"

namespace hale {

/// Turns readings of a wrapping energy counter (microjoules) into energy since the first reading and mean power between
/// readings. Pure but for what it remembers.
class EnergyMeter {
 public:
  /// `range` is the counter's highest value (max_energy_range_uj): it begins anew at 0 after it. 0 = it does not wrap.
  explicit EnergyMeter(std::uint64_t range = 0) : range_(range) {}

  /// Mean power since the last reading, W. nullopt for the first reading, when the counter stood still,
  /// and when the PC slept or the clock jumped in between (wall and steady time differ by more than 2 s): the counter
  /// may have been reset then.
  std::optional<double> add(std::uint64_t microjoules, Clock::Steady steady, Timestamp wall);
  /// J since the counter's start, without its wraps; 0 before the first reading.
  double joules() const { return joules_; }

 private:
  std::uint64_t range_;
  struct Last {
    std::uint64_t microjoules;
    Clock::Steady steady;
    Timestamp wall;
  };
  std::optional<Last> last_;
  double joules_{0};
};

}  // namespace hale
