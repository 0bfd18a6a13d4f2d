#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/reading.hpp"
#include "tests/sim/fan.hpp"
#include "tests/sim/processor.hpp"
#include "tests/sim/scenario.hpp"

namespace hale::sim {

/// A minute of the PC being awake, as it sees itself.
struct Row {
  std::int64_t time_ms{};  ///< by the device's own clock
  Values values{};         ///< NaN = no reading
  bool context_changed{};
  const Context* context{};
};

/// What was true on a local day.
struct Day {
  double resistance{};  ///< die to room at the reference point, over day 0's
  double throttled_ms{};
  int trips{};
  int minutes_on{};
  double heavy_hours{};
  double room_sum{};    ///< over the minutes on
  double fan_speed{1};  ///< of the first fan at the same command, over a healthy one's; 0 = it does not turn
  double hottest{};     ///< die, Cel
};

struct Episode {
  std::int64_t from_ms{}, to_ms{};  ///< true time: vent blocked, or fan stalled
};

/// Lives through a scenario minute by minute and hands out the rows that an agent on it would have recorded.
class Simulation {
 public:
  explicit Simulation(const Scenario& scenario);
  /// The next minute in which the PC is awake. False at the end.
  bool next(Row& row);
  /// All of it without looking: for twins, of whom only the days are wanted.
  void run_unseen();

  const std::vector<Day>& days() const { return days_; }
  const std::vector<Episode>& episodes() const { return episodes_; }
  /// Day-0 resistance over that of the machine as built: above 1 where it was dusty at installation.
  double installed_ratio() const { return installed_ratio_; }
  /// Die-to-room resistance as built at the reference point, K/W.
  double clean_resistance() const { return clean_resistance_; }
  const Network& network() const { return network_; }
  const Processor& processor() const { return processor_; }
  const Fan& fan() const { return fan_; }
  double room_now() const { return room_now_; }

 private:
  void begin_day();
  void apply_wear();
  bool run_minute(const Minute& minute, Row& row);
  void power_transition(Activity activity);
  void note_episode(bool now);
  void simulate(const Minute& minute);
  void battery(const Minute& minute);
  void fill(const Minute& minute, Row& row);
  std::int64_t true_ms() const { return 1000 * (scenario_.start_unix + 86'400LL * day_ + 60LL * minute_); }
  std::int64_t shown_ms() const;

  Scenario scenario_;
  Network network_;
  Fan fan_;
  Processor processor_;
  Room room_;
  Use use_;
  Faults faults_;
  Sensors sensors_;
  Setup setup_;
  Context context_, told_;
  const DayPlan* plan_{};
  Random fan_noise_{0};

  int day_{-1}, minute_{1440};
  bool running_{}, asleep_{};
  bool on_battery_{}, in_episode_{};
  int out_minutes_{};  ///< minutes until the owner starts the PC again after a heat shutdown
  double off_seconds_{}, room_now_{25};
  std::uint64_t boots_{};
  double uptime_{}, throttle_ms_{}, throttle_count_{};
  bool was_throttled_{}, trip_pending_{}, first_row_{true}, unseen_{};
  double charge_{0.9}, charging_watts_{};
  double mean_load_{}, mean_gpu_{}, mean_watts_{}, mean_gpu_watts_{};
  double day0_resistance_{}, clean_resistance_{}, installed_ratio_{1};
  std::vector<Day> days_;
  std::vector<Episode> episodes_;
};

}  // namespace hale::sim
