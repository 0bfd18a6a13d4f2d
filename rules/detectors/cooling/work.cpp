#include "rules/detectors/cooling/work.hpp"

#include <algorithm>

namespace hale::rules::cooling {
namespace {

constexpr std::size_t kMostCells = 96;  // a day, all sites; more is no steady use
constexpr std::size_t kSumBytes = 3 * sizeof(std::uint16_t) + 3 * sizeof(float);

}  // namespace

void WorkDay::add(const Point& point) {
  auto at = std::find_if(cells.begin(), cells.end(), [&](const CellSum& sum) { return sum.cell == point.cell; });
  if (at == cells.end()) {
    if (cells.size() >= kMostCells) return;
    cells.push_back({point.cell, 0, 0, 0, 0, 0});
    at = cells.end() - 1;
  }
  if (at->points == UINT16_MAX) return;
  const double above = point.temperature - CellSum::kZero;
  ++at->points;
  at->sum += static_cast<float>(above);
  at->squares += static_cast<float>(above * above);
  if (point.ln_fan) {
    ++at->fan_points;
    at->fan += static_cast<float>(*point.ln_fan);
  }
}

std::uint32_t WorkDay::judged_points() const {
  std::uint32_t points = 0;
  for (const CellSum& sum : cells) points += sum.cell.far() ? 0u : sum.points;
  return points;
}

void save(StateWriter& writer, const WorkDay& day) {
  writer.number(day.day);
  writer.number(static_cast<std::uint32_t>(day.cells.size()));
  for (const CellSum& sum : day.cells) {
    for (const std::uint16_t value : {sum.cell.code, sum.points, sum.fan_points}) writer.number(value);
    for (const float value : {sum.sum, sum.squares, sum.fan}) writer.number(value);
  }
  save(writer, day.room);
}

void restore(StateReader& reader, WorkDay& day) {
  reader.number(day.day);
  day.cells.resize(std::min<std::size_t>(reader.count(kSumBytes), kMostCells));
  for (CellSum& sum : day.cells) {
    for (std::uint16_t* value : {&sum.cell.code, &sum.points, &sum.fan_points}) reader.number(*value);
    for (float* value : {&sum.sum, &sum.squares, &sum.fan}) reader.number(*value);
    sum.points = std::max<std::uint16_t>(sum.points, 1);
  }
  restore(reader, day.room);
}

std::size_t bytes(const WorkDay& day) {
  return day.cells.capacity() * sizeof(CellSum) + day.room.readings.capacity() * sizeof(RoomReading);
}

}  // namespace hale::rules::cooling
