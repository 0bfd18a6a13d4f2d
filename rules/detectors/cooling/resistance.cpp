#include "rules/detectors/cooling/resistance.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hale::rules::cooling {
namespace {

constexpr double kStartVariance = 4e-4;  // of s after learning
constexpr int kRoomForgets = 5;          // days after which the last room says nothing more
constexpr int kMostApart = 40;
constexpr int kRounds = 3;  // of Huber's weights
constexpr double kHuber = 2;
constexpr double kMostStep = 0.15;  // a day moves s by so much of its own difference at most

/// A day's mean in one cell: temperature = room + s * rise.
struct Equation {
  double temperature, rise, weight, points;
  bool far;
  double trust{1};
};

/// Two unknowns with what is known of them before.
struct Normal {
  double rr, rs, ss, r, s;
  void solve(double& room, double& ratio) const {
    const double determinant = rr * ss - rs * rs;
    room = (ss * r - rs * s) / determinant;
    ratio = (rr * s - rs * r) / determinant;
  }
  double room_variance() const { return ss / (rr * ss - rs * rs); }
  double ratio_variance() const { return rr / (rr * ss - rs * rs); }
};

std::vector<Equation> equations(const WorkDay& day, const Baseline& baseline, const Parameters& p) {
  std::vector<Equation> rows;
  for (const CellSum& sum : day.cells) {
    const Usual* usual = baseline.find(sum.cell);
    if (usual == nullptr) continue;
    const double rise = Baseline::rise(*usual, sum.ln_fan(), p);
    // Where air is drawn through the case, sensors far from the heat feel some of a clogged cooler.
    const double share = sum.cell.far() ? p.error.far_share : 1;
    rows.push_back({sum.mean() - (1 - share) * rise, share * rise, baseline.weight(sum, *usual, p),
                    static_cast<double>(sum.points), sum.cell.far()});
  }
  return rows;
}

}  // namespace

void Resistance::start(std::int32_t day, double room, const Parameters& p) {
  day_ = day;
  room_ = room;
  room_variance_ = p.room.step * p.room.step;
  s_ = 1;
  s_variance_ = kStartVariance;
}

std::optional<DayResult> Resistance::step(const WorkDay& day, const Baseline& baseline, const Parameters& p) {
  std::vector<Equation> rows = equations(day, baseline, p);
  double points = 0, most = 0, rise = 0, usual = 0;
  for (const Equation& row : rows) {
    if (row.far) continue;
    points += row.points;
    most = std::max(most, row.rise);
  }
  if (points < p.learning.buckets_a_day || most < p.learning.least_rise) return {};

  const int apart = std::max(1, day.day - day_);
  double room = room_;
  double variance = room_variance_ + p.room.step * p.room.step * std::min(apart, kRoomForgets);
  const auto hear = [&](double value, double sigma) {
    const double gain = variance / (variance + sigma * sigma);
    room += gain * (value - room);
    variance *= 1 - gain;
  };
  hear(p.room.mean, p.room.spread);
  room = std::min(room, static_cast<double>(day.room.coldest));
  for (const RoomReading& reading : day.room.readings)
    hear(static_cast<double>(reading.value), static_cast<double>(reading.sigma));

  const double before = s_variance_ + p.physics.drift_a_day * p.physics.drift_a_day * std::min(apart, kMostApart);
  const double scatter = p.physics.day_scatter * p.physics.day_scatter;  // of a day's resistance around its level
  const double day_variance = before + scatter;
  double ratio = s_;
  Normal normal{};
  const double prior_room = room;
  for (int round = 0; round < kRounds; ++round) {
    normal = {1 / variance, 0, 1 / day_variance, prior_room / variance, s_ / day_variance};
    for (const Equation& row : rows) {
      const double w = row.weight * row.trust;
      normal.rr += w;
      normal.rs += w * row.rise;
      normal.ss += w * row.rise * row.rise;
      normal.r += w * row.temperature;
      normal.s += w * row.rise * row.temperature;
    }
    normal.solve(room, ratio);
    for (Equation& row : rows) {
      const double off = std::abs(row.temperature - room - ratio * row.rise) * std::sqrt(row.weight);
      row.trust = off > kHuber ? kHuber / off : 1;
    }
  }
  day_ = day.day;
  room_ = room;
  room_variance_ = normal.room_variance();
  // What the day adds to what was known.
  const double known = normal.ratio_variance();
  const double information = 1 / known - 1 / day_variance;
  if (information <= 1e-6) {
    s_variance_ = before;
    return {};
  }
  const double alone = std::clamp((ratio / known - s_ / day_variance) / information, 0.3, 4.0);
  const double alone_variance = 1 / information + scatter;
  const double gain = before / (before + alone_variance);
  s_ += gain * std::clamp(alone - s_, -kMostStep, kMostStep);
  s_variance_ = before * (1 - gain);
  for (const Equation& row : rows) {
    if (row.far) continue;
    rise += row.points * (row.temperature - room) / points;
    usual += row.points * row.rise / points;
  }
  return DayResult{std::log(alone), alone_variance / (alone * alone), std::log(s_), rise, usual};
}

void Resistance::save(StateWriter& writer) const {
  writer.number(day_);
  for (const double value : {room_, room_variance_, s_, s_variance_}) writer.number(value);
}

void Resistance::restore(StateReader& reader) {
  reader.number(day_);
  for (double* value : {&room_, &room_variance_, &s_, &s_variance_}) reader.number(*value);
}

}  // namespace hale::rules::cooling
