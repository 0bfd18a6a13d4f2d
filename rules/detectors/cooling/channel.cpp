#include "rules/detectors/cooling/channel.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "rules/detectors/cooling/median.hpp"

namespace hale::rules::cooling {
namespace {

constexpr std::size_t kMostCells = 64;    // a day; more is no steady use
constexpr double kModelError = 0.5;       // K: of a cell's usual rise, however many points it has [own]
constexpr double kModelShare = 0.015;     // and a share of the rise
constexpr double kResistancePrior = 0.6;  // of s around 1: only holds where a day tells nothing
constexpr int kRounds = 8;
constexpr std::uint16_t kLeastPoints = 4;  // of a cell, over all of learning
constexpr double kOffsetGain = 0.01;
constexpr std::size_t kMostNewcomers = 24;
constexpr std::size_t kMostTable = 160;
constexpr int kNewPoints = 10, kNewDays = 3;  // before a new cell counts

}  // namespace

void Channel::add(const Point& point) {
  auto at = std::find_if(today_.begin(), today_.end(), [&](const Sum& sum) { return sum.cell == point.cell; });
  if (at == today_.end()) {
    if (today_.size() >= kMostCells) return;
    today_.push_back({point.cell, 0, 0, 0, 0, 0});
    at = today_.end() - 1;
  }
  if (at->points == UINT16_MAX) return;
  ++at->points;
  at->rise += static_cast<float>(point.rise);
  at->rise2 += static_cast<float>(point.rise * point.rise);
  if (point.ln_fan) {
    ++at->fan_points;
    at->ln_fan += static_cast<float>(*point.ln_fan);
  }
  ++today_points_;
}

const Channel::Usual* Channel::find(std::uint16_t cell) const {
  const auto at = std::lower_bound(table_.begin(), table_.end(), cell,
                                   [](const Usual& usual, std::uint16_t wanted) { return usual.cell < wanted; });
  return at != table_.end() && at->cell == cell ? &*at : nullptr;
}

std::optional<double> Channel::expected(const Usual& usual, std::optional<double> ln_fan, const Parameters& p) {
  double rise = static_cast<double>(usual.rise);
  const bool has_usual_fan = !std::isnan(usual.ln_fan);
  if (has_usual_fan != ln_fan.has_value()) return {};
  if (ln_fan) rise *= std::exp(-p.physics.fan_exponent * (*ln_fan - static_cast<double>(usual.ln_fan)));
  return rise;
}

std::optional<double> Channel::usual(const Point& point, const Parameters& p) const {
  const Usual* cell = find(point.cell);
  if (cell == nullptr) return {};
  return expected(*cell, point.ln_fan, p);
}

std::optional<DayFit> Channel::fit(const std::vector<Sum>& cells, const Parameters& p, double room_sigma) const {
  struct Row {
    double rise, usual, weight, huber;
    double points;
  };
  std::vector<Row> rows;
  DayFit fit;
  for (const Sum& sum : cells) {
    const Usual* usual = find(sum.cell);
    if (usual == nullptr) continue;
    std::optional<double> ln_fan;
    if (sum.fan_points > 0) ln_fan = static_cast<double>(sum.ln_fan) / sum.fan_points;
    const auto rise = expected(*usual, ln_fan, p);
    if (!rise) continue;
    const double error = kModelError + kModelShare * *rise;
    // Neighbouring buckets say much the same: three of them count as one.
    const double weight = 1 / (error * error + noise_ * noise_ * (3.0 / sum.points + 1.0 / usual->points));
    rows.push_back({static_cast<double>(sum.rise) / sum.points, *rise, weight, 1, static_cast<double>(sum.points)});
    fit.buckets += sum.points;
  }
  if (fit.buckets < static_cast<std::uint32_t>(p.learning.buckets_a_day)) return {};
  const double room_weight = 1 / (room_sigma * room_sigma);
  const double prior_weight = 1 / (kResistancePrior * kResistancePrior);
  double s = 1;
  double offset = offset_;
  double most = 0;
  for (int round = 0; round < 3; ++round) {
    double w = room_weight, wu = 0, wuu = prior_weight, wz = room_weight * offset_, wuz = prior_weight;
    for (const Row& row : rows) {
      const double weight = row.weight * row.huber;
      w += weight;
      wu += weight * row.usual;
      wuu += weight * row.usual * row.usual;
      wz += weight * row.rise;
      wuz += weight * row.usual * row.rise;
    }
    const double determinant = w * wuu - wu * wu;
    offset = (wuu * wz - wu * wuz) / determinant;
    s = (w * wuz - wu * wz) / determinant;
    fit.variance = w / determinant;
    for (Row& row : rows) {
      const double off = std::abs(row.rise - offset - s * row.usual) * std::sqrt(row.weight);
      row.huber = off > 2 ? 2 / off : 1;
      most = std::max(most, row.usual);
    }
  }
  if (most < p.learning.least_rise) return {};
  s = std::clamp(s, 0.2, 5.0);
  fit.x = std::log(s);
  fit.variance /= s * s;
  fit.offset = offset;
  for (const Row& row : rows) {
    fit.rise += row.points * (row.rise - offset) / fit.buckets;
    fit.usual += row.points * row.usual / fit.buckets;
  }
  return fit;
}

void Channel::take_in(const Sum& sum, double s, double offset) {
  auto at =
      std::find_if(newcomers_.begin(), newcomers_.end(), [&](const Newcomer& one) { return one.cell == sum.cell; });
  if (at == newcomers_.end()) {
    if (newcomers_.size() >= kMostNewcomers) newcomers_.erase(newcomers_.begin());
    newcomers_.push_back({sum.cell, 0, 0, 0, 0, 0});
    at = newcomers_.end() - 1;
  }
  at->rise += static_cast<float>((static_cast<double>(sum.rise) - offset * sum.points) / s);
  at->ln_fan += sum.ln_fan;
  at->points = static_cast<std::uint16_t>(std::min(at->points + sum.points, 60000));
  at->fan_points = static_cast<std::uint16_t>(std::min(at->fan_points + sum.fan_points, 60000));
  ++at->days;
  if (at->points < kNewPoints || at->days < kNewDays || table_.size() >= kMostTable) return;
  const Usual usual{
      at->cell, at->points, at->rise / static_cast<float>(at->points),
      at->fan_points > 0 ? at->ln_fan / static_cast<float>(at->fan_points) : std::numeric_limits<float>::quiet_NaN()};
  newcomers_.erase(at);
  if (static_cast<double>(usual.rise) < 1) return;
  const auto place = std::lower_bound(table_.begin(), table_.end(), usual.cell,
                                      [](const Usual& one, std::uint16_t cell) { return one.cell < cell; });
  table_.insert(place, usual);
}

std::optional<DayFit> Channel::close_day(const Parameters& p, double room_sigma, double level) {
  std::vector<Sum> cells = std::move(today_);
  const std::uint32_t points = today_points_;
  today_.clear();
  today_points_ = 0;
  if (learned()) {
    auto day = fit(cells, p, room_sigma);
    if (day) offset_ += kOffsetGain * (day->offset - offset_);
    for (const Sum& sum : cells) {
      if (find(sum.cell) == nullptr) take_in(sum, std::exp(level), day ? day->offset : offset_);
    }
    return day;
  }
  if (points < static_cast<std::uint32_t>(p.learning.buckets_a_day)) return {};
  cells.shrink_to_fit();
  days_.push_back({std::move(cells)});
  return {};
}

/// Cells' usual rises and days' offsets, in turn until they agree.
void Channel::alternate(const Parameters& p, double room_sigma) {
  std::map<std::uint16_t, std::pair<double, double>> fan;  // sum, points
  std::map<std::uint16_t, std::uint32_t> points;
  for (const LearnedDay& day : days_) {
    for (const Sum& sum : day.cells) {
      points[sum.cell] += sum.points;
      fan[sum.cell].first += static_cast<double>(sum.ln_fan);
      fan[sum.cell].second += sum.fan_points;
    }
  }
  for (const auto& [cell, count] : points) {
    if (count < kLeastPoints) continue;
    const auto& [ln_fan, measured] = fan[cell];
    table_.push_back({cell, static_cast<std::uint16_t>(std::min<std::uint32_t>(count, UINT16_MAX)), 0,
                      measured > 0 ? static_cast<float>(ln_fan / measured) : std::numeric_limits<float>::quiet_NaN()});
  }
  std::vector<double> offsets(days_.size());
  // A day's own fan speed changes what its rise means: bring each sum to the cell's usual speed.
  const auto at_usual_fan = [&](const Sum& sum, const Usual& usual) {
    const double rise = static_cast<double>(sum.rise) / sum.points;
    if (sum.fan_points == 0 || std::isnan(usual.ln_fan)) return rise;
    return rise * std::exp(p.physics.fan_exponent *
                           (static_cast<double>(sum.ln_fan) / sum.fan_points - static_cast<double>(usual.ln_fan)));
  };
  for (int round = 0; round < kRounds; ++round) {
    std::map<std::uint16_t, std::pair<double, double>> sums;
    for (std::size_t d = 0; d < days_.size(); ++d) {
      for (const Sum& sum : days_[d].cells) {
        if (const Usual* usual = find(sum.cell)) {
          auto& [total, weight] = sums[sum.cell];
          const double w = std::sqrt(static_cast<double>(sum.points));
          total += w * (at_usual_fan(sum, *usual) - offsets[d]);
          weight += w;
        }
      }
    }
    for (Usual& usual : table_) usual.rise = static_cast<float>(sums[usual.cell].first / sums[usual.cell].second);
    for (std::size_t d = 0; d < days_.size(); ++d) {
      double total = 0, weight = 1 / (room_sigma * room_sigma);
      for (const Sum& sum : days_[d].cells) {
        const Usual* usual = find(sum.cell);
        if (usual == nullptr) continue;
        const double error = kModelError + kModelShare * static_cast<double>(usual->rise);
        const double w = 1 / (error * error + 3 * noise_ * noise_ / sum.points);
        total += w * (at_usual_fan(sum, *usual) - static_cast<double>(usual->rise));
        weight += w;
      }
      offsets[d] = total / weight;
    }
  }
}

bool Channel::learn(const Parameters& p, double room_sigma) {
  double squares = 0, freedom = 0;
  for (const LearnedDay& day : days_) {
    for (const Sum& sum : day.cells) {
      if (sum.points < 2) continue;
      const double mean = static_cast<double>(sum.rise) / sum.points;
      squares += std::max(0.0, static_cast<double>(sum.rise2) - sum.points * mean * mean);
      freedom += sum.points - 1;
    }
  }
  noise_ = freedom > 0 ? std::clamp(std::sqrt(squares / freedom), 0.3, 8.0) : 2;
  alternate(p, room_sigma);
  std::vector<double> xs;
  for (const LearnedDay& day : days_) {
    if (const auto one = fit(day.cells, p, room_sigma)) xs.push_back(one->x);
  }
  if (static_cast<int>(xs.size()) < p.learning.days_if_late / 2) {
    forget();
    return false;
  }
  const double middle = median(xs);
  for (Usual& usual : table_) usual.rise *= static_cast<float>(std::exp(middle));
  for (double& x : xs) x = std::abs(x - middle);
  scatter_ = std::clamp(1.4826 * median(xs), p.physics.day_scatter, 0.5);
  days_ = {};
  return true;
}

void Channel::forget() {
  today_ = {};
  today_points_ = 0;
  days_ = {};
  table_ = {};
  newcomers_ = {};
  noise_ = 1;
  scatter_ = 0;
  offset_ = 0;
}

namespace {
constexpr std::size_t kSumBytes = 3 * sizeof(std::uint16_t) + 3 * sizeof(float);
}

void Channel::save(StateWriter& writer) const {
  const auto save_sums = [&writer](const std::vector<Sum>& sums) {
    writer.number(static_cast<std::uint32_t>(sums.size()));
    for (const Sum& sum : sums) {
      writer.number(sum.cell);
      writer.number(sum.points);
      writer.number(sum.fan_points);
      writer.number(sum.rise);
      writer.number(sum.rise2);
      writer.number(sum.ln_fan);
    }
  };
  save_sums(today_);
  writer.number(today_points_);
  writer.number(static_cast<std::uint32_t>(days_.size()));
  for (const LearnedDay& day : days_) save_sums(day.cells);
  writer.number(static_cast<std::uint32_t>(table_.size()));
  for (const Usual& usual : table_) {
    writer.number(usual.cell);
    writer.number(usual.points);
    writer.number(usual.rise);
    writer.number(usual.ln_fan);
  }
  writer.number(static_cast<std::uint32_t>(newcomers_.size()));
  for (const Newcomer& one : newcomers_) {
    writer.number(one.cell);
    writer.number(one.points);
    writer.number(one.days);
    writer.number(one.fan_points);
    writer.number(one.rise);
    writer.number(one.ln_fan);
  }
  writer.number(noise_);
  writer.number(scatter_);
  writer.number(offset_);
}

void Channel::restore(StateReader& reader) {
  const auto restore_sums = [&reader](std::vector<Sum>& sums) {
    sums.resize(reader.count(kSumBytes));
    for (Sum& sum : sums) {
      reader.number(sum.cell);
      reader.number(sum.points);
      reader.number(sum.fan_points);
      reader.number(sum.rise);
      reader.number(sum.rise2);
      reader.number(sum.ln_fan);
      sum.points = std::max<std::uint16_t>(sum.points, 1);
    }
  };
  restore_sums(today_);
  reader.number(today_points_);
  days_.resize(reader.count(sizeof(std::uint32_t)));
  for (LearnedDay& day : days_) restore_sums(day.cells);
  table_.resize(reader.count(2 * sizeof(std::uint16_t) + 2 * sizeof(float)));
  for (Usual& usual : table_) {
    reader.number(usual.cell);
    reader.number(usual.points);
    reader.number(usual.rise);
    reader.number(usual.ln_fan);
    usual.points = std::max<std::uint16_t>(usual.points, 1);
  }
  newcomers_.resize(reader.count(4 * sizeof(std::uint16_t) + 2 * sizeof(float)));
  for (Newcomer& one : newcomers_) {
    reader.number(one.cell);
    reader.number(one.points);
    reader.number(one.days);
    reader.number(one.fan_points);
    reader.number(one.rise);
    reader.number(one.ln_fan);
  }
  reader.number(noise_);
  reader.number(scatter_);
  reader.number(offset_);
}

std::size_t Channel::bytes() const {
  std::size_t sum = today_.capacity() * sizeof(Sum) + days_.capacity() * sizeof(LearnedDay) +
                    table_.capacity() * sizeof(Usual) + newcomers_.capacity() * sizeof(Newcomer);
  for (const LearnedDay& day : days_) sum += day.cells.capacity() * sizeof(Sum);
  return sum;
}

}  // namespace hale::rules::cooling
