#include "rules/detectors/cooling/drift.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/detectors/cooling/median.hpp"
#include "rules/detectors/theil_sen.hpp"

namespace hale::rules::cooling {
namespace {

constexpr std::size_t kKept = 64;
constexpr std::size_t kTrendDays = 40;
constexpr std::size_t kSlopeDays = 30;
constexpr std::size_t kJumpDays = 24;
constexpr std::size_t kBefore = 8;       // days to compare a change with
constexpr double kStepBeatsSlope = 0.7;  // a jump fits so much better than a slope that begins
constexpr double kLeastJump = 0.03;
constexpr double kFanScatter = 0.02, kFanDrift = 0.014, kFanStep = 0.12;  // of ln of speed: a day's, and a day further
constexpr double kThreeSigmas = 3;
constexpr double kBeyondDoubt = 2.5;  // standard deviations

double wide(float value) { return static_cast<double>(value); }

/// Residual squares around the means before and from `at`.
double split(const std::vector<double>& x, std::size_t at, double& size) {
  double before = 0, after = 0, squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) (i < at ? before : after) += x[i];
  before /= static_cast<double>(at);
  after /= static_cast<double>(x.size() - at);
  for (std::size_t i = 0; i < x.size(); ++i)
    squares += (x[i] - (i < at ? before : after)) * (x[i] - (i < at ? before : after));
  size = after - before;
  return squares;
}

/// Residual squares around a line that is flat before `at` and rises from there.
double hinge(const std::vector<double>& x, std::size_t at) {
  double n = 0, t = 0, tt = 0, y = 0, ty = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double u = i < at ? 0 : static_cast<double>(i - at + 1);
    n += 1, t += u, tt += u * u, y += x[i], ty += u * x[i];
  }
  const double slope = (n * ty - t * y) / std::max(1e-9, n * tt - t * t);
  const double start = (y - slope * t) / n;
  double squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double u = i < at ? 0 : static_cast<double>(i - at + 1);
    squares += (x[i] - start - slope * u) * (x[i] - start - slope * u);
  }
  return squares;
}

}  // namespace

void Drift::add(Day day) {
  const double apart = days_.empty() ? 1 : std::clamp(day.day - days_.back().day, 1, 60);
  day.x -= static_cast<float>(base_);
  day.level -= static_cast<float>(base_);
  if (!std::isnan(day.fan)) {
    day.fan -= static_cast<float>(fan_base_);
    fan_spread_ += kFanDrift * kFanDrift * apart;
    const double gain = fan_spread_ / (fan_spread_ + kFanScatter * kFanScatter);
    fan_level_ += gain * std::clamp(wide(day.fan) - fan_level_, -kFanStep, kFanStep);
    fan_spread_ *= 1 - gain;
    fan_known_ = true;
  }
  day.fan_level = static_cast<float>(fan_level_);
  if (days_.size() >= kKept) days_.erase(days_.begin());
  days_.push_back(day);
  ++since_change_;
  if (settle_ > 0 && --settle_ == 0) settle_down();
}

int Drift::days_above(double level, int of) const {
  const auto from = days_.end() - static_cast<std::ptrdiff_t>(std::min(days_.size(), static_cast<std::size_t>(of)));
  return static_cast<int>(
      std::count_if(from, days_.end(), [level](const Day& day) { return wide(day.level) > level; }));
}

int Drift::fan_days_below(double level, int of) const {
  const auto from = days_.end() - static_cast<std::ptrdiff_t>(std::min(days_.size(), static_cast<std::size_t>(of)));
  return static_cast<int>(
      std::count_if(from, days_.end(), [level](const Day& day) { return wide(day.fan_level) < level; }));
}

int Drift::throttled_days(double minutes, int of) const {
  if (days_.empty()) return 0;
  const std::int32_t after = days_.back().day - of;
  return static_cast<int>(std::count_if(
      days_.begin(), days_.end(), [&](const Day& day) { return day.day > after && wide(day.throttled) >= minutes; }));
}

double Drift::trend() const {
  std::vector<std::pair<double, double>> points;
  const std::size_t from = days_.size() > kTrendDays ? days_.size() - kTrendDays : 0;
  for (std::size_t i = from; i < days_.size(); ++i) points.emplace_back(days_[i].day, wide(days_[i].x));
  return points.size() < 6 ? 0 : fit_line(points).z;
}

double Drift::slope() const {
  double n = 0, t = 0, tt = 0, x = 0, tx = 0;
  for (std::size_t i = days_.size() > kSlopeDays ? days_.size() - kSlopeDays : 0; i < days_.size(); ++i) {
    const double u = days_[i].day - days_.back().day, w = 1 / wide(days_[i].variance);
    n += w, t += w * u, tt += w * u * u, x += w * wide(days_[i].x), tx += w * u * wide(days_[i].x);
  }
  return (n * tx - t * x) / std::max(1e-9, n * tt - t * t);
}

double Drift::last_three() const {
  if (days_.size() < 3) return 0;
  double sum = 0, weights = 0;
  for (std::size_t i = days_.size() - 3; i < days_.size(); ++i) {
    if (wide(days_[i].x) < kLeastJump) return 0;
    sum += wide(days_[i].x) / wide(days_[i].variance);
    weights += 1 / wide(days_[i].variance);
  }
  return sum / weights > kThreeSigmas / std::sqrt(weights) ? sum / weights : 0;
}

bool Drift::stays_above(double x, int days) const {
  const auto n = static_cast<std::size_t>(days);
  return days_.size() >= n && std::all_of(days_.end() - days, days_.end(), [x](const Day& day) {
           return wide(day.x) > x && wide(day.x) > kBeyondDoubt * std::sqrt(wide(day.variance));
         });
}

Jump Drift::jump_of(float Day::*series) const {
  const std::size_t from = days_.size() > kJumpDays ? days_.size() - kJumpDays : 0;
  std::vector<double> x;
  std::vector<std::size_t> where;
  for (std::size_t i = from; i < days_.size(); ++i) {
    if (std::isnan(days_[i].*series)) continue;
    x.push_back(wide(days_[i].*series));
    where.push_back(i);
  }
  Jump jump;
  if (x.size() < 6) return jump;
  double best_split = std::numeric_limits<double>::max();
  double best_hinge = std::numeric_limits<double>::max();
  for (std::size_t at = 2; at + 2 <= x.size(); ++at) {
    double size = 0;
    const double squares = split(x, at, size);
    if (squares < best_split) {
      best_split = squares;
      jump.size = size;
      jump.at = where[at];
    }
    best_hinge = std::min(best_hinge, hinge(x, at));
  }
  best_hinge = std::min(best_hinge, hinge(x, 0));
  jump.sudden = best_split < kStepBeatsSlope * best_hinge;
  return jump;
}

void Drift::change(const Parameters& p) {
  settle_ = p.sudden.settle;
  since_change_ = 0;
}

void Drift::settle_down() {
  if (days_.size() <= since_change_) return;
  const std::size_t changed = days_.size() - since_change_;
  const std::size_t from = changed > kBefore ? changed - kBefore : 0;
  std::vector<double> before, after, fan_before, fan_after;
  for (std::size_t i = from; i < days_.size(); ++i) {
    (i < changed ? before : after).push_back(wide(days_[i].x));
    if (!std::isnan(days_[i].fan)) (i < changed ? fan_before : fan_after).push_back(wide(days_[i].fan));
  }
  if (fan_before.size() > 3 && fan_after.size() > 3) {
    const double step = median(fan_after) - median(fan_before);
    if (std::abs(step) > kLeastJump) absorb_fan(step, changed);
  }
  if (before.size() < 4 || after.size() < 4) return;
  // What was rising before goes on rising: that part is no jump.
  std::vector<std::pair<double, double>> earlier;
  for (std::size_t i = changed > 3 * kBefore ? changed - 3 * kBefore : 0; i < changed; ++i)
    earlier.emplace_back(static_cast<double>(i), wide(days_[i].x));
  const double slope = earlier.size() > 5 ? std::max(0.0, fit_line(earlier).slope) : 0;
  const double step = median(after) - median(before) - slope * static_cast<double>(before.size() + after.size()) / 2;
  double scatter = 0;
  for (const double x : before) scatter += std::abs(x - median(before)) / static_cast<double>(before.size());
  // A step down is left: it hides less than taking noise for one would.
  if (step > std::max(kLeastJump, 2 * scatter)) absorb(step, changed);
}

void Drift::absorb_fan(double step, std::size_t from) {
  fan_base_ += step;
  fan_level_ -= step;
  for (std::size_t i = from; i < days_.size(); ++i) {
    days_[i].fan -= static_cast<float>(step);
    days_[i].fan_level -= static_cast<float>(step);
  }
}

void Drift::absorb(double step, std::size_t from) {
  base_ += step;
  for (std::size_t i = from; i < days_.size(); ++i) {
    days_[i].x -= static_cast<float>(step);
    days_[i].level -= static_cast<float>(step);
  }
}

void Drift::save(StateWriter& writer) const {
  writer.number(static_cast<std::uint32_t>(days_.size()));
  for (const Day& day : days_) {
    writer.number(day.day);
    for (const float value : {day.x, day.variance, day.level, day.fan, day.fan_level, day.throttled})
      writer.number(value);
  }
  for (const double value : {fan_level_, fan_spread_, base_, fan_base_}) writer.number(value);
  writer.number(fan_known_);
  writer.number(settle_);
  writer.number(since_change_);
}

void Drift::restore(StateReader& reader) {
  days_.resize(std::min<std::size_t>(reader.count(sizeof(std::int32_t) + 6 * sizeof(float)), kKept));
  for (Day& day : days_) {
    reader.number(day.day);
    for (float* value : {&day.x, &day.variance, &day.level, &day.fan, &day.fan_level, &day.throttled})
      reader.number(*value);
  }
  for (double* value : {&fan_level_, &fan_spread_, &base_, &fan_base_}) reader.number(*value);
  reader.number(fan_known_);
  reader.number(settle_);
  reader.number(since_change_);
}

}  // namespace hale::rules::cooling
