#include "rules/detectors/cooling/fan_curve.hpp"

#include <algorithm>
#include <cmath>

namespace hale::rules::cooling {
namespace {

constexpr double kWidth = 3;  // K a cell
constexpr std::size_t kMostCells = 128;
constexpr std::uint16_t kLeastPoints = 5;
constexpr double kLeastScatter = 0.01;

}  // namespace

FanCurve::Cell* FanCurve::find(std::uint16_t key) {
  const auto at = std::find_if(cells_.begin(), cells_.end(), [key](const Cell& cell) { return cell.key == key; });
  return at != cells_.end() ? &*at : nullptr;
}

void FanCurve::add(double temperature, double ln_fan, unsigned profile) {
  const auto key = static_cast<std::uint16_t>((profile & 3u) << 8 |
                                              static_cast<unsigned>(std::clamp(temperature / kWidth, 0.0, 255.0)));
  Cell* cell = find(key);
  if (learned_) {
    if (cell == nullptr || cell->points < kLeastPoints) return;
    today_ += ln_fan - static_cast<double>(cell->ln_fan);
    ++points_;
    return;
  }
  if (cell == nullptr) {
    if (cells_.size() >= kMostCells) return;
    cells_.push_back({key, 0, 0, 0});
    cell = &cells_.back();
  }
  if (cell->points == UINT16_MAX) return;
  ++cell->points;
  cell->ln_fan += static_cast<float>(ln_fan);
  cell->squares += static_cast<float>(ln_fan * ln_fan);
}

void FanCurve::learn() {
  double squares = 0, freedom = 0;
  for (Cell& cell : cells_) {
    const double mean = static_cast<double>(cell.ln_fan) / std::max<std::uint16_t>(cell.points, 1);
    squares += std::max(0.0, static_cast<double>(cell.squares) - cell.points * mean * mean);
    freedom += cell.points;
    cell.ln_fan = static_cast<float>(mean);
  }
  std::erase_if(cells_, [](const Cell& cell) { return cell.points < kLeastPoints; });
  cells_.shrink_to_fit();
  // A day's mean of some twenty buckets, neighbours much alike.
  scatter_ = std::max(kLeastScatter, freedom > 0 ? std::sqrt(squares / freedom) / 3 : kLeastScatter);
  learned_ = !cells_.empty();
}

std::optional<double> FanCurve::close_day(std::uint32_t least) {
  const std::uint32_t points = points_;
  const double sum = today_;
  points_ = 0;
  today_ = 0;
  if (!learned_ || points < least) return {};
  return sum / points;
}

void FanCurve::forget() { *this = FanCurve(); }

void FanCurve::save(StateWriter& writer) const {
  writer.number(learned_);
  writer.number(static_cast<std::uint32_t>(cells_.size()));
  for (const Cell& cell : cells_) {
    writer.number(cell.key);
    writer.number(cell.points);
    writer.number(cell.ln_fan);
    writer.number(cell.squares);
  }
  writer.number(today_);
  writer.number(points_);
  writer.number(scatter_);
}

void FanCurve::restore(StateReader& reader) {
  reader.number(learned_);
  cells_.resize(reader.count(2 * sizeof(std::uint16_t) + 2 * sizeof(float)));
  for (Cell& cell : cells_) {
    reader.number(cell.key);
    reader.number(cell.points);
    reader.number(cell.ln_fan);
    reader.number(cell.squares);
  }
  reader.number(today_);
  reader.number(points_);
  reader.number(scatter_);
}

std::size_t FanCurve::bytes() const { return cells_.capacity() * sizeof(Cell); }

}  // namespace hale::rules::cooling
