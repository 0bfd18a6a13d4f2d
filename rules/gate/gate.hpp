#pragma once
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "rules/engine/state_io.hpp"
#include "rules/gate/gate_rules.hpp"

namespace hale::rules {

/// What the gate remembers of a series whose jumps or standstill matter.
struct GateState {
  double accepted{};   ///< the last believed value
  double candidate{};  ///< a jump that waits for the next reading to confirm it
  std::int64_t accepted_at{};
  std::int64_t same_since{};
  double same{};
  std::uint32_t same_count{};
  bool has_accepted{};
  bool has_candidate{};

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
};

/// Why this reading is not to be believed; nothing when it is. `state` is null for rules that keep none.
std::optional<Refusal> refuse(const GateRule& rule, GateState* state, double value, std::int64_t time_ms);

}  // namespace hale::rules
