#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/sim/fan.hpp"
#include "tests/sim/network.hpp"

namespace hale::sim {

enum class Fault : std::uint8_t { none, dust, paste, worn_fan, stalling_fan, dead_fan, blocked_vent };
std::string_view to_string(Fault fault);

enum class Growth : std::uint8_t { linear, accelerating, stepwise };
std::string_view to_string(Growth growth);

struct FaultPlan {
  Fault kind{Fault::none};
  int onset{};             ///< day
  double serious_after{};  ///< days from onset until `serious` is reached
  Growth growth{Growth::linear};
  double before{};         ///< dust that is there at installation, as a share of what is serious
  double serious{1};       ///< die-to-room resistance over clean, when serious; of a worn fan: its speed
  double fouling_share{};  ///< how much of the dust sits on fins rather than in the air path
  double noise{};          ///< added tachometer noise when serious
  int cleaned{-1};         ///< day of cleaning or repair, -1 = never
  double stalls_per_hour{};
  double blocked_flow{};  ///< share of the flow that a blocked vent lets through
  double covered{};       ///< share of the case's surface that is covered meanwhile
  int blocked_until{-1};  ///< day; -1 = comes and goes with the sessions in bed
};

/// A machine's troubles day by day. Wear is fixed at the beginning of a day, stalls and blocked vents come by minute.
class Faults {
 public:
  Faults(const FaultPlan& plan, const Machine& machine, std::uint64_t seed);
  void begin_day(int day, double heavy_hours);
  const Wear& wear() const { return wear_; }
  const FanHealth& health() const { return health_; }
  /// Returns true when wear or health changed with this minute.
  bool begin_minute(bool running, bool in_bed);
  bool blocked() const { return blocked_; }
  bool stalled() const { return stall_left_ > 0; }
  double progress() const { return progress_; }

 private:
  double grown(int day) const;
  void set_dust(double amount);
  void calibrate(const Machine& machine);

  FaultPlan plan_;
  double slope_{};
  std::uint64_t seed_;
  Random random_{0};
  std::vector<double> steps_;  ///< stepwise growth: day (from onset, share of serious_after) of each step
  double clog_{}, fouling_{};  ///< when serious
  double paste_{1}, pumped_{};
  double progress_{};
  int day_{};
  bool blocked_{};
  int stall_left_{};
  Wear day_wear_, wear_;
  FanHealth day_health_, health_;
};

/// Where resistance is compared: a middling power at a fixed fan command, so that firmware and habits do not matter.
struct Reference {
  Heat heat;
  double flow{};
};
Reference reference_point(const Machine& machine);

}  // namespace hale::sim
