#include "tests/sim/fan.hpp"

#include <algorithm>
#include <cmath>

namespace hale::sim {

double Fan::target() const {
  const FanCurve& c = curve_;
  if (held_ < c.low) return c.floor;
  double rise = std::min(1.0, (held_ - c.low) / (c.high - c.low));
  if (c.levels > 0) rise = std::min(1.0, (std::floor(rise * c.levels) + 1) / c.levels);
  if (c.shape != 1 && c.levels == 0) rise = std::pow(rise, c.shape);
  const double least = std::max(c.floor, 0.2);
  return least + (c.top - least) * rise;
}

void Fan::step(double seconds, double temperature) {
  if (!part_.present) return;
  const double share = seconds / (seconds + curve_.filter);
  filtered_ = filtered_ <= 0 ? temperature : filtered_ + share * (temperature - filtered_);
  // Hysteresis: the controller follows upwards at once, downwards only when the fall exceeds it.
  if (filtered_ > held_) held_ = filtered_;
  if (filtered_ < held_ - curve_.hysteresis) held_ = filtered_ + curve_.hysteresis;
  const double steps = seconds / 15;
  const double wanted = target();
  command_ = std::clamp(wanted, command_ - curve_.down * steps, command_ + curve_.up * steps);
  // Below the starting voltage a fan does not turn.
  if (command_ < 0.12 && wanted > 0) command_ = std::min(wanted, 0.2);
  if (command_ < 0.12 && wanted <= 0) command_ = 0;
}

double Fan::speed(int index, double command) const {
  if (index > 0) return command;
  if (health_.still) return 0;
  if (part_.speed_controlled) return std::min(command, health_.speed);
  return command * health_.speed;
}

double Fan::flow_at(double command) const {
  if (!part_.present) return 0;
  // A fan that stands still also lets the others' air back out.
  double sum = 0;
  for (int i = 0; i < part_.count; ++i) sum += speed(i, command);
  const bool leaks = part_.count > 1 && health_.still;
  return sum / part_.count * (leaks ? 0.85 : 1.0);
}

double Fan::tach(int index, double air, Random& random) const {
  const double noise = random.normal() * (part_.tach_noise + (index == 0 ? health_.extra_noise : 0));
  const double turns = speed(index, command_) * part_.top_rpm;
  if (turns <= 0) return 0;
  const double freed = 1 + part_.unload * std::max(0.0, 1 - air);
  return std::round(std::max(0.0, turns * freed * (1 + noise)) / part_.tach_step) * part_.tach_step;
}

}  // namespace hale::sim
