#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/cooling/counting.hpp"

namespace hale::bench {

struct Share {
  int hits{}, of{};
};
struct Rate {
  int events{};
  double years{};
};

/// The figures of one group of machines: all, a tier, a class.
struct Summary {
  int machines{};
  double years{};
  Share dust_before_harm;          ///< of dusty machines that came to harm
  Share dust_harmed_at_once;       ///< harmed before +3 %: those that ever heard of dust or degraded cooling
  Share dust_15;                   ///< of dusty machines that reached +15 %
  std::vector<double> dust_delay;  ///< days from +15 % to found
  Rate false_dust, false_cooling;  ///< of healthy machines
  Share healthy_alarmed;
  Share dead_fan, worn_fan, stalling_fan, blocked_vent, paste;  ///< of those where the fault became material
  Share called_dust;                                            ///< of machines with another fault than dust
  Share fans_and_vents_called_dust;
  Rate notifications, notifications_healthy;
};

using Machines = std::vector<const Judged*>;
Machines pick(const std::vector<Judged>& fleet, const std::function<bool(const Judged&)>& wanted);
Summary summarize(const Machines& machines);

/// Confidence said against right, in tenths.
struct Bin {
  double low{}, high{};
  Share right;
  double said{};  ///< sum of confidences
};
std::vector<Bin> reliability(const std::vector<Judged>& fleet);

/// True fault against named cause: machines that ever heard that cause.
std::map<std::string, std::map<std::string, int>> misattribution(const std::vector<Judged>& fleet);

/// Blocked episodes of at least 20 minutes, and how many of them were named on their own day. Machines that show no fan
/// need only a degraded cooling.
Share episodes_named_same_day(const Machines& machines);

}  // namespace hale::bench
