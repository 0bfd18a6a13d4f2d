#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/time.hpp"
#include "platform/clock.hpp"

namespace hale::agent {

/// Turns the wall clock, which may jump, into times that never go backwards. Pure; one thread.
///
/// - forward: taken as it is. More than a minute beyond what the steady clock counted is a `gap` (sleep, or the clock
/// was set).
/// - back by at most ten minutes: time goes on at half speed until the wall clock has caught up (`slewed`).
/// - back by more: sweeps wait (`waiting`) for ten minutes of the steady clock, for a time server often puts it right
/// just after start;
///   then the new time is believed (`restarted`): what was learned at the later time can no longer be continued.
class Timeline {
 public:
  enum class Kind : std::uint8_t { normal, gap, slewed, waiting, restarted };
  struct Moment {
    Timestamp time;
    Kind kind{Kind::normal};
    std::chrono::milliseconds jump{0};  ///< wall clock against steady clock since the last sweep, signed
    bool clock_was_reset{false};  ///< it is right now, but stood days behind when the PC started: its battery is empty
  };

  /// `last` is the latest time already stored, if any.
  explicit Timeline(std::optional<Timestamp> last) : last_(last) {}
  Moment next(Timestamp wall, Clock::Steady steady);

 private:
  std::optional<Timestamp> last_;
  std::optional<Clock::Steady> last_steady_;
  std::optional<Clock::Steady> behind_since_;
  bool was_reset_{false};
};

}  // namespace hale::agent
