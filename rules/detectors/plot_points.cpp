#include "rules/detectors/plot_points.hpp"

#include <algorithm>

#include "rules/detectors/widen.hpp"

namespace hale::rules {

void PlotPoints::add(Millis time, double value) {
  if (skip_ > 0) {
    --skip_;
    return;
  }
  if (points_.size() == most_) {
    for (std::size_t i = 0; 2 * i < points_.size(); ++i) points_[i] = points_[2 * i];
    points_.resize(most_ / 2);
    if (stride_ < 0x4000) stride_ = static_cast<std::uint16_t>(stride_ * 2);
  }
  if (points_.size() == points_.capacity())
    points_.reserve(std::min<std::size_t>(most_, std::max<std::size_t>(4, points_.size() * 2)));
  points_.push_back({static_cast<std::uint32_t>(time / kSecond), static_cast<float>(value)});
  skip_ = static_cast<std::uint16_t>(stride_ - 1);
}

void PlotPoints::clear() {
  points_ = {};
  stride_ = 1;
  skip_ = 0;
}

void PlotPoints::show(const FactInfo& input, std::string_view metric, std::optional<double> threshold,
                      EvidenceBuilder& builder) const {
  if (points_.size() < 2) return;
  Plot plot;
  plot.metric = metric;
  plot.unit = input.unit;
  plot.threshold = threshold;
  for (const Point& point : points_)
    plot.points.emplace_back(Timestamp(std::chrono::seconds(point.seconds)), widen(point.value));
  builder.evidence.plots.push_back(std::move(plot));
}

void PlotPoints::save(StateWriter& writer) const {
  writer.number(static_cast<std::uint32_t>(points_.size()));
  for (const Point& point : points_) {
    writer.number(point.seconds);
    writer.number(point.value);
  }
  writer.number(stride_);
  writer.number(skip_);
}

void PlotPoints::restore(StateReader& reader) {
  points_.resize(reader.count(sizeof(Point)));
  if (points_.size() > most_) return reader.lose();
  for (Point& point : points_) {
    reader.number(point.seconds);
    reader.number(point.value);
  }
  reader.number(stride_);
  reader.number(skip_);
}

}  // namespace hale::rules
