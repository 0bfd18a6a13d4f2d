#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "rules/detectors/cooling/room.hpp"

namespace hale::rules::cooling {

/// Whose temperature. The first two make their own heat and carry it away through the cooler that is judged; the
/// others lie far from the heat and follow the room.
enum class Site : std::uint8_t { cpu, gpu, disk, battery, board };
inline constexpr unsigned kSites = 5;

/// A kind of work at which temperatures are comparable: a site, a step of power, the other chip's load, a performance
/// profile, fan at rest or not, mains or battery.
struct Cell {
  std::uint16_t code{};

  static Cell make(Site site, unsigned power, unsigned others, unsigned profile, bool fan_rests, bool on_battery) {
    return {static_cast<std::uint16_t>((power & 63u) | (others & 3u) << 6 | (profile & 3u) << 8 |
                                       (fan_rests ? 1u << 10 : 0u) | (on_battery ? 1u << 11 : 0u) |
                                       static_cast<unsigned>(site) << 12)};
  }
  Site site() const { return static_cast<Site>(code >> 12); }
  bool far() const { return site() >= Site::disk; }
  friend bool operator==(Cell, Cell) = default;
};

/// Five minutes in a cell.
struct Point {
  Cell cell;
  double temperature{};  ///< Cel, brought to the middle of the cell's step of power
  std::optional<double> ln_fan;
};

/// A day's points in one cell, summed.
struct CellSum {
  Cell cell;
  std::uint16_t points{}, fan_points{};
  float sum{}, squares{}, fan{};  ///< of temperature - kZero, of its square, of ln of the fan's speed

  static constexpr double kZero = 40;  ///< Cel: keeps the squares small
  double mean() const { return kZero + static_cast<double>(sum) / points; }
  std::optional<double> ln_fan() const {
    return fan_points > 0 ? std::optional<double>(static_cast<double>(fan) / fan_points) : std::nullopt;
  }
  double squares_around_mean() const {
    const double s = static_cast<double>(sum);
    return std::max(0.0, static_cast<double>(squares) - s * s / points);
  }
};

/// What a day was worked, and what it told of the room.
struct WorkDay {
  std::int32_t day{};
  std::vector<CellSum> cells;
  RoomDay room;

  void add(const Point& point);
  /// Points at the sites whose cooling is judged.
  std::uint32_t judged_points() const;
};

void save(StateWriter& writer, const WorkDay& day);
void restore(StateReader& reader, WorkDay& day);
std::size_t bytes(const WorkDay& day);

}  // namespace hale::rules::cooling
