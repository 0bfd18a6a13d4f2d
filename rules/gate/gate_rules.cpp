#include "rules/gate/gate_rules.hpp"

namespace hale::rules {
namespace {

bool key_matches(std::string_view pattern, std::string_view key) {
  if (pattern.empty()) return true;
  if (pattern.ends_with('*')) return key.starts_with(pattern.substr(0, pattern.size() - 1));
  if (pattern.starts_with('*')) return key.ends_with(pattern.substr(1));
  return key == pattern;
}

}  // namespace

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::range:
      return "range";
    case Refusal::unit:
      return "unit";
    case Refusal::stuck:
      return "stuck";
    case Refusal::spike:
      return "spike";
    case Refusal::alias:
      return "alias";
  }
  return {};
}

const GateRule* GateRules::find(Metric metric, std::string_view key, std::string_view component,
                                ComponentType type) const {
  const GateRule* found = nullptr;
  for (const GateRule& rule : rules) {
    if (rule.metric != metric || !key_matches(rule.key, key)) continue;
    if (rule.type && *rule.type != type) continue;
    if (!component.starts_with(rule.component_prefix)) continue;
    found = &rule;
  }
  return found;
}

}  // namespace hale::rules
