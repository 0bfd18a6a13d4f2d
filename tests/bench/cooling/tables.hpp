#pragma once
#include <string>
#include <vector>

#include "tests/bench/cooling/summary.hpp"

namespace hale::bench {

/// The published tables, as Markdown. `how` = the command that makes them again.
std::string cooling_tables(const std::vector<Judged>& fleet, const std::string& how);
/// One line a machine, for whoever looks for the failures.
std::string machines_csv(const std::vector<Judged>& fleet);

}  // namespace hale::bench
