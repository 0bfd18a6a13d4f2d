#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "tests/sim/machine.hpp"

namespace hale::sim {

/// The columns of a row.
enum class Channel : std::uint8_t {
  cpu,
  gpu,
  acpi,
  disk,
  battery,
  limit,
  fan1,
  fan2,
  cpu_power,
  gpu_power,
  load,
  frequency,
  gpu_load,
  throttle_count,
  throttle_time,
  uptime,
  online,
  charge,
  heat_shutdown,
};
inline constexpr std::size_t kChannels = 19;
/// As a recording's header names it.
std::string_view column_of(Channel channel);

inline constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
using Values = std::array<double, kChannels>;

/// What a PC lets be seen. The first is the commonest: Windows without vendor interfaces.
enum class Tier : std::uint8_t { zone_gpu, full, power_only, fan_only, basic };
inline constexpr int kTiers = 5;
std::string_view to_string(Tier tier);
std::string_view describe(Tier tier);

struct Sensor {
  bool present{};
  double step{};  ///< rounding, in the unit
  double offset{}, scale{1};
  double noise{};          ///< unit
  double glitches{};       ///< per reading
  int lost_from{1 << 30};  ///< day from which it is gone
  int stuck_from{1 << 30};
};

struct SensorSuite {
  Tier tier{};
  std::array<Sensor, kChannels> sensors{};
  double zone_die{};        ///< share of the die in the thermal zone
  double zone_filter{};     ///< s
  bool zone_is_cpu{};       ///< the zone is the only processor temperature there is, and is called so
  bool zone_fixed{};        ///< a zone that always says the same
  bool power_is_average{};  ///< over the minute (energy counter), not of the moment
  bool profile_shown{};
  int swapped{1 << 30};  ///< day from which the processor's sensor reads otherwise
  double swap_offset{}, swap_scale{1};
  Sensor& operator[](Channel channel) { return sensors[static_cast<std::size_t>(channel)]; }
  const Sensor& operator[](Channel channel) const { return sensors[static_cast<std::size_t>(channel)]; }
};

SensorSuite draw_sensors(const Machine& machine, Tier tier, Random& random);

/// Turns what is true into what is read.
class Sensors {
 public:
  Sensors(const SensorSuite& suite, std::uint64_t seed) : suite_(suite), seed_(seed) { stuck_.fill(std::nan("")); }
  void begin_day(int day);
  /// What the zone sees is slow: called with every row, also while nothing is shown.
  void follow_zone(double seconds, double die, double chassis);
  void read(const Values& truth, Values& shown);

 private:
  double read_one(std::size_t channel, double truth);

  SensorSuite suite_;
  std::uint64_t seed_;
  Random random_{0};
  int day_{};
  double zone_{25};
  std::array<double, kChannels> stuck_{};
};

}  // namespace hale::sim
