#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/simulation.hpp"

namespace hale::sim {

/// What the judge of a judge needs to know. Days are local days from the history's first.
struct Truth {
  std::vector<Day> days, twin;  ///< twin is empty where there is no fault
  std::vector<Episode> episodes;
  std::optional<int> onset;              ///< the fault's
  std::optional<int> above_3, above_15;  ///< first day on which resistance is 3 %, 15 % above day 0's
  std::optional<int> harm;    ///< third day within 14 of throttling clearly more than the twin, or a heat shutdown
  double installed_ratio{1};  ///< day 0 over as built
  double clean_resistance{};  ///< K/W
  std::int64_t start_ms{};    ///< of local day 0
};

std::optional<int> harm_day(const std::vector<Day>& lived, const std::vector<Day>& twin);
Truth truth_of(const Scenario& scenario, const Simulation& lived);
/// Lives through the scenario first.
Truth truth_of(const Scenario& scenario);
std::string to_json(const Scenario& scenario, const Truth& truth);

}  // namespace hale::sim
