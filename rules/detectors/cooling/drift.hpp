#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "rules/detectors/cooling/parameters.hpp"
#include "rules/engine/state_io.hpp"

namespace hale::rules::cooling {

/// A day's indicators. NaN where it had none.
struct Day {
  std::int32_t day{};
  float x{};  ///< ln of thermal resistance against usual, steps absorbed
  float variance{};
  float level{};  ///< what all days so far say of it
  float fan{};    ///< ln of the fan's speed at its temperature against usual
  float fan_level{};
  float throttled{};  ///< minutes
};

/// A jump, told apart from a slow rise.
struct Jump {
  bool sudden{};
  double size{};
  std::size_t at{};  ///< index of the first day after it, among days()
};

/// The last active days, smoothed; and what of them is slow drift, what a jump.
class Drift {
 public:
  /// `day.x` and `day.level` are against the baseline; what was absorbed is taken off here.
  void add(Day day);
  const std::vector<Day>& days() const { return days_; }
  bool any() const { return !days_.empty(); }
  double level() const { return days_.empty() ? 0 : static_cast<double>(days_.back().level); }
  double fan_level() const { return fan_level_; }
  bool fan_known() const { return fan_known_; }
  /// Of the last `of` days, how many had a level above.
  int days_above(double level, int of) const;
  int fan_days_below(double level, int of) const;
  /// Mann-Kendall over the last 40 days.
  double trend() const;
  /// ln a day over the last 30 days that told, days of less doubt counting more.
  double slope() const;
  /// The mean of the last three days' own indicators, when all three and the mean lie clearly above usual; else 0.
  double last_three() const;
  Jump jump() const { return jump_of(&Day::x); }
  Jump fan_jump() const { return jump_of(&Day::fan); }
  /// The last `days` all have an indicator of their own above, and beyond their own doubt.
  bool stays_above(double x, int days) const;
  int throttled_days(double minutes, int of) const;

  /// Firmware changed: after `settle` more days, a step up that came with it is taken as the new usual.
  void change(const Parameters& p);
  /// New firmware is being looked at: nothing new is said meanwhile.
  bool settling() const { return settle_ > 0; }
  /// A jump that is no trouble: from now on it is the usual.
  void absorb(double step, std::size_t from);
  void absorb_fan(double step, std::size_t from);
  double fan_absorbed() const { return fan_base_; }

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  std::size_t bytes() const { return days_.capacity() * sizeof(Day); }

 private:
  void settle_down();
  Jump jump_of(float Day::*series) const;

  std::vector<Day> days_;
  double fan_level_{}, fan_spread_{1};
  bool fan_known_{};
  double base_{}, fan_base_{};
  int settle_{};
  std::uint32_t since_change_{};
};

}  // namespace hale::rules::cooling
