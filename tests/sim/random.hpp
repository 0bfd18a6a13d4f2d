#pragma once
#include <cmath>
#include <cstdint>

namespace hale::sim {

/// What randomness is for. Each subsystem draws from its own stream, begun anew every day, so that a machine and its
/// fault-free twin live through the same weather, the same games and the same noise.
enum class Stream : std::uint64_t { machine, habits, climate, scenario, day_plan, load, sensors, fan, faults, weather };

/// splitmix64 (Steele, Lea, Flood 2014): 64 bits of state, the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  Random(std::uint64_t seed, Stream stream, std::uint64_t index = 0) : state_(seed) {
    state_ = next() ^ (static_cast<std::uint64_t>(stream) + 1) * 0x9e3779b97f4a7c15u;
    state_ = next() ^ (index + 1) * 0xd1342543de82ef95u;
    next();
  }

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// 0..1, 1 excluded.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double between(double low, double high) { return low + (high - low) * uniform(); }
  /// Between two positive numbers, as likely in each octave.
  double log_between(double low, double high) { return low * std::exp(uniform() * std::log(high / low)); }
  int whole(int low, int high) { return low + static_cast<int>(uniform() * (high - low + 1)); }
  bool chance(double probability) { return uniform() < probability; }
  /// Mean 0, deviation 1, never beyond 3.5: the sum of four 16-bit uniforms. Cheap, and sensors have no long tails of
  /// their own; glitches are made separately.
  double normal() {
    const std::uint64_t bits = next();
    const auto sum =
        static_cast<double>((bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48));
    return (sum - 131070.0) * (1.7320508 / 65536.0);
  }

 private:
  std::uint64_t state_;
};

struct Range {
  double low{}, high{};
  double draw(Random& random) const { return random.between(low, high); }
};

}  // namespace hale::sim
