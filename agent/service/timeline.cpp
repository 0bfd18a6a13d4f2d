#include "agent/service/timeline.hpp"

#include <algorithm>
#include <utility>

namespace hale::agent {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kGap = std::chrono::minutes(1);
constexpr milliseconds kSlewable = std::chrono::minutes(10);
constexpr milliseconds kPatience = std::chrono::minutes(10);
/// A clock without its battery starts years behind; a wrong time zone is at most a day [own].
constexpr milliseconds kFarBehind = std::chrono::hours(48);
/// The steady clock counts from the PC's start.
constexpr milliseconds kJustStarted = std::chrono::hours(1);

}  // namespace

Timeline::Moment Timeline::next(Timestamp wall, Clock::Steady steady) {
  const auto elapsed =
      last_steady_ ? std::chrono::duration_cast<milliseconds>(steady - *last_steady_) : milliseconds(0);
  const bool first = !last_steady_;
  last_steady_ = steady;
  if (!last_) {
    last_ = wall;
    return {wall, Kind::normal, milliseconds(0)};
  }
  const milliseconds jump = first ? milliseconds(0) : (wall - *last_) - elapsed;
  if (first && steady.time_since_epoch() < kJustStarted && *last_ - wall >= kFarBehind) was_reset_ = true;
  if (wall > *last_) {
    behind_since_.reset();
    last_ = wall;
    return {wall, jump > kGap ? Kind::gap : Kind::normal, jump, std::exchange(was_reset_, false)};
  }
  if (*last_ - wall <= kSlewable) {
    behind_since_.reset();
    last_ = *last_ + std::max(milliseconds(1), elapsed / 2);
    return {*last_, Kind::slewed, jump};
  }
  if (!behind_since_) behind_since_ = steady;
  if (steady - *behind_since_ < kPatience) return {*last_, Kind::waiting, wall - *last_};
  const auto back = wall - *last_;
  behind_since_.reset();
  last_ = wall;
  return {wall, Kind::restarted, back};
}

}  // namespace hale::agent
