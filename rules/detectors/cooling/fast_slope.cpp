#include "rules/detectors/cooling/fast_slope.hpp"

#include <cmath>

namespace hale::rules::cooling {
namespace {

constexpr Millis kNearest = 25 * kSecond;  // between the two readings of a pair
constexpr Millis kFurthest = 125 * kSecond;
constexpr float kLeastPower2 = 1e-3F;

}  // namespace

void FastSlope::see_row(Millis time, double temperature, double power, bool usable) {
  const Millis apart = time - last_;
  if (last_ > 0 && apart < kNearest) return;
  if (usable && last_usable_ && last_ > 0 && apart <= kFurthest) {
    const double dp = power - last_power_;
    const double dt = temperature - last_temperature_;
    swing_ += 0.002 * (std::abs(dp) - swing_);
    // Small changes are noise of the power reading, and would pull the slope towards nothing.
    if (std::abs(dp) > 1.5 * swing_) {
      today_.tp += static_cast<float>(dt * dp);
      today_.pp += static_cast<float>(dp * dp);
      ++today_.pairs;
    }
  }
  last_ = time;
  last_temperature_ = temperature;
  last_power_ = power;
  last_usable_ = usable;
}

void FastSlope::close_day(bool learning) {
  if (today_.pairs == 0) return;
  if (learning) {
    learning_.tp += today_.tp;
    learning_.pp += today_.pp;
    learning_.pairs += today_.pairs;
  } else {
    days_[next_] = today_;
    next_ = (next_ + 1) % kDays;
  }
  today_ = {};
}

void FastSlope::learn() {
  constexpr std::uint32_t kLeastPairs = 150;
  if (learning_.pairs < kLeastPairs || learning_.pp < kLeastPower2 || learning_.tp <= 0) return;
  usual_ = static_cast<double>(learning_.tp) / static_cast<double>(learning_.pp);
}

std::optional<double> FastSlope::change(std::uint32_t least_pairs) const {
  if (!learned()) return {};
  Sums sum;
  for (const Sums& day : days_) {
    sum.tp += day.tp;
    sum.pp += day.pp;
    sum.pairs += day.pairs;
  }
  if (sum.pairs < least_pairs || sum.tp <= 0 || sum.pp < kLeastPower2) return {};
  return std::log(static_cast<double>(sum.tp) / static_cast<double>(sum.pp) / usual_);
}

void FastSlope::forget() { *this = FastSlope(); }

void FastSlope::save(StateWriter& writer) const {
  const auto sums = [&writer](const Sums& one) {
    writer.number(one.tp);
    writer.number(one.pp);
    writer.number(one.pairs);
  };
  writer.number(last_);
  writer.number(last_temperature_);
  writer.number(last_power_);
  writer.number(last_usable_);
  writer.number(swing_);
  sums(today_);
  sums(learning_);
  for (const Sums& day : days_) sums(day);
  writer.number(next_);
  writer.number(usual_);
}

void FastSlope::restore(StateReader& reader) {
  const auto sums = [&reader](Sums& one) {
    reader.number(one.tp);
    reader.number(one.pp);
    reader.number(one.pairs);
  };
  reader.number(last_);
  reader.number(last_temperature_);
  reader.number(last_power_);
  reader.number(last_usable_);
  reader.number(swing_);
  sums(today_);
  sums(learning_);
  for (Sums& day : days_) sums(day);
  reader.number(next_);
  next_ %= kDays;
  reader.number(usual_);
}

}  // namespace hale::rules::cooling
