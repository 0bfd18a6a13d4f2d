#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "rules/detectors/cooling/parameters.hpp"
#include "rules/detectors/cooling/work.hpp"

namespace hale::rules::cooling {

/// How far each kind of work usually lifts a temperature above the room on this PC.
struct Usual {
  Cell cell;
  std::uint16_t points{}, days{};
  float rise{};    ///< K
  float ln_fan{};  ///< NaN: none was measured
};

/// This PC's own normal: learned from its first active days, rises of the cells and temperatures of the days' rooms in
/// turn until they agree; afterwards only new kinds of work (a new game) are taken in.
class Baseline {
 public:
  /// Keeps an active day of learning.
  void keep(WorkDay day) { days_.push_back(std::move(day)); }
  /// Ends learning; false when the days do not suffice. `room` becomes the last day's room.
  bool learn(const Parameters& p, double& room);
  void forget() { *this = Baseline(); }
  bool learned() const { return !table_.empty(); }

  const Usual* find(Cell cell) const;
  /// The usual rise at this speed of the fan.
  static double rise(const Usual& usual, std::optional<double> ln_fan, const Parameters& p);
  /// What a day's mean of the cell is worth: 1 / K^2.
  double weight(const CellSum& sum, const Usual& usual, const Parameters& p) const;
  /// Work that was never seen while learning, on a day with this room and this resistance (1: usual).
  void take_in(const CellSum& sum, double room, double resistance, const Parameters& p);

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  std::size_t bytes() const;

 private:
  /// A cell on its way into the table.
  struct Newcomer {
    Cell cell;
    std::uint16_t points{}, days{}, fan_points{};
    float rise{}, fan{};
  };

  void start_table();
  void fit_rises(const std::vector<double>& rooms, const Parameters& p);
  void fit_rooms(std::vector<double>& rooms, double usual_room, const Parameters& p) const;

  std::vector<WorkDay> days_;  ///< empty once learned
  std::vector<Usual> table_;   ///< by cell
  std::vector<Newcomer> newcomers_;
  double noise_{1};  ///< K: of five minutes within their cell
};

}  // namespace hale::rules::cooling
