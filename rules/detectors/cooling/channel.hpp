#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "rules/detectors/cooling/parameters.hpp"
#include "rules/engine/state_io.hpp"

namespace hale::rules::cooling {

/// A day's answer: how much more (ln of the ratio) the die rises above the room than it used to at the same work.
struct DayFit {
  double x{};
  double variance{};
  double offset{};  ///< K: what the room's estimate was wrong by, on top of what is usual
  std::uint32_t buckets{};
  double rise{};   ///< K: mean rise now, at the work that was done
  double usual{};  ///< K: mean rise that was usual for it
};

/// One source of heat: its temperature against its power. Learns the rise above the room of each cell of work (power,
/// the other source's load, profile) and then compares each day with that. A day is fitted as
///   rise of a cell = offset + s * usual rise of the cell,
/// so that what the room's estimate is wrong by does not pass for resistance; s is what matters.
class Channel {
 public:
  /// Five minutes of steady work. `rise` is brought to the middle of its cell.
  struct Point {
    std::uint16_t cell{};
    double rise{};
    std::optional<double> ln_fan;
  };

  void add(const Point& point);
  /// The usual rise at this work and fan speed, once learned and known for the cell.
  std::optional<double> usual(const Point& point, const Parameters& p) const;

  /// While learning: keeps the day. Afterwards: fits it, if it tells anything.
  /// `level` is what x has been lately: a cell of work that was never seen while learning (a new game) is taken in
  /// relative to that.
  std::optional<DayFit> close_day(const Parameters& p, double room_sigma, double level);
  /// Ends learning. False when the cells do not suffice.
  bool learn(const Parameters& p, double room_sigma);
  void forget();

  bool learned() const { return !table_.empty(); }
  /// Scatter of the indicator from day to day, seen while learning.
  double scatter() const { return scatter_; }
  double offset() const { return offset_; }
  std::uint32_t today() const { return today_points_; }

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  std::size_t bytes() const;

 private:
  struct Sum {
    std::uint16_t cell{};
    std::uint16_t points{};
    std::uint16_t fan_points{};
    float rise{}, rise2{}, ln_fan{};
  };
  struct Usual {
    std::uint16_t cell{};
    std::uint16_t points{};
    float rise{};
    float ln_fan{};  ///< NaN: none was measured
  };
  /// A cell on its way into the table.
  struct Newcomer {
    std::uint16_t cell{};
    std::uint16_t points{};
    std::uint16_t days{};
    std::uint16_t fan_points{};
    float rise{}, ln_fan{};
  };
  struct LearnedDay {
    std::vector<Sum> cells;
  };

  const Usual* find(std::uint16_t cell) const;
  static std::optional<double> expected(const Usual& usual, std::optional<double> ln_fan, const Parameters& p);
  std::optional<DayFit> fit(const std::vector<Sum>& cells, const Parameters& p, double room_sigma) const;
  void take_in(const Sum& sum, double s, double offset);
  void alternate(const Parameters& p, double room_sigma);

  std::vector<Sum> today_;
  std::uint32_t today_points_{};
  std::vector<LearnedDay> days_;  ///< empty once learned
  std::vector<Usual> table_;      ///< by cell
  std::vector<Newcomer> newcomers_;
  double noise_{1};  ///< K: of one bucket within its cell
  double scatter_{};
  double offset_{};  ///< slow mean of the days' offsets
};

}  // namespace hale::rules::cooling
