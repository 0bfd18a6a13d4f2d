#pragma once
#include <cstdint>
#include <optional>

#include "rules/detectors/cooling/baseline.hpp"

namespace hale::rules::cooling {

/// What a day says, on its own and with all days before.
struct DayResult {
  double x{};         ///< ln of thermal resistance against usual, by this day alone
  double variance{};  ///< of x
  double level{};     ///< ln of the same, by all days so far
  double rise{};      ///< K: mean rise above the room, at the work that was done
  double usual{};     ///< K: mean rise that was usual for it
};

/// Follows two unknowns from day to day: the room's temperature and the thermal resistance (1: usual). A temperature
/// of a kind of work is room + resistance x usual rise, so that warm and hot work, and sensors far from the heat, tell
/// the two apart: a hot week lifts all alike, a clogged cooler lifts the hot ones more.
class Resistance {
 public:
  void start(std::int32_t day, double room, const Parameters& p);
  /// Nothing when the day knows too little.
  std::optional<DayResult> step(const WorkDay& day, const Baseline& baseline, const Parameters& p);
  /// Cel: the room on the last day that told.
  double room() const { return room_; }
  double ratio() const { return s_; }

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  std::int32_t day_{};
  double room_{}, room_variance_{};
  double s_{1}, s_variance_{};
};

}  // namespace hale::rules::cooling
