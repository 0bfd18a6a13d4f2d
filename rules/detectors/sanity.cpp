#include "rules/detectors/sanity.hpp"

#include <fmt/format.h>

#include "rules/detectors/registry.hpp"
#include "rules/loader/json_view.hpp"

namespace hale::rules {
namespace {

bool looks_up(Compare compare) { return compare == Compare::above || compare == Compare::at_least; }
bool looks_down(Compare compare) { return compare == Compare::below || compare == Compare::at_most; }

enum class Reach : std::uint8_t { sometimes, never, always };

Reach reach_of(Compare compare, double limit, const InputRange& range) {
  switch (compare) {
    case Compare::above:
      return limit >= range.max ? Reach::never : limit < range.min ? Reach::always : Reach::sometimes;
    case Compare::at_least:
      return limit > range.max ? Reach::never : limit <= range.min ? Reach::always : Reach::sometimes;
    case Compare::below:
      return limit <= range.min ? Reach::never : limit > range.max ? Reach::always : Reach::sometimes;
    case Compare::at_most:
      return limit < range.min ? Reach::never : limit >= range.max ? Reach::always : Reach::sometimes;
    case Compare::equals:
      return limit < range.min || limit > range.max ? Reach::never : Reach::sometimes;
    case Compare::any_bits:
      return Reach::sometimes;
  }
  return Reach::sometimes;
}

/// Whether the lower bound of `up` lies at or above the upper bound of `down`, so that both cannot hold at once.
/// Nothing when they are bound to different inputs: only readings tell.
std::optional<bool> are_apart(const Test& up, const Test& down) {
  if (up.other != down.other) return {};
  if (!up.other) {
    if (up.value != down.value) return up.value > down.value;
    return up.compare == Compare::above || down.compare == Compare::below;
  }
  // Of the same input: certain only when factor and offset agree on who is larger (inputs are not negative here).
  if (up.times >= down.times && up.plus >= down.plus)
    return up.times > down.times || up.plus > down.plus || up.compare == Compare::above ||
           down.compare == Compare::below;
  if (up.times <= down.times && up.plus <= down.plus) return false;
  return {};
}

}  // namespace

std::optional<InputRange> range_of(const RuleScope& scope, Slot slot) {
  const InputSpec* input = &scope.input(slot);
  while (input->kind == InputKind::peak || input->kind == InputKind::past_peak || input->kind == InputKind::earlier)
    input = &scope.input(input->first);
  if (input->kind != InputKind::series || scope.gate == nullptr) return {};
  const auto type = input->scope == Scope::type ? std::optional(input->type) : scope.type;
  const std::string_view component = input->scope == Scope::component ? std::string_view(input->component) : "";
  const GateRule* rule =
      scope.gate->find(input->metric, input->key, component,
                       component.empty() ? type.value_or(ComponentType::other) : guess_component_type(component));
  if (rule == nullptr) return {};
  return InputRange{rule->min, rule->max};
}

void check_reachable(const JsonView& json, std::string_view key, const RuleScope& scope, const Test& test) {
  if (test.other) return;
  const auto range = range_of(scope, test.slot);
  if (!range) return;
  const auto say = [&](std::string_view how) {
    json.report(key, fmt::format("{} is {} for \"{}\": the gate lets {:g} to {:g} through", test.value, how,
                                 scope.input(test.slot).name, range->min, range->max));
  };
  const Reach reach = reach_of(test.compare, test.value, *range);
  if (reach == Reach::never) say("never reached");
  if (reach == Reach::always) say("always true");
}

void check_within(const JsonView& json, std::string_view key, const RuleScope& scope, Slot slot, double value) {
  const auto range = range_of(scope, slot);
  if (!range || (value >= range->min && value <= range->max)) return;
  json.report(key, fmt::format("{} can never be read for \"{}\": the gate lets {:g} to {:g} through", value,
                               scope.input(slot).name, range->min, range->max));
}

void check_clear(const JsonView& json, const RuleScope& scope, const Condition& when, const Condition& clear) {
  for (const Test* begin : when.every_test()) {
    for (const Test* end : clear.every_test()) {
      if (begin->slot != end->slot) continue;
      const std::string& name = scope.input(begin->slot).name;
      const bool same_way = (looks_up(begin->compare) && looks_up(end->compare)) ||
                            (looks_down(begin->compare) && looks_down(end->compare));
      if (same_way)
        return json.report("when", fmt::format("\"{}\" ends the finding on the side on which it begins", name));
      const bool opposite = (looks_up(begin->compare) && looks_down(end->compare)) ||
                            (looks_down(begin->compare) && looks_up(end->compare));
      if (!opposite) continue;
      const Test& up = looks_up(begin->compare) ? *begin : *end;
      const Test& down = looks_up(begin->compare) ? *end : *begin;
      if (!are_apart(up, down).value_or(true))
        return json.report(
            "when", fmt::format("\"{}\" ends the finding where it still begins: the end must lie {} the beginning",
                                name, looks_up(begin->compare) ? "below" : "above"));
    }
  }
}

}  // namespace hale::rules
