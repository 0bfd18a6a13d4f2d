#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "rules/detectors/cooling/cooling_model.hpp"

/// What the model does when a day ends: learns, then judges.
namespace hale::rules::cooling {
namespace {

constexpr std::uint32_t kHotBuckets = 36;  // 3 h
constexpr double kHotRoom = 32;            // Cel
constexpr Millis kAfterStall = 14 * kDay;  // an ailing fan is not called dust
constexpr Millis kAfterBlocked = 40 * kDay;
constexpr double kAilingShare = 0.5;  // of what makes a fan worn
constexpr double kFanGone = -0.2;     // ln of speed that went in a day: one of several fans
constexpr double kSureOfDust = 0.6, kSureWithLevel = 0.3, kSurestOfDust = 0.8;
constexpr double kSureOfDegraded = 0.9, kSureOfPaste = 0.9, kSureOfPasteByLoad = 0.5;
constexpr int kThrottledOf = 14, kThrottledHolds = 3;

}  // namespace

void CoolingModel::finish_learning() {
  State& s = *state_;
  double room = 0;
  if (!s.baseline.learn(p_, room)) {
    s.learned_days = 0;
    return;
  }
  s.resistance.start(s.day, room, p_);
  s.fan_curve.learn();
  s.fast_slope.learn();
  s.learned = true;
}

bool CoolingModel::close_day() {
  State& s = *state_;
  const double throttled = std::exchange(s.throttled_today, 0);
  WorkDay work = std::exchange(s.today, {});
  work.day = s.day;
  work.room = s.room.close_day();
  const std::uint32_t points = work.judged_points();
  s.fast_slope.close_day(!s.learned);
  const auto least = static_cast<std::uint32_t>(p_.learning.buckets_a_day);
  const auto fan = s.fan_curve.close_day(least);
  if (!s.learned) {
    if (points < least) return false;
    work.cells.shrink_to_fit();
    s.baseline.keep(std::move(work));
    ++s.learned_days;
    s.throttled_usual = std::max(0.9 * s.throttled_usual, throttled);
    const bool late = s.learned_days >= p_.learning.days_if_late && s.day - s.first_day >= p_.learning.late_after;
    if (s.learned_days >= p_.learning.days || late) finish_learning();
    return false;
  }
  const bool was_blocked = std::exchange(s.blocked_today, false);
  if (points >= least || was_blocked) s.blocked_days = s.blocked_days << 1 | (was_blocked ? 1u : 0u);
  const auto result = s.resistance.step(work, s.baseline, p_);
  if (!result) return !has(Source::fan_speed) && keeps_being_blocked() && judge_resistance();
  for (const CellSum& sum : work.cells)
    if (s.baseline.find(sum.cell) == nullptr) s.baseline.take_in(sum, s.resistance.room(), s.resistance.ratio(), p_);
  s.rise = result->rise;
  s.usual = result->usual;
  Day day;
  day.day = s.day;
  day.x = static_cast<float>(result->x);
  day.variance = static_cast<float>(result->variance);
  day.level = static_cast<float>(result->level);
  day.fan = fan ? static_cast<float>(*fan) : std::numeric_limits<float>::quiet_NaN();
  day.throttled = static_cast<float>(throttled);
  s.drift.add(day);
  s.hot_room = s.room.anchored() && s.resistance.room() >= kHotRoom && points >= kHotBuckets;
  return judge_day();
}

double CoolingModel::dust_level() const {
  double level = p_.dust.level;
  if (!has(Source::cpu_power) && !has(Source::gpu_power)) level *= p_.dust.without_power;
  if (!has(Source::fan_speed)) level *= p_.dust.without_fan;
  return level;
}

bool CoolingModel::judge_day() {
  bool changed = judge_fan();
  changed |= judge_resistance();
  const State& s = *state_;
  return tell(Answer::hot_room, s.hot_room && s.drift.level() < dust_level() / 2, 0.7, kHotRoom) || changed;
}

/// A worn fan turns slower at the same temperature, day after day.
bool CoolingModel::judge_fan() {
  State& s = *state_;
  const Drift& drift = s.drift;
  if (!has(Source::fan_speed) || !s.fan_curve.learned()) return false;
  const bool worn = told(Answer::fan_worn).holds;
  const double bar = std::log(1 - p_.fan.slow);
  bool slow = drift.fan_days_below(worn ? 0.6 * bar : bar, p_.fan.of_days) >= p_.fan.days;
  if (slow && !worn) {
    // Another profile or firmware changes the curve in a day; bearings do not.
    const Jump jump = drift.fan_jump();
    if (jump.sudden && jump.size < p_.sudden.step * drift.fan_level()) {
      s.drift.absorb_fan(jump.size, jump.at);
      slow = false;
    }
  }
  return tell(Answer::fan_worn, slow && (worn || !drift.settling()), 0.85, bar);
}

bool CoolingModel::throttling_grew() const {
  const double bar = std::max(p_.dust.throttled_minutes, p_.dust.throttled_times * state_->throttled_usual);
  return state_->drift.throttled_days(bar, kThrottledOf) > 0;
}

/// Has resistance come to stand above usual, slowly? `entered` becomes the level that was passed.
bool CoolingModel::begins(double& entered) {
  State& s = *state_;
  const Drift& drift = s.drift;
  const double bar = dust_level();
  const double level = drift.level();
  const double z = drift.trend();
  bool begins = level > bar && drift.days_above(bar, p_.dust.of_days) >= p_.dust.days &&
                (z > p_.dust.trend_z || level > p_.dust.large);
  entered = bar;
  const double slowed = p_.dust.throttled_level;
  if (!begins && throttling_grew() && z > p_.dust.trend_z) {
    begins = (level > slowed && drift.days_above(slowed, p_.dust.of_days) >= kThrottledHolds) ||
             drift.last_three() > p_.dust.throttled_three;
    entered = slowed;
  }
  if (!begins || (drift.slope() < p_.dust.slope && level < p_.dust.large)) return false;
  const Jump jump = drift.jump();
  if (!jump.sudden || jump.size <= p_.sudden.step * level) return true;
  // Moved, docked, another sensor: no dust settles in a night. Beyond the level of a blockage it is not passed over.
  if (jump.size < p_.blocked.level) s.drift.absorb(jump.size, jump.at);
  return false;
}

/// A fan that ails, or a vent that was covered lately, explains what would look like dust.
bool CoolingModel::something_else() const {
  const State& s = *state_;
  const auto lately = [&](Millis when, Millis within) {
    return when > 0 && s.previous && s.previous->start - when < within;
  };
  return lately(s.stalled, kAfterStall) || lately(s.last_blocked, kAfterBlocked) || told(Answer::fan_worn).holds ||
         (has(Source::fan_speed) &&
          (s.drift.fan_level() < kAilingShare * std::log(1 - p_.fan.slow) || s.drift.fan_absorbed() < kFanGone));
}

/// Blocked on most of the last days: nobody leaves a PC under a blanket for so long; a fan may have died.
bool CoolingModel::keeps_being_blocked() const { return std::popcount(state_->blocked_days & 0xfu) >= 3; }

/// Dust, paste, or what cannot be told apart.
bool CoolingModel::judge_resistance() {
  State& s = *state_;
  const double level = s.drift.level();
  const bool standing = told(Answer::dust).holds || told(Answer::degraded).holds || told(Answer::paste).holds;
  if (standing) {
    bool changed = false;
    for (const Answer answer : {Answer::dust, Answer::degraded, Answer::paste}) {
      const Told& one = told(answer);
      if (one.holds && level <= p_.dust.leave * one.entered) changed |= tell(answer, false, one.sure, one.entered);
    }
    return changed;
  }
  if (s.drift.settling()) return false;
  const auto pairs = static_cast<std::uint32_t>(p_.paste.pairs);
  const auto fast = has(Source::cpu_temperature) ? s.fast_slope.change(pairs) : std::nullopt;
  // Power guessed from load is too coarse to see less than a large change of the fast answer.
  const bool knows_power = has(Source::cpu_power);
  const bool paste = fast && *fast > (knows_power ? p_.paste.fast : p_.paste.alone) && *fast > p_.paste.share * level &&
                     (knows_power || has(Source::fan_speed));
  // What came in a day and stays, where no fan speed tells whether a fan died or something lies on the vents.
  if (!has(Source::fan_speed) && (s.drift.stays_above(p_.sudden.level, p_.sudden.stays) || keeps_being_blocked()))
    return tell(Answer::degraded, true, kSureOfDegraded, p_.sudden.level / 2);
  if (something_else()) return false;
  double entered = 0;
  bool begins = this->begins(entered);
  // Dried paste shows itself in the fast answer before the whole has grown by as much as dust would have to.
  if (!begins && paste && knows_power && *fast > p_.paste.alone && level > p_.paste.least) {
    begins = true;
    entered = level;
  }
  if (!begins) return false;
  const Answer answer = paste ? Answer::paste : has(Source::fan_speed) ? Answer::dust : Answer::degraded;
  // How often each is right on simulated machines of the tuning seeds; dust the more, the further above its level.
  const double above = std::max(0.0, level / dust_level() - 1);
  const double sure = answer == Answer::dust    ? std::min(kSureOfDust + kSureWithLevel * above, kSurestOfDust)
                      : answer == Answer::paste ? (knows_power ? kSureOfPaste : kSureOfPasteByLoad)
                                                : kSureOfDegraded;
  return tell(answer, true, sure, entered);
}

bool CoolingModel::tell(Answer answer, bool holds, double sure, double entered) {
  Told& told = state_->answers[static_cast<std::size_t>(answer)];
  if (told.holds == holds) return false;
  told.holds = holds;
  if (holds) {
    told.sure = sure;
    told.entered = entered;
    told.since = state_->day;
  }
  return true;
}

}  // namespace hale::rules::cooling
