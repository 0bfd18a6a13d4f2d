#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/component.hpp"
#include "core/metric.hpp"

namespace hale::rules {

/// Why a reading was refused.
enum class Refusal : std::uint8_t { range, unit, stuck, spike, alias };
std::string_view to_string(Refusal refusal);
inline constexpr std::size_t kRefusals = 5;

/// What is plausible for the series of a metric. From rules/data/gate.json, where every entry gives its source.
struct GateRule {
  Metric metric{};
  std::string key;                    ///< only this key; a trailing '*' stands for any rest; empty = every key
  std::optional<ComponentType> type;  ///< only components of this type
  std::string component_prefix;       ///< only components whose id begins so (a chip's name)
  double min{}, max{};                ///< unit of the metric
  std::vector<double> aliases;        ///< exact values by which a chip or driver says "nothing there"
  std::vector<double> wrong_factors;  ///< the value divided by one of these would be in range: reported in another unit
  bool whole{};                       ///< a count: a fraction is another kind of number
  double spike{};  ///< a jump larger than this from one reading to the next is believed only when the next one confirms
                   ///< it; 0 = no check
  std::int64_t spike_within_ms{};  ///< only when the two are not further apart
  std::int64_t stuck_after_ms{};  ///< the very same number for so long, over stuck_readings readings, is a dead sensor;
                                  ///< 0 = no check
  std::uint32_t stuck_readings{};

  bool keeps_state() const { return spike > 0 || stuck_after_ms > 0; }
};

struct GateRules {
  std::vector<GateRule> rules;  ///< the last one that matches a series counts
  const GateRule* find(Metric metric, std::string_view key, std::string_view component, ComponentType type) const;
};

}  // namespace hale::rules
