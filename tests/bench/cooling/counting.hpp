#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/finding.hpp"
#include "tests/sim/truth.hpp"

namespace hale::bench {

/// A finding line of severity warning or critical, state active.
struct Alarm {
  int day{};  ///< local day of the history
  std::string rule;
  Cause cause{};
  Severity severity{};
  double confidence{};
};

/// One machine's history, judged.
struct Judged {
  std::uint64_t seed{};
  sim::Case what{};
  sim::MachineClass kind{};
  sim::Tier tier{};
  sim::FaultPlan fault;
  int days{};
  bool shows_fan{}, shows_power{};
  sim::Truth truth;
  std::vector<Alarm> alarms;  ///< all cooling alarms, in time order
  int notifications{};
  double cpu_seconds{};  ///< judging alone
  std::size_t learning_bytes{}, settled_bytes{}, saved_bytes{};
  std::uint64_t rows{};
};

bool is_cooling_alarm(const Finding& finding);
/// Repeats of a cause within 30 days count once.
std::vector<Alarm> counted(const std::vector<Alarm>& alarms);

/// Is this alarm about what is really wrong on that day?
bool is_right(const Judged& machine, const Alarm& alarm);
/// Does the cause name the machine's fault, as far as its sensors let it: without a fan speed, a degraded cooling is
/// enough.
bool names_fault(const Judged& machine, Cause cause);

/// Day of the first alarm that finds the fault: dust on a day at least 3 % above day 0, others from their onset on.
std::optional<int> day_found(const Judged& machine);
/// The fault became more than a plan: see the source for each kind.
bool is_material(const Judged& machine);
bool called_dust(const Judged& machine);

}  // namespace hale::bench
