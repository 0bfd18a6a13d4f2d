#include "collectors/power/energy_meter.hpp"

#include <chrono>
#include <cmath>

namespace hale {
namespace {

constexpr double kMicro = 1e6;
constexpr double kClockTolerance = 2.0;  ///< s [own]: more is a sleep or a clock jump
constexpr double kShortest = 0.05;       ///< s: below, the counter's own update interval (about 1 ms) would show

}  // namespace

std::optional<double> EnergyMeter::add(std::uint64_t microjoules, Clock::Steady steady, Timestamp wall) {
  if (!last_) {
    joules_ = static_cast<double>(microjoules) / kMicro;
    last_ = Last{microjoules, steady, wall};
    return std::nullopt;
  }
  const double seconds = std::chrono::duration<double>(steady - last_->steady).count();
  if (seconds < kShortest) return std::nullopt;
  const double wall_seconds = std::chrono::duration<double>(wall - last_->wall).count();
  const bool undisturbed = std::abs(wall_seconds - seconds) <= kClockTolerance;
  const bool wrapped = microjoules < last_->microjoules;
  std::optional<double> used;
  if (!wrapped) used = static_cast<double>(microjoules - last_->microjoules) / kMicro;
  if (wrapped && undisturbed && range_ > last_->microjoules)
    used = static_cast<double>(range_ - last_->microjoules + microjoules) / kMicro;
  last_ = Last{microjoules, steady, wall};
  if (!used) return std::nullopt;
  joules_ += *used;
  // A counter that stands still is one that does not count, as psys on many boards: no processor uses nothing.
  if (!undisturbed || *used <= 0) return std::nullopt;
  return *used / seconds;
}

}  // namespace hale
