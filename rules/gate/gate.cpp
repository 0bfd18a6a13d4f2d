#include "rules/gate/gate.hpp"

#include <algorithm>

namespace hale::rules {
namespace {

bool is_stuck(const GateRule& rule, GateState& state, double value, std::int64_t time_ms) {
  if (state.same_count == 0 || value != state.same) {
    state.same = value;
    state.same_since = time_ms;
    state.same_count = 1;
    return false;
  }
  if (state.same_count < UINT32_MAX) ++state.same_count;
  return state.same_count >= rule.stuck_readings && time_ms - state.same_since >= rule.stuck_after_ms;
}

/// A jump is believed when the reading after it is near it: a real change stays, a spike does not.
bool is_spike(const GateRule& rule, GateState& state, double value, std::int64_t time_ms) {
  const bool near_accepted = !state.has_accepted || time_ms - state.accepted_at > rule.spike_within_ms ||
                             std::abs(value - state.accepted) <= rule.spike;
  const bool confirmed = state.has_candidate && std::abs(value - state.candidate) <= rule.spike;
  if (near_accepted || confirmed) {
    state.accepted = value;
    state.accepted_at = time_ms;
    state.has_accepted = true;
    state.has_candidate = false;
    return false;
  }
  state.candidate = value;
  state.has_candidate = true;
  return true;
}

std::optional<Refusal> refuse_out_of_range(const GateRule& rule, double value) {
  for (const double factor : rule.wrong_factors) {
    const double converted = value / factor;
    // A result near zero would fit any reading: it says nothing about the unit.
    if (converted > rule.max / 20 && converted <= rule.max) return Refusal::unit;
  }
  return Refusal::range;
}

}  // namespace

std::optional<Refusal> refuse(const GateRule& rule, GateState* state, double value, std::int64_t time_ms) {
  if (!std::isfinite(value)) return Refusal::range;
  if (std::find(rule.aliases.begin(), rule.aliases.end(), value) != rule.aliases.end()) return Refusal::alias;
  if (value < rule.min || value > rule.max) return refuse_out_of_range(rule, value);
  if (rule.whole && value != std::floor(value)) return Refusal::unit;
  if (state == nullptr) return {};
  if (rule.stuck_after_ms > 0 && is_stuck(rule, *state, value, time_ms)) return Refusal::stuck;
  if (rule.spike > 0 && is_spike(rule, *state, value, time_ms)) return Refusal::spike;
  return {};
}

void GateState::save(StateWriter& writer) const {
  for (const double number : {accepted, candidate, same}) writer.number(number);
  for (const std::int64_t time : {accepted_at, same_since}) writer.number(time);
  writer.number(same_count);
  writer.number(has_accepted);
  writer.number(has_candidate);
}

void GateState::restore(StateReader& reader) {
  for (double* number : {&accepted, &candidate, &same}) reader.number(*number);
  for (std::int64_t* time : {&accepted_at, &same_since}) reader.number(*time);
  reader.number(same_count);
  reader.number(has_accepted);
  reader.number(has_candidate);
}

}  // namespace hale::rules
