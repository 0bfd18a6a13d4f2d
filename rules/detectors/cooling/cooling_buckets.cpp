#include <algorithm>
#include <cmath>

#include "rules/detectors/cooling/cooling_model.hpp"

/// What the model does with each five minutes: points of work for the day, and what must not wait for its end.
namespace hale::rules::cooling {
namespace {

constexpr double kWarm = 900, kFarWarm = 2400;  // s of uptime before temperatures are steady
constexpr double kSteady = 0.35;                // share that power may change from one bucket to the next
constexpr double kRunning = 50;                 // rpm
constexpr double kFarStep = 1.4;                // ratio of one cell of mean power to the next
constexpr double kMeanGain = 0.15;              // half an hour
constexpr double kNearLimit = 2;                // K below its limit a die counts as slowed where nothing says so
constexpr double kNearMinutes = 2.5;            // of five
// Without a fan's speed a dead or stalling fan looks the same.
constexpr double kSureOfBlocked = 0.65, kSureWithoutFan = 0.3;
constexpr double kOwnFrom = -0.4, kOwnStep = 0.02;
constexpr double kStillAtLeast = 50;  // Cel: below, fans may rest [own]
constexpr double kStillMargin = 8;    // K, as in catalogue C4

unsigned load_class(double load, double low, double high) { return load < low ? 0u : load < high ? 1u : 2u; }

/// Steps of a ratio, so that 1 lies in the middle of the 64 that a cell can tell apart.
unsigned power_bin(double power, double step) {
  return static_cast<unsigned>(std::clamp(std::floor(std::log(power) / std::log(step)) + 32, 0.0, 63.0));
}

}  // namespace

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

std::optional<double> CoolingModel::temperature_of(Site site, const Bucket& bucket) const {
  const Source source = site == Site::gpu              ? Source::gpu_temperature
                        : has(Source::cpu_temperature) ? Source::cpu_temperature
                                                       : Source::board_temperature;
  if (!bucket.knows(source)) return {};
  return bucket.of(source);
}

/// W, or a number that goes with it where only the load is known.
std::optional<double> CoolingModel::power_of(Site site, const Bucket& bucket) const {
  const Source power = site == Site::gpu ? Source::gpu_power : Source::cpu_power;
  const Source load = site == Site::gpu ? Source::gpu_load : Source::cpu_load;
  if (has(power)) {
    if (!bucket.knows(power)) return {};
    return std::max(0.3, bucket.of(power));
  }
  if (!bucket.knows(load)) return {};
  double share = bucket.of(load);
  if (site == Site::cpu && bucket.knows(Source::cpu_frequency) && state_->top_frequency > 0)
    share *=
        std::pow(std::min(1.0, bucket.of(Source::cpu_frequency) / state_->top_frequency), p_.physics.clock_exponent);
  return 100 * (p_.physics.idle_share + share);
}

double CoolingModel::room_now() const {
  const State& s = *state_;
  return s.learned && s.room.today().readings.empty() ? s.resistance.room() : s.room.last(p_);
}

std::optional<Point> CoolingModel::hot_point(Site site, const Bucket& bucket, const Bucket& before) {
  const State& s = *state_;
  const auto temperature = temperature_of(site, bucket);
  const auto now = power_of(site, bucket);
  const auto then = power_of(site, before);
  if (!temperature || !now || !then) return {};
  if (std::abs(*now - *then) > kSteady * std::max(*now, *then)) return {};
  const Source other = site == Site::gpu ? Source::cpu_load : Source::gpu_load;
  unsigned others = 0;
  if (bucket.knows(other))
    others = site == Site::gpu ? load_class(bucket.of(other), 0.15, 0.5) : load_class(bucket.of(other), 0.1, 0.6);
  Point point;
  bool rests = false;
  if (has(Source::fan_speed)) {
    if (!bucket.knows(Source::fan_speed)) return {};
    rests = static_cast<double>(bucket.most_fan) < kRunning;
    if (!rests && static_cast<double>(bucket.least_fan) <= std::max(kRunning, 0.1 * s.top_fan)) return {};
    if (!rests) point.ln_fan = std::log(bucket.of(Source::fan_speed));
  }
  const bool guessed = !has(site == Site::gpu ? Source::gpu_power : Source::cpu_power);
  const bool on_battery = guessed && bucket.knows(Source::mains) && bucket.of(Source::mains) < 0.5;
  const double power = 0.65 * *now + 0.35 * *then;
  const unsigned bin = power_bin(power, p_.physics.power_step);
  const double middle = std::pow(p_.physics.power_step, static_cast<double>(bin) - 32 + 0.5);
  point.cell = Cell::make(site, bin, others, profile_of(bucket), rests, on_battery);
  const double room = room_now();
  const double rise = *temperature - room;
  point.temperature = rise > 0 ? room + rise * std::pow(middle / power, p_.physics.rise_exponent) : *temperature;
  return point;
}

void CoolingModel::follow_mean_power(const Bucket& bucket, bool contiguous) {
  State& s = *state_;
  const auto power = power_of(Site::cpu, bucket);
  const double gpu = bucket.knows(Source::gpu_load) ? bucket.of(Source::gpu_load) : 0;
  if (!power) return;
  const double gain = s.mean_power < 0 || (!contiguous && !s.room.today().readings.empty()) ? 1 : kMeanGain;
  s.mean_power += gain * (*power - s.mean_power);
  s.mean_gpu_load += gain * (gpu - s.mean_gpu_load);
}

/// Sensors far from the heat, by the work of the last half hour.
void CoolingModel::add_far_points(const Bucket& bucket) {
  State& s = *state_;
  if (s.mean_power < 0) return;
  const unsigned bin = power_bin(std::max(0.3, s.mean_power), kFarStep);
  const double gpu = s.mean_gpu_load;
  const unsigned others = gpu < 0.08 ? 0u : gpu < 0.25 ? 1u : gpu < 0.55 ? 2u : 3u;
  for (const auto& [source, site] : {std::pair{Source::disk_temperature, Site::disk},
                                     {Source::battery_temperature, Site::battery},
                                     {Source::board_temperature, Site::board}}) {
    if (!bucket.knows(source) || !s.live.lives(source) || bucket.of(source) <= 0) continue;
    if (site == Site::board && !has(Source::cpu_temperature)) continue;
    s.today.add({Cell::make(site, bin, others, profile_of(bucket), false, false), bucket.of(source), {}});
  }
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
  s.live.see(bucket);
  s.room.see_bucket(bucket, s.live);
  follow_mean_power(bucket, bucket.contiguous);
  const bool slowed = std::exchange(s.throttled_bucket, 0) > 0.1;
  if (!has(Source::throttle_time) && s.cpu_limit > 0 && bucket.knows(Source::cpu_temperature) &&
      static_cast<double>(bucket.most_cpu) >= s.cpu_limit - kNearLimit)
    s.throttled_today += kNearMinutes;
  const double uptime = bucket.knows(Source::uptime) ? bucket.of(Source::uptime) : kFarWarm + 1;
  const auto before = std::exchange(s.previous, bucket);
  if (!before || !bucket.contiguous || uptime < kWarm) return changed;
  return see_work(bucket, *before, slowed, uptime > kFarWarm) || changed;
}

bool CoolingModel::see_work(const Bucket& bucket, const Bucket& before, bool slowed, bool steady) {
  State& s = *state_;
  double worst = -1, kelvin = 0, hottest = 0;
  std::array<std::optional<Point>, 2> points;
  for (const Site site : {Site::cpu, Site::gpu}) {
    // At its limit a die gets no hotter, whatever becomes of the cooling: without power or clock that says nothing.
    if (site == Site::cpu && slowed && !has(Source::cpu_power) && !bucket.knows(Source::cpu_frequency)) continue;
    auto& point = points[static_cast<std::size_t>(site)];
    point = hot_point(site, bucket, before);
    if (!point) continue;
    hottest = std::max(hottest, temperature_of(site, bucket).value_or(0));
    const Usual* usual = s.learned ? s.baseline.find(point->cell) : nullptr;
    if (usual == nullptr) continue;
    const double expected = Baseline::rise(*usual, point->ln_fan, p_);
    const double now = point->temperature - room_now();
    if (expected < p_.learning.least_rise || now <= 0) continue;
    const double excess = std::log(now / expected);
    if (excess > worst) {
      worst = excess;
      kelvin = now - expected;
    }
  }
  bool changed = false;
  if (worst > -1) changed = see_blockage(worst, kelvin, hottest);
  // Under a blanket nothing is learned of dust.
  if (told(Answer::blocked).holds || s.blocked_buckets > 0 || sees_stall(bucket, hottest)) return changed;
  if (steady) add_far_points(bucket);
  bool any = false;
  for (const auto& point : points) {
    if (!point) continue;
    s.today.add(*point);
    any = true;
  }
  if (any && has(Source::fan_speed) && bucket.knows(Source::fan_speed) &&
      static_cast<double>(bucket.least_fan) > std::max(kRunning, 0.1 * s.top_fan))
    s.fan_curve.add(hottest, std::log(bucket.of(Source::fan_speed)), profile_of(bucket));
  return changed;
}

bool CoolingModel::see_blockage(double excess, double kelvin, double temperature) {
  State& s = *state_;
  const double usual_top = own_quantile();
  const double bar = (has(Source::cpu_power) ? 1 : p_.blocked.without_power) *
                     std::max({p_.blocked.level, std::log(s.resistance.ratio()) + p_.blocked.over_usual,
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
  if (told(Answer::blocked).holds) {
    s.last_blocked = s.previous->start;
    s.blocked_today = true;
  }
  if (told(Answer::blocked).holds) return s.free_buckets >= p_.blocked.buckets && tell(Answer::blocked, false, 0, 0);
  if (s.blocked_buckets < p_.blocked.buckets || s.drift.settling()) return false;
  return tell(Answer::blocked, true, has(Source::fan_speed) ? kSureOfBlocked : kSureWithoutFan, bar);
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

}  // namespace hale::rules::cooling
