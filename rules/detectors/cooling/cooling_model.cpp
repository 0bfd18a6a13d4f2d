#include "rules/detectors/cooling/cooling_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/detectors/cooling/median.hpp"

namespace hale::rules::cooling {
namespace {

constexpr double kWarm = 600;     // s of uptime before anything is steady
constexpr double kSteady = 0.35;  // share that power may change from one bucket to the next
constexpr double kRunning = 50;   // rpm
constexpr double kIdleLoad = 0.12;
constexpr double kIdleGpu = 0.10;
constexpr double kOwnFrom = -0.4, kOwnStep = 0.02;
constexpr int kHotBuckets = 36;            // 3 h
constexpr double kStillAtLeast = 50;       // Cel: below, fans may rest [own]
constexpr double kStillMargin = 8;         // K, as in catalogue C4
constexpr Millis kAfterStall = 14 * kDay;  // an ailing fan is not called dust
constexpr double kHotRoom = 32;            // Cel
constexpr std::size_t kIndexOf(Source source) { return static_cast<std::size_t>(source); }

constexpr std::uint16_t kFanOff = 1u << 12;
constexpr std::uint16_t kOnBattery = 1u << 13;

unsigned load_class(double load, double low, double high) { return load < low ? 0u : load < high ? 1u : 2u; }

}  // namespace

// ---- rows

bool CoolingModel::observe(const Inputs& inputs, const Row& row, const OtherRules&) {
  if (!state_) {
    const auto fresh = [&](Source source) {
      const Slot slot = slots_[kIndexOf(source)];
      return slot != kNoSlot && inputs.is_fresh(slot);
    };
    const bool heat =
        fresh(Source::cpu_temperature) || fresh(Source::gpu_temperature) || fresh(Source::board_temperature);
    const bool work =
        fresh(Source::cpu_load) || fresh(Source::cpu_power) || fresh(Source::gpu_power) || fresh(Source::gpu_load);
    if (!heat || !work) return false;
    state_ = std::make_unique<State>();
    state_->os = row.context.os;
    state_->firmware = row.context.firmware;
  }
  see_row(inputs, row);
  const auto bucket = state_->builder.add(slots_, inputs, row);
  return bucket && see_bucket(*bucket);
}

void CoolingModel::see_row(const Inputs& inputs, const Row& row) {
  State& s = *state_;
  see_context(row);
  s.room.see_row(slots_, inputs, row);
  see_throttling(inputs);
  const auto value = [&](Source source) -> std::optional<double> {
    const Slot slot = slots_[kIndexOf(source)];
    if (slot == kNoSlot || !inputs.is_fresh(slot)) return {};
    return inputs.values[slot];
  };
  const auto limit_slot = slots_[kIndexOf(Source::cpu_limit)];
  if (limit_slot != kNoSlot && inputs.has(limit_slot)) s.cpu_limit = inputs.values[limit_slot];
  const auto temperature = value(Source::cpu_temperature);
  auto power = value(Source::cpu_power);
  if (!power && !has(Source::cpu_power)) {
    const auto load = value(Source::cpu_load);
    const auto frequency = value(Source::cpu_frequency);
    if (load)
      power = 100 * *load *
              (frequency && s.top_frequency > 0 ? std::pow(std::min(1.0, *frequency / s.top_frequency), 1.5) : 1.0);
  }
  if (!temperature || !power) return;
  const auto uptime = value(Source::uptime);
  const bool limited = s.cpu_limit > 0 && *temperature > s.cpu_limit - 3;
  s.fast_slope.see_row(row.time, *temperature, *power, !limited && uptime.value_or(kWarm + 1) > kWarm);
}

void CoolingModel::see_context(const Row& row) {
  State& s = *state_;
  const bool firmware = row.context.firmware != 0 && s.firmware != 0 && row.context.firmware != s.firmware;
  const bool os = row.context.os != 0 && s.os != 0 && row.context.os != s.os;
  if (row.context.firmware != 0) s.firmware = row.context.firmware;
  if (row.context.os != 0) s.os = row.context.os;
  if (!firmware && !os) return;
  if (s.learned) {
    s.drift.change(p_, firmware);
  } else if (firmware) {
    for (Channel& channel : s.channels) channel.forget();
    s.fan_curve.forget();
    s.fast_slope.forget();
    s.learned_days = 0;
  }
}

void CoolingModel::see_throttling(const Inputs& inputs) {
  State& s = *state_;
  const Slot slot = slots_[kIndexOf(Source::throttle_time)];
  if (slot == kNoSlot || !inputs.is_fresh(slot)) return;
  const double now = inputs.values[slot];
  // Counted since boot: smaller than before means that it began anew.
  if (s.throttle_last >= 0) {
    const double minutes = std::min(1440.0, (now >= s.throttle_last ? now - s.throttle_last : now) / 60000);
    s.throttled_today += minutes;
    s.throttled_bucket += minutes;
  }
  s.throttle_last = now;
}

// ---- buckets

unsigned CoolingModel::profile_of(const Bucket& bucket) {
  auto& profiles = state_->profiles;
  if (bucket.profile == 0) return 0;
  for (unsigned i = 1; i < profiles.size(); ++i) {
    if (profiles[i] == bucket.profile) return i;
    if (profiles[i] == 0) {
      profiles[i] = bucket.profile;
      return i;
    }
  }
  return 0;
}

bool CoolingModel::is_idle(const Bucket& bucket) const {
  const bool cpu_idle = bucket.knows(Source::cpu_load) ? bucket.of(Source::cpu_load) < kIdleLoad : false;
  const bool gpu_idle = !bucket.knows(Source::gpu_load) || bucket.of(Source::gpu_load) < kIdleGpu;
  return cpu_idle && gpu_idle;
}

double CoolingModel::room_sigma() const {
  if (!state_->room.temperature()) return p_.physics.room_unknown;
  return state_->room.anchored() ? p_.physics.room_known : p_.physics.room_guessed;
}

std::optional<double> CoolingModel::heat_temperature(Heat heat, const Bucket& bucket) const {
  const Source source = heat == gpu                    ? Source::gpu_temperature
                        : has(Source::cpu_temperature) ? Source::cpu_temperature
                                                       : Source::board_temperature;
  if (!bucket.knows(source)) return {};
  return bucket.of(source);
}

/// W, or a number that goes with it where only the load is known.
std::optional<double> CoolingModel::heat_power(Heat heat, const Bucket& bucket) const {
  const Source power = heat == gpu ? Source::gpu_power : Source::cpu_power;
  const Source load = heat == gpu ? Source::gpu_load : Source::cpu_load;
  if (has(power)) {
    if (!bucket.knows(power)) return {};
    return std::max(0.3, bucket.of(power));
  }
  if (!bucket.knows(load)) return {};
  double share = bucket.of(load);
  if (heat == cpu && bucket.knows(Source::cpu_frequency) && state_->top_frequency > 0)
    share *= std::pow(std::min(1.0, bucket.of(Source::cpu_frequency) / state_->top_frequency), 1.5);
  return 100 * (p_.physics.idle_share + share);
}

std::optional<Channel::Point> CoolingModel::point_of(Heat heat, const Bucket& bucket, const Bucket& before) {
  const State& s = *state_;
  const auto temperature = heat_temperature(heat, bucket);
  const auto now = heat_power(heat, bucket);
  const auto then = heat_power(heat, before);
  if (!temperature || !now || !then) return {};
  if (std::abs(*now - *then) > kSteady * std::max(*now, *then)) return {};
  const Source other = heat == gpu ? Source::cpu_load : Source::gpu_load;
  unsigned others = 0;
  if (bucket.knows(other))
    others = heat == gpu ? load_class(bucket.of(other), 0.15, 0.5) : load_class(bucket.of(other), 0.1, 0.6);
  Channel::Point point;
  const double power = 0.65 * *now + 0.35 * *then;
  const double step = std::log(p_.physics.power_step);
  const double bin = std::floor(std::log(power) / step);
  point.cell = static_cast<std::uint16_t>(std::clamp(bin + 32, 0.0, 63.0));
  point.cell = static_cast<std::uint16_t>(point.cell | others << 6 | profile_of(bucket) << 8);
  if (has(Source::fan_speed)) {
    if (!bucket.knows(Source::fan_speed)) return {};
    if (static_cast<double>(bucket.most_fan) < kRunning)
      point.cell |= kFanOff;
    else if (static_cast<double>(bucket.least_fan) > std::max(kRunning, 0.1 * s.top_fan))
      point.ln_fan = std::log(bucket.of(Source::fan_speed));
    else
      return {};
  }
  const bool guessed = !has(heat == gpu ? Source::gpu_power : Source::cpu_power);
  if (guessed && bucket.knows(Source::mains) && bucket.of(Source::mains) < 0.5) point.cell |= kOnBattery;
  const double middle = std::exp((bin + 0.5) * step);
  const double rise = *temperature - s.room.temperature().value_or(p_.physics.room);
  point.rise = rise > 0 ? rise * std::pow(middle / power, p_.physics.rise_exponent) : rise;
  return point;
}

bool CoolingModel::see_bucket(const Bucket& bucket) {
  State& s = *state_;
  bool changed = false;
  if (s.first_day == 0) s.first_day = bucket.day;
  if (s.day != 0 && bucket.day != s.day) changed |= close_day();
  s.day = bucket.day;
  s.seen |= bucket.has;
  if (bucket.knows(Source::cpu_frequency))
    s.top_frequency = std::max(s.top_frequency, bucket.of(Source::cpu_frequency));
  if (bucket.knows(Source::fan_speed)) s.top_fan = std::max(s.top_fan, static_cast<double>(bucket.most_fan));
  s.room.see_bucket(bucket, is_idle(bucket));
  changed |= see_room(bucket);
  const bool warm = !bucket.knows(Source::uptime) || bucket.of(Source::uptime) > kWarm;
  const auto before = std::exchange(s.previous, bucket);
  if (!before || !bucket.contiguous || !warm) return changed;
  double worst = -1, kelvin = 0, hottest = 0;
  const bool slowed = std::exchange(s.throttled_bucket, 0) > 0.1;
  std::array<std::optional<Channel::Point>, kHeats> points;
  for (const Heat heat : {cpu, gpu}) {
    // At its limit a die gets no hotter, whatever becomes of the cooling: without a reading of its power that says
    // nothing.
    if (heat == cpu && slowed && !has(Source::cpu_power)) continue;
    points[heat] = point_of(heat, bucket, *before);
    if (!points[heat]) continue;
    hottest = std::max(hottest, heat_temperature(heat, bucket).value_or(0));
    if (!s.learned) continue;
    const auto usual = s.channels[heat].usual(*points[heat], p_);
    if (!usual || *usual < p_.learning.least_rise) continue;
    const double now = points[heat]->rise - s.channels[heat].offset();
    if (now <= 0) continue;
    const double excess = std::log(now / *usual);
    if (excess > worst) {
      worst = excess;
      kelvin = now - *usual;
    }
  }
  if (worst > -1) changed |= see_blockage(worst, kelvin, hottest);
  // Under a blanket nothing is learned of dust.
  const bool blocked = told(Answer::blocked).holds || s.blocked_buckets > 0 || sees_stall(bucket, hottest);
  bool any = false;
  for (const Heat heat : {cpu, gpu}) {
    if (!points[heat] || blocked) continue;
    s.channels[heat].add(*points[heat]);
    any = true;
  }
  if (any) ++s.points_today;
  if (any && !s.learned && s.cpu_limit > 0) {
    const double close = static_cast<double>(bucket.most_cpu) > s.cpu_limit - 8 ? 1 : 0;
    s.near_limit += 0.005 * (close - s.near_limit);
  }
  if (any && has(Source::fan_speed) && bucket.knows(Source::fan_speed) &&
      static_cast<double>(bucket.least_fan) > std::max(kRunning, 0.1 * s.top_fan))
    s.fan_curve.add(hottest, std::log(bucket.of(Source::fan_speed)), profile_of(bucket));
  return changed;
}

bool CoolingModel::see_blockage(double excess, double kelvin, double temperature) {
  State& s = *state_;
  const double usual_top = own_quantile();
  const double bar = std::max({p_.blocked.level, s.drift.level() + s.drift.absorbed() + p_.blocked.over_usual,
                               usual_top + p_.blocked.over_own});
  const bool beyond = excess > bar && kelvin > p_.blocked.kelvin && temperature > p_.blocked.hot;
  s.blocked_buckets = beyond ? s.blocked_buckets + 1 : 0;
  s.free_buckets = excess < 0.6 * bar ? s.free_buckets + 1 : 0;
  // What stands for a finding is not this PC's usual.
  if (!beyond && !told(Answer::blocked).holds) {
    const auto bin = static_cast<std::size_t>(
        std::clamp((excess - kOwnFrom) / kOwnStep, 0.0, static_cast<double>(s.own.size() - 1)));
    if (++s.own[bin] == UINT8_MAX) {
      for (auto& count : s.own) count /= 2;
    }
  }
  if (beyond) {
    s.fast_excess = excess;
    s.fast_kelvin = kelvin;
  }
  if (told(Answer::blocked).holds) return s.free_buckets >= p_.blocked.buckets && tell(Answer::blocked, false, 0, 0);
  if (s.blocked_buckets < p_.blocked.buckets || s.drift.settling()) return false;
  return tell(Answer::blocked, true, 0.8, bar);
}

double CoolingModel::own_quantile() const {
  std::uint32_t all = 0;
  for (const auto count : state_->own) all += count;
  if (all < 20) return 1;
  std::uint32_t above = 0;
  for (std::size_t i = state_->own.size(); i-- > 0;) {
    above += state_->own[i];
    if (above * 200 > all) return kOwnFrom + kOwnStep * static_cast<double>(i + 1);
  }
  return 1;
}

/// A fan at rest at a temperature at which it always turned: no day to learn of dust from.
bool CoolingModel::sees_stall(const Bucket& bucket, double hottest) {
  State& s = *state_;
  if (!has(Source::fan_speed) || !bucket.knows(Source::fan_speed)) return false;
  if (static_cast<double>(bucket.least_fan) >= kRunning) return false;
  if (!s.learned) {
    s.still_hottest = std::max(s.still_hottest, hottest);
    return false;
  }
  if (hottest < std::max(s.still_hottest, kStillAtLeast) + kStillMargin) return false;
  s.stalled = bucket.start;
  return true;
}

bool CoolingModel::see_room(const Bucket& bucket) {
  State& s = *state_;
  const auto room = s.room.temperature();
  const bool hot = room && s.room.anchored() && *room >= kHotRoom && bucket.contiguous;
  s.hot_buckets = hot ? std::min(s.hot_buckets + 1, kHotBuckets * 4) : std::max(0, s.hot_buckets - 2);
  const bool holds = told(Answer::hot_room).holds
                         ? s.hot_buckets > 0
                         : s.learned && s.hot_buckets >= kHotBuckets && s.drift.level() < dust_level() / 2;
  return tell(Answer::hot_room, holds, 0.7, kHotRoom);
}

// ---- days

void CoolingModel::finish_learning() {
  State& s = *state_;
  bool any = false;
  for (Channel& channel : s.channels) any |= channel.learn(p_, room_sigma());
  if (!any) {
    s.learned_days = 0;
    return;
  }
  s.fan_curve.learn();
  s.fast_slope.learn();
  s.learned = true;
}

bool CoolingModel::close_day() {
  State& s = *state_;
  const double throttled = std::exchange(s.throttled_today, 0);
  const std::uint32_t points = std::exchange(s.points_today, 0);
  s.fast_slope.close_day(!s.learned);
  double sum = 0, weights = 0;
  double best = std::numeric_limits<double>::max();
  for (Channel& channel : s.channels) {
    const auto fit = channel.close_day(p_, room_sigma(), s.drift.level() + s.drift.absorbed());
    if (!fit) continue;
    const double variance = fit->variance + channel.scatter() * channel.scatter();
    sum += fit->x / variance;
    weights += 1 / variance;
    if (variance < best) {
      best = variance;
      s.rise = fit->rise;
      s.usual = fit->usual;
    }
  }
  const auto fan = s.fan_curve.close_day(static_cast<std::uint32_t>(p_.learning.buckets_a_day));
  if (!s.learned) {
    if (points < static_cast<std::uint32_t>(p_.learning.buckets_a_day)) return false;
    ++s.learned_days;
    s.throttled_usual = std::max(0.9 * s.throttled_usual, throttled);
    const bool late = s.learned_days >= p_.learning.days_if_late && s.day - s.first_day >= p_.learning.late_after;
    if (s.learned_days >= p_.learning.days || late) finish_learning();
    return false;
  }
  if (weights <= 0) return false;
  Day day;
  day.day = s.day;
  day.x = static_cast<float>(sum / weights);
  day.variance = static_cast<float>(1 / weights);
  day.fan = fan ? static_cast<float>(*fan) : std::numeric_limits<float>::quiet_NaN();
  day.throttled = static_cast<float>(throttled);
  s.drift.add(day, p_);
  return judge_day();
}

double CoolingModel::dust_level() const {
  const State& s = *state_;
  double level = s.near_limit > 0.01 ? p_.dust.level_hot : p_.dust.level;
  level = std::max(level, p_.dust.sigmas * s.drift.sigma());
  if (!has(Source::cpu_power) && !has(Source::gpu_power)) level *= p_.dust.without_power;
  if (!has(Source::fan_speed)) level *= p_.dust.without_fan;
  return level;
}

bool CoolingModel::judge_day() {
  State& s = *state_;
  const Drift& drift = s.drift;
  bool changed = false;
  const double bar = dust_level();
  const double level = drift.level();

  // A worn fan turns slower at the same temperature, day after day.
  const bool worn = told(Answer::fan_worn).holds;
  const double fan_bar = std::log(1 - p_.fan.slow);
  if (has(Source::fan_speed) && s.fan_curve.learned()) {
    bool slow = drift.fan_days_below(worn ? 0.6 * fan_bar : fan_bar, p_.fan.of_days) >= p_.fan.days;
    if (slow && !worn) {
      // Another profile or firmware changes the curve in a day; bearings do not.
      const Jump jump = drift.fan_jump();
      if (jump.sudden && jump.size < p_.sudden.step * drift.fan_level()) {
        s.drift.absorb_fan(jump.size, jump.at);
        slow = false;
      }
    }
    changed |= tell(Answer::fan_worn, slow && (worn || !drift.settling()), 0.85, fan_bar);
  }

  // Dust, paste, or what cannot be told apart.
  const bool standing = told(Answer::dust).holds || told(Answer::degraded).holds || told(Answer::paste).holds;
  const double throttle_bar = std::max(p_.dust.throttled_minutes, 2 * s.throttled_usual);
  const bool throttled = drift.throttled_days(throttle_bar, 14) >= 1;
  const auto fast =
      has(Source::cpu_temperature) ? s.fast_slope.change(static_cast<std::uint32_t>(p_.paste.pairs)) : std::nullopt;
  bool begins = false;
  bool paste = false;
  double entered = bar;
  const bool ailing = s.stalled > 0 && s.previous && s.previous->start - s.stalled < kAfterStall;
  if (!standing && !drift.settling() && !ailing) {
    const double z = drift.trend();
    const bool steady = drift.raw_days_above(p_.dust.raw_share * bar, p_.dust.of_days) >= p_.dust.days - 1;
    begins = steady && drift.days_above(bar, p_.dust.of_days) >= p_.dust.days &&
             (z > p_.dust.trend_z || level > p_.dust.large);
    if (!begins && throttled && level > std::max(p_.dust.throttled_level, 2 * drift.sigma()) && z > p_.dust.trend_z) {
      begins = true;
      entered = level;
    }
    if (begins) {
      const Jump jump = drift.jump();
      if (jump.sudden && jump.size > p_.sudden.step * level) {
        // Moved, docked, another sensor: no dust settles in a night. Beyond the level of a blockage it is not passed
        // over.
        if (jump.size < p_.blocked.level) s.drift.absorb(jump.size, jump.at);
        begins = false;
      }
    }
    paste = fast && *fast > p_.paste.fast && *fast > p_.paste.share * level;
    // Dried paste shows itself in the fast answer before the whole has grown by as much as dust would have to.
    if (!begins && paste && has(Source::cpu_power) && *fast > p_.paste.alone && level > p_.paste.least) {
      begins = true;
      entered = level;
    }
  }
  const double left = p_.dust.leave;
  const auto stays = [&](Answer answer) { return told(answer).holds && level > left * told(answer).entered; };
  if (begins) {
    const double sure = std::clamp(0.7 + 0.25 * (level - bar) / bar, 0.5, 0.95);
    const Answer answer = paste ? Answer::paste : has(Source::fan_speed) ? Answer::dust : Answer::degraded;
    changed |= tell(answer, true, sure, entered);
  } else {
    for (const Answer answer : {Answer::dust, Answer::degraded, Answer::paste}) {
      if (told(answer).holds && !stays(answer)) changed |= tell(answer, false, told(answer).sure, told(answer).entered);
    }
  }
  return changed;
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

// ---- what it has to show

std::string_view CoolingModel::tier() const {
  const bool power = has(Source::cpu_power) || has(Source::gpu_power);
  const bool fan = has(Source::fan_speed);
  return power && fan ? "power+fan" : power ? "power" : fan ? "fan" : "load";
}

Model::Judged CoolingModel::judged(Question question) const {
  if (!state_) return {false, {}, "no temperature together with load or power"};
  const State& s = *state_;
  const Answer answer = static_cast<Answer>(question);
  const bool fan = has(Source::fan_speed);
  if (answer == Answer::dust && !fan)
    return {false, tier(), "no fan speed: dust cannot be told from other causes (cooling.degraded says so)"};
  if (answer == Answer::degraded && fan) return {false, tier(), "the causes are told apart (cooling.dust and others)"};
  if (answer == Answer::fan_worn && !fan) return {false, tier(), "no fan speed"};
  if (!s.learned) return {false, tier(), fmt::format("learning, day {} of {}", s.learned_days + 1, p_.learning.days)};
  if (answer == Answer::hot_room && !s.room.anchored()) return {false, tier(), "the room's temperature is not known"};
  if (answer == Answer::paste && !s.fast_slope.learned()) return {false, tier(), "no readings a minute apart"};
  return {true, tier(), {}};
}

void CoolingModel::show(Question question, const Row& row, EvidenceBuilder& builder) const {
  if (!state_) return;
  const State& s = *state_;
  const auto answer = static_cast<Answer>(question);
  const auto& days = s.drift.days();
  builder.evidence.to = Timestamp(std::chrono::milliseconds(row.time));
  builder.evidence.from = builder.evidence.to;
  switch (answer) {
    case Answer::hot_room:
      builder.fact("room", s.room.temperature().value_or(0), "Cel");
      return;
    case Answer::blocked:
      builder.fact("excess", std::exp(s.fast_excess) - 1, "1");
      builder.fact("hotter", s.fast_kelvin, "Cel");
      return;
    case Answer::fan_worn:
      builder.fact("slower", std::max(0.0, 1 - std::exp(s.drift.fan_level())), "1");
      break;
    case Answer::dust:
    case Answer::degraded:
    case Answer::paste:
      builder.fact("excess", std::exp(s.drift.level()) - 1, "1");
      builder.fact("hotter", std::max(0.0, s.rise - s.usual), "Cel");
      builder.fact("usual_rise", s.usual, "Cel");
      if (answer == Answer::paste) builder.fact("fast", std::exp(s.fast_slope.change(1).value_or(0)) - 1, "1");
      break;
  }
  Plot plot;
  plot.metric = answer == Answer::fan_worn ? "hale.cooling.fan" : "hale.cooling.resistance";
  plot.unit = "%";
  for (const Day& day : days) {
    const double value = static_cast<double>(answer == Answer::fan_worn ? day.fan : day.x);
    if (!std::isnan(value))
      plot.points.emplace_back(Timestamp(std::chrono::milliseconds(day.day * kDay)), 100 * (std::exp(value) - 1));
  }
  plot.threshold = 100 * (std::exp(told(answer).entered) - 1);
  if (!plot.points.empty()) builder.evidence.from = plot.points.front().first;
  if (plot.points.size() > 1) builder.evidence.plots.push_back(std::move(plot));
}

std::size_t CoolingModel::bytes() const {
  std::size_t sum = sizeof(*this);
  if (!state_) return sum;
  sum += sizeof(State) + state_->drift.bytes() + state_->fan_curve.bytes();
  for (const Channel& channel : state_->channels) sum += channel.bytes();
  return sum;
}

}  // namespace hale::rules::cooling
