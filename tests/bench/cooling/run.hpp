#pragma once
#include <functional>
#include <vector>

#include "rules/rule_set.hpp"
#include "tests/bench/cooling/counting.hpp"

namespace hale::bench {

/// Lives through the scenario and lets rules::Judge see it, as `hale replay` would.
Judged judge_history(const sim::Scenario& scenario, const rules::RuleSet& rules);

struct FleetRequest {
  std::uint64_t first_seed{};
  int count{};
  int jobs{1};
  sim::Request request;
};

/// Seed by seed, in that order whatever the number of jobs. `progress` may be called from any of them, one at a time.
std::vector<Judged> judge_fleet(const FleetRequest& request, const rules::RuleSet& rules,
                                const std::function<void(int done)>& progress);

}  // namespace hale::bench
