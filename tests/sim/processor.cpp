#include "tests/sim/processor.hpp"

#include <algorithm>
#include <cmath>

namespace hale::sim {

/// A running average of power may not exceed the long-term limit, the power itself not the short-term one (Intel's
/// PL1 over tau, PL2; AMD's PPT works alike).
double Processor::limited(double wanted, double seconds) {
  const double sustained = cpu_.sustained * settings_.limit * share_;
  const double burst = std::max(sustained, cpu_.burst * settings_.limit * share_);
  const double part = seconds / (seconds + cpu_.burst_window);
  const double room = average_ + (sustained - average_) / part;
  const double power = std::min({wanted, burst, std::max(room, sustained)});
  average_ += part * (power - average_);
  return power;
}

void Processor::throttle(double seconds, double wanted, double base, double interface) {
  const double most = (cpu_.limit - base) / interface;
  const double least = std::min(wanted, cpu_.idle + cpu_.lowest_share * (wanted - cpu_.idle));
  throttled = most < wanted;
  throttled_ms = 0;
  if (throttled) {
    watts = std::max(most, least);
    // A touch of the limit lasts for a part of the step, a cut by a fifth or more for all of it [own].
    throttled_ms = 1000 * seconds * std::min(1.0, 5 * (wanted - watts) / wanted);
  }
  die = base + watts * interface;
  tripped = die > cpu_.limit + cpu_.trip_margin;
}

void Processor::step(double seconds, const Load& load, double base, double interface, double gpu_base,
                     double gpu_interface) {
  const double leak = cpu_.leakage * std::exp2((std::min(die, 115.0) - 60) / cpu_.leakage_doubling);
  const double share_of_time = load.cpu * (1 + cpu_.concave * (1 - load.cpu));
  const double work = share_of_time * load.intensity + load.built_in;
  const double dynamic = work * (cpu_.unlimited - cpu_.leakage) * settings_.voltage;
  // Cores asleep are cut off from their supply.
  const double wanted = cpu_.idle + dynamic + leak * (0.2 + 0.8 * std::min(1.0, work)) * settings_.voltage;
  watts = limited(wanted, seconds);
  throttle(seconds, watts, base, interface * (1 + cpu_.hot_spot * load.concentration));
  // Dynamic power goes with the clock to about 2.3 in the usable range; below a third load, clocks follow demand.
  const double share = std::clamp(watts / wanted, 0.05, 1.0);
  const double clock = std::pow(share / settings_.voltage, 0.43);
  const double demand = std::min(1.0, 0.45 + 1.6 * load.cpu);
  frequency = std::clamp(cpu_.top_hz * clock * demand, 0.35 * cpu_.base_hz, 1.05 * cpu_.top_hz);

  if (!gpu_.discrete) {
    gpu_watts = 0;
    gpu_die = die;
    return;
  }
  const double gpu_wanted = gpu_.idle + load.gpu * (gpu_.most - gpu_.idle) * settings_.gpu_limit;
  gpu_watts = std::clamp((gpu_.limit - gpu_base) / gpu_interface, std::min(gpu_wanted, 0.15 * gpu_.most), gpu_wanted);
  gpu_die = gpu_base + gpu_watts * gpu_interface;
}

}  // namespace hale::sim
