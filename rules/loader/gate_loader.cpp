#include "core/codec.hpp"
#include "rules/loader/json_view.hpp"
#include "rules/loader/load.hpp"

namespace hale::rules {
namespace {

GateRule parse_gate_rule(const JsonView& json) {
  json.allow(
      {"metric", "key", "type", "chip", "min", "max", "aliases", "other_units", "whole", "spike", "stuck", "source"});
  GateRule rule;
  const std::string metric = json.text("metric");
  if (const auto found = find_metric(metric))
    rule.metric = *found;
  else if (json.errors().good())
    json.report("metric", "unknown metric \"" + metric + "\"");
  rule.key = json.text_or("key", "");
  if (json.has("type")) {
    rule.type = parse_component_type(json.text("type"));
    if (!rule.type) json.report("type", "unknown component type");
  }
  rule.component_prefix = json.text_or("chip", "");
  rule.min = json.number("min");
  rule.max = json.number("max");
  if (rule.min > rule.max) json.report("min", "is above max");
  for (const JsonView& alias : json.list("aliases")) rule.aliases.push_back(alias.as_number());
  for (const JsonView& factor : json.list("other_units")) rule.wrong_factors.push_back(factor.as_number());
  rule.whole = json.flag_or("whole", false);
  if (json.has("spike")) {
    const JsonView spike = json.child("spike");
    spike.allow({"jump", "within"});
    rule.spike = spike.number("jump");
    rule.spike_within_ms = spike.duration("within");
  }
  if (json.has("stuck")) {
    const JsonView stuck = json.child("stuck");
    stuck.allow({"after", "readings"});
    rule.stuck_after_ms = stuck.duration("after");
    rule.stuck_readings = static_cast<std::uint32_t>(stuck.whole_or("readings", 100, 2, 1'000'000));
  }
  json.text("source");
  return rule;
}

}  // namespace

Result<> load_gate(const NamedText& file, CompiledRules& rules) {
  auto json = parse_json(file.text);
  if (!json) return fail(std::move(json.error()).with_context(file.name));
  LoadErrors errors{file.name, file.text, {}};
  const JsonView root(*json, "", errors);
  root.allow({"rules"});
  rules.gate.rules.clear();
  for (const JsonView& view : root.list("rules")) rules.gate.rules.push_back(parse_gate_rule(view));
  if (!errors.good()) return fail(*errors.first);
  return {};
}

}  // namespace hale::rules
