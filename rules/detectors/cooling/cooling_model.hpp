#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/detectors/cooling/baseline.hpp"
#include "rules/detectors/cooling/bucket.hpp"
#include "rules/detectors/cooling/drift.hpp"
#include "rules/detectors/cooling/fan_curve.hpp"
#include "rules/detectors/cooling/fast_slope.hpp"
#include "rules/detectors/cooling/live_sensors.hpp"
#include "rules/detectors/cooling/parameters.hpp"
#include "rules/detectors/cooling/resistance.hpp"
#include "rules/detectors/cooling/room.hpp"
#include "rules/detectors/cooling/work.hpp"

namespace hale::rules::cooling {

/// What rules may ask; in the order of kQuestionNames.
enum class Answer : std::uint8_t { dust, degraded, paste, blocked, fan_worn, hot_room };
inline constexpr std::size_t kAnswers = 6;
inline constexpr std::array<std::string_view, kAnswers> kAnswerNames{"dust",    "degraded", "thermal_interface",
                                                                     "blocked", "fan_worn", "hot_room"};

constexpr std::size_t index_of(Source source) { return static_cast<std::size_t>(source); }

/// Judges how well a PC carries its heat away: thermal resistance at the same work and fan speed against this PC's own
/// baseline (docs/cooling.md).
class CoolingModel final : public Model {
 public:
  CoolingModel(const Parameters& parameters, const Slots& slots) : p_(parameters), slots_(slots) {}

  bool observe(const Inputs& inputs, const Row& row, const OtherRules& others) override;
  bool holds(Question question) const override { return state_ && state_->answers[question].holds; }
  double sureness(Question question) const override { return state_ ? state_->answers[question].sure : 0; }
  void show(Question question, const Row& row, EvidenceBuilder& builder) const override;
  Judged judged(Question question) const override;
  void save(StateWriter& writer) const override;
  void restore(StateReader& reader) override;
  std::size_t bytes() const override;

 private:
  struct Told {
    bool holds{};
    double sure{};
    double entered{};  ///< the level it was entered at
    std::int32_t since{};
  };
  /// Made when the first temperature with a load or power comes: a drive of a fleet's recording has none.
  struct State {
    BucketBuilder builder;
    std::optional<Bucket> previous;
    LiveSensors live;
    Room room;
    WorkDay today;
    Baseline baseline;
    Resistance resistance;
    FanCurve fan_curve;
    FastSlope fast_slope;
    Drift drift;
    std::array<std::uint64_t, 4> profiles{};
    std::uint64_t firmware{};
    std::uint32_t seen{};  ///< a bit a source that was ever read
    double top_frequency{}, top_fan{};
    double mean_power{-1}, mean_gpu_load{};  ///< over the last half hour: what sensors far from the heat answer to
    double cpu_limit{};
    std::int32_t day{};
    std::int32_t first_day{};
    std::int32_t learned_days{};
    bool learned{};
    double throttle_last{-1};
    double throttled_today{};            ///< minutes
    double still_hottest{};              ///< Cel: the hottest die with the fan at rest, while learning
    Millis stalled{};                    ///< when the fan last rested though the die was hotter than that
    double throttled_bucket{};           ///< minutes
    double throttled_usual{};            ///< minutes a day while learning, a bad day's
    std::array<std::uint8_t, 80> own{};  ///< histogram of ln(rise / usual) from -0.4 in steps of 0.02, halved when full
    int blocked_buckets{}, free_buckets{};
    Millis last_blocked{};  ///< when a vent was last found blocked
    bool blocked_today{};
    std::uint32_t blocked_days{};  ///< a bit an active day, the last one lowest
    bool hot_room{};
    double fast_excess{}, fast_kelvin{};
    double rise{}, usual{};  ///< K: of the last day that was fitted
    std::array<Told, kAnswers> answers{};
  };

  void see_row(const Inputs& inputs, const Row& row);
  bool see_bucket(const Bucket& bucket);
  bool see_work(const Bucket& bucket, const Bucket& before, bool slowed, bool steady);
  void forget();
  bool close_day();
  void finish_learning();
  void see_context(const Row& row);
  void see_throttling(const Inputs& inputs);
  std::optional<double> power_of(Site site, const Bucket& bucket) const;
  std::optional<double> temperature_of(Site site, const Bucket& bucket) const;
  std::optional<Point> hot_point(Site site, const Bucket& bucket, const Bucket& before);
  void add_far_points(const Bucket& bucket);
  void follow_mean_power(const Bucket& bucket, bool contiguous);
  unsigned profile_of(const Bucket& bucket);
  double room_now() const;
  bool see_blockage(double excess, double kelvin, double temperature);
  bool sees_stall(const Bucket& bucket, double hottest);
  double own_quantile() const;
  bool judge_day();
  bool judge_fan();
  bool judge_resistance();
  bool begins(double& entered);
  bool throttling_grew() const;
  bool something_else() const;
  bool keeps_being_blocked() const;
  bool tell(Answer answer, bool holds, double sure, double entered);
  double dust_level() const;
  bool has(Source source) const { return (state_->seen >> static_cast<unsigned>(source) & 1u) != 0; }
  const Told& told(Answer answer) const { return state_->answers[static_cast<std::size_t>(answer)]; }
  std::string_view tier() const;

  const Parameters& p_;
  const Slots& slots_;
  std::unique_ptr<State> state_;
};

}  // namespace hale::rules::cooling
