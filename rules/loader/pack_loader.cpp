#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/codec.hpp"
#include "rules/detectors/registry.hpp"
#include "rules/loader/json_view.hpp"
#include "rules/loader/load.hpp"

namespace hale::rules {
namespace {

constexpr std::array<std::string_view, 9> kAreas{"cooling.", "disk.", "battery.", "memory.", "cpu.",
                                                 "power.",   "gpu.",  "storage.", "usb."};

Metric parse_metric(const JsonView& json) {
  const std::string name = json.text("metric");
  if (const auto metric = find_metric(name)) return *metric;
  std::vector<std::string_view> known;
  for (const MetricInfo& one : all_metrics()) known.push_back(one.name);
  if (json.errors().good())
    json.report("metric", "unknown metric \"" + name + "\"" + JsonView::suggestion(name, known));
  return {};
}

ComponentType parse_type(const JsonView& json, std::string_view key) {
  const std::string name = json.text(key);
  if (const auto type = parse_component_type(name)) return *type;
  if (json.errors().good()) json.report(key, "unknown component type \"" + name + "\"");
  return {};
}

/// Limits and sizes are told once and stay true; everything else only holds in the row that brings it.
bool stays_true(Metric metric) {
  return metric == Metric::hw_temperature_limit || metric == Metric::hw_power_limit ||
         metric == Metric::hw_battery_capacity_design || metric == Metric::system_filesystem_limit;
}

std::string unit_of(Metric metric, std::string_view key) {
  if (metric == Metric::hw_physical_disk_nvme) {
    if (key == "percentage_used" || key.starts_with("available_spare")) return "%";
    if (key == "temperature") return "Cel";
    if (key == "warning_temp_time" || key == "critical_comp_time") return "min";
    return key == "power_on_hours" ? "h" : "";
  }
  const auto unit = info(metric).unit;
  return metric == Metric::hw_physical_disk_smart || unit.starts_with('{') ? std::string() : std::string(unit);
}

Slot slot_of(const CompiledRule& rule, const JsonView& json, const std::string& name) {
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < rule.inputs.size(); ++i) {
    if (rule.inputs[i].name == name) return static_cast<Slot>(i);
    known.push_back(rule.inputs[i].name);
  }
  json.report("no input \"" + name + "\" stands before this" + JsonView::suggestion(name, known));
  return 0;
}

void parse_of(const JsonView& json, InputSpec& input) {
  if (!json.has("of")) return;
  const JsonView of = json.child("of");
  of.allow({"component", "type", "take"});
  if (of.has("component") == of.has("type")) return of.report("expected either component or type");
  input.scope = of.has("type") ? Scope::type : Scope::component;
  if (of.has("type")) input.type = parse_type(of, "type");
  input.component = of.text_or("component", "");
  input.fold = of.word<Fold>("take", {{"max", Fold::max}, {"min", Fold::min}, {"sum", Fold::sum}}, Fold::max);
}

void parse_series(const JsonView& json, InputSpec& input) {
  json.allow({"metric", "key", "of", "optional", "valid_for", "unit"});
  input.metric = parse_metric(json);
  if (!json.errors().good()) return;
  input.key = json.text_or("key", "");
  const MetricInfo& metric = info(input.metric);
  if (metric.has_key && input.key.empty()) json.report("this metric needs a \"key\"");
  if (!metric.has_key && !input.key.empty()) json.report("key", "this metric has no key");
  parse_of(json, input);
  if (!metric.has_component) input.scope = Scope::component;
  input.unit = json.text_or("unit", unit_of(input.metric, input.key));
  if (stays_true(input.metric)) input.valid_for = -1;
  if (json.has("valid_for")) input.valid_for = json.text("valid_for") == "always" ? -1 : json.duration("valid_for");
}

void parse_events(const JsonView& json, InputSpec& input) {
  json.allow({"events", "of", "optional"});
  input.kind = InputKind::events;
  for (const JsonView& item : json.list("events")) {
    const std::string name = item.as_text();
    const auto dot = name.find('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == name.size())
      item.report("expected \"source.code\", such as \"kernel.ata_timeout\"");
    else
      input.events.push_back({name.substr(0, dot), name.substr(dot + 1)});
  }
  if (input.events.empty()) json.report("events", "is empty");
  parse_of(json, input);
  if (input.scope == Scope::type) json.report("of", "events are of the rule's own or a named component");
}

void parse_fact(const JsonView& json, InputSpec& input) {
  json.allow({"fact", "begins", "optional"});
  input.kind = InputKind::fact;
  input.fact = json.word<ComponentFact>("fact", {{"model", ComponentFact::model}, {"bus", ComponentFact::bus}});
  for (const JsonView& item : json.list("begins")) {
    std::string begin = item.as_text();
    std::transform(begin.begin(), begin.end(), begin.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (begin.empty()) item.report("is empty: every component would fit");
    input.begins.push_back(std::move(begin));
  }
  if (input.begins.empty()) json.report("begins", "is missing or empty");
  input.valid_for = -1;
}

void parse_pair(const JsonView& json, InputSpec& input, const CompiledRule& rule) {
  const std::string_view key = json.has("ratio") ? "ratio" : "difference";
  json.allow({key, "valid_for", "unit", "optional"});
  input.kind = json.has("ratio") ? InputKind::ratio : InputKind::difference;
  const auto parts = json.list(key);
  if (parts.size() != 2) return json.report(key, "expected the names of two inputs");
  input.first = slot_of(rule, json, parts[0].as_text());
  input.second = slot_of(rule, json, parts[1].as_text());
}

void parse_past_peak(const JsonView& json, InputSpec& input, const CompiledRule& rule) {
  json.allow({"past_peak", "while", "initial", "unit"});
  input.kind = InputKind::past_peak;
  input.first = slot_of(rule, json, json.text("past_peak"));
  const JsonView when = json.child("while");
  when.allow({"input", "at_most"});
  input.second = slot_of(rule, when, when.text("input"));
  input.while_at_most = when.number("at_most");
  input.initial = json.number("initial");
  input.valid_for = -1;
}

void parse_earlier(const JsonView& json, InputSpec& input, const CompiledRule& rule) {
  json.allow({"earlier", "over", "at_most_ago", "unit"});
  input.kind = InputKind::earlier;
  input.first = slot_of(rule, json, json.text("earlier"));
  input.over = json.duration_or("over", 0);
  input.at_most_ago = json.duration_or("at_most_ago", 0);
  input.valid_for = -1;
}

void parse_derived(const JsonView& json, InputSpec& input, CompiledRule& rule) {
  if (json.has("past_peak")) {
    parse_past_peak(json, input, rule);
  } else if (json.has("earlier")) {
    parse_earlier(json, input, rule);
  } else if (json.has("peak")) {
    json.allow({"peak", "unit"});
    input.kind = InputKind::peak;
    input.first = slot_of(rule, json, json.text("peak"));
    input.valid_for = -1;
  } else {
    parse_pair(json, input, rule);
  }
  if (!json.errors().good()) return;
  input.unit = json.text_or("unit", input.kind == InputKind::ratio ? "1" : rule.inputs[input.first].unit);
  if (json.has("valid_for")) input.valid_for = json.text("valid_for") == "always" ? -1 : json.duration("valid_for");
  rule.derived.push_back(static_cast<Slot>(rule.inputs.size()));
}

void parse_input(const JsonView& json, CompiledRule& rule) {
  InputSpec input;
  input.name = json.text("name");
  const JsonView from = json.child("from");
  json.allow({"name", "from"});
  if (!json.errors().good()) return;
  if (!std::all_of(input.name.begin(), input.name.end(),
                   [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9'); })) {
    json.report("name", "expected small letters, digits and '_'");
  }
  for (const InputSpec& other : rule.inputs) {
    if (other.name == input.name) json.report("name", "stands twice");
  }
  if (from.has("events"))
    parse_events(from, input);
  else if (from.has("metric"))
    parse_series(from, input);
  else if (from.has("fact"))
    parse_fact(from, input);
  else if (from.has("ratio") || from.has("difference") || from.has("peak") || from.has("past_peak") ||
           from.has("earlier"))
    parse_derived(from, input, rule);
  else
    from.report("expected one of metric, events, fact, ratio, difference, peak, past_peak, earlier");
  input.optional = from.flag_or("optional", false);
  const SlotMask bit = 1u << rule.inputs.size();
  if (input.valid_for < 0) rule.lasting |= bit;
  if (input.kind == InputKind::fact) rule.facts |= static_cast<SlotMask>(bit);
  if (input.valid_for > 0) rule.timed = true;
  const bool works_in_more = input.kind == InputKind::past_peak || input.kind == InputKind::earlier;
  rule.inputs.push_back(std::move(input));
  for (int i = 0; works_in_more && i < 2; ++i) {
    InputSpec room;
    room.kind = InputKind::hidden;
    room.optional = true;
    rule.inputs.push_back(std::move(room));
  }
}

void parse_inputs(const JsonView& json, CompiledRule& rule, std::size_t most) {
  const auto inputs = json.list("inputs");
  if (inputs.empty()) json.report("\"inputs\" is missing or empty");
  if (inputs.size() > most) return json.report("inputs", fmt::format("has more than {} inputs", most));
  for (const JsonView& input : inputs) {
    if (json.errors().good()) parse_input(input, rule);
  }
}

void parse_needs(const JsonView& json, CompiledRule& rule) {
  if (!json.has("needs")) {
    for (std::size_t i = 0; i < rule.inputs.size(); ++i) {
      const InputSpec& input = rule.inputs[i];
      const bool read = input.kind == InputKind::series || input.kind == InputKind::events;
      if (read && !input.optional) rule.needs.push_back(1u << i);
    }
    return;
  }
  for (const JsonView& group : json.list("needs")) {
    group.allow({"any"});
    SlotMask mask = 0;
    for (const JsonView& name : group.list("any")) mask |= 1u << slot_of(rule, name, name.as_text());
    if (mask == 0) group.report("names no input");
    rule.needs.push_back(mask);
  }
}

void parse_stages(const JsonView& json, CompiledRule& rule, const RuleScope& scope) {
  SlotMask used = 0;
  for (std::size_t i = 0; i < rule.inputs.size(); ++i) {
    const InputSpec& input = rule.inputs[i];
    if (input.kind == InputKind::hidden) used |= 1u << i;
    if (input.kind == InputKind::series || input.kind == InputKind::events || input.kind == InputKind::fact ||
        input.kind == InputKind::hidden)
      continue;
    used |= 1u << input.first;
    if (input.kind != InputKind::peak && input.kind != InputKind::earlier) used |= 1u << input.second;
  }
  for (const JsonView& view : json.list("stages")) {
    view.allow({"severity", "confidence", "notify", "detector"});
    Stage stage;
    stage.severity = view.word<Severity>(
        "severity", {{"info", Severity::info}, {"warning", Severity::warning}, {"critical", Severity::critical}});
    stage.confidence = view.number("confidence");
    if (stage.confidence <= 0 || stage.confidence > 1)
      view.report("confidence", "expected a number above 0, at most 1");
    stage.notify = view.flag_or("notify", true);
    if (!rule.stages.empty() && rule.stages.back().severity >= stage.severity)
      view.report("severity", "stages must rise in severity");
    if (view.errors().good()) stage.detector = make_detector(view.child("detector"), scope);
    if (!stage.detector) return;
    stage.facts = stage.detector->facts();
    used |= stage.detector->uses();
    rule.stages.push_back(std::move(stage));
  }
  if (rule.stages.empty()) json.report("\"stages\" is missing or empty");
  for (std::size_t i = 0; i < rule.inputs.size(); ++i) {
    if ((used >> i & 1u) == 0) json.report("inputs", "\"" + rule.inputs[i].name + "\" is used by no detector");
  }
}

void parse_bind(const JsonView& json, CompiledRule& rule) {
  json.allow({"each", "component"});
  if (json.has("each") == json.has("component")) return json.report("expected either each or component");
  rule.bind.component = json.text_or("component", "");
  if (json.has("each") && json.text("each") != "any") rule.bind.type = parse_type(json, "each");
}

void parse_head(const JsonView& json, CompiledRule& rule) {
  rule.id = json.text("id");
  const bool known_area =
      std::any_of(kAreas.begin(), kAreas.end(), [&](std::string_view area) { return rule.id.starts_with(area); });
  if (!known_area && json.errors().good())
    json.report("id", fmt::format("begins with none of {}", fmt::join(kAreas, " ")));
  rule.version = static_cast<std::uint32_t>(json.whole_or("version", 1, 1, 1'000'000));
  const std::string cause = json.text("cause");
  if (const auto parsed = parse_cause(cause))
    rule.cause = *parsed;
  else if (json.errors().good())
    json.report("cause", "\"" + cause + "\" is not in the list of causes (core/finding.hpp)");
  rule.message_after = json.duration_or("message_after", 0);
  rule.cooldown_days = json.whole_or("cooldown_days", 0, 1, 400);
  for (const JsonView& reference : json.list("references")) rule.references.push_back(reference.as_text());
  if (rule.references.empty()) json.report("\"references\" is missing: say where the thresholds come from");
}

void parse_outcome(const JsonView& json, CompiledRule& rule) {
  if (!json.has("outcome")) return;
  const JsonView outcome = json.child("outcome");
  outcome.allow({"fact", "better"});
  rule.outcome = outcome.text("fact");
  rule.outcome_lower = outcome.word<bool>("better", {{"lower", true}, {"higher", false}});
  for (const Stage& stage : rule.stages) {
    const bool known = std::any_of(stage.facts.begin(), stage.facts.end(),
                                   [&](const FactInfo& fact) { return fact.name == rule.outcome; });
    if (!known) outcome.report("fact", "no such fact is given by every stage");
  }
}

/// Rules and models share one list; their names do not.
std::optional<std::uint16_t> find_by_name(const CompiledRules& all, const std::string& id, bool is_model) {
  for (std::size_t i = 0; i < all.rules.size(); ++i) {
    if (all.rules[i].id == id && all.rules[i].is_model == is_model) return static_cast<std::uint16_t>(i);
  }
  return {};
}

RuleScope scope_of(const CompiledRule& rule, const CompiledRules& earlier) {
  return {&rule.inputs,
          [&earlier](const std::string& id) { return find_by_name(earlier, id, false); },
          [&earlier](const std::string& id) { return find_by_name(earlier, id, true); },
          [&earlier](std::uint16_t model) -> const Detector& { return *earlier.rules[model].stages[0].detector; },
          earlier.gate.rules.empty() ? nullptr : &earlier.gate,
          rule.bind.component.empty() ? rule.bind.type : guess_component_type(rule.bind.component)};
}

/// A rule without inputs of its own speaks for models only.
bool speaks_for_models(const CompiledRule& rule) {
  return std::all_of(rule.stages.begin(), rule.stages.end(),
                     [](const Stage& stage) { return stage.detector->asks().has_value(); });
}

CompiledRule parse_model(const JsonView& json, const CompiledRules& earlier) {
  json.allow({"id", "version", "bind", "inputs", "needs", "model"});
  CompiledRule model;
  model.is_model = true;
  model.id = json.text("id");
  model.version = static_cast<std::uint32_t>(json.whole_or("version", 1, 1, 1'000'000));
  parse_bind(json.child("bind"), model);
  if (json.errors().good()) parse_inputs(json, model, kMaxInputs);
  if (json.errors().good()) parse_needs(json, model);
  if (json.errors().good()) {
    Stage stage;
    stage.detector = make_model(json.child("model"), scope_of(model, earlier));
    model.stages.push_back(std::move(stage));
  }
  if (earlier.index_of(model.id)) json.report("id", "another model or rule is called \"" + model.id + "\"");
  return model;
}

CompiledRule parse_rule(const JsonView& json, const CompiledRules& earlier) {
  json.allow({"id", "version", "cause", "bind", "inputs", "needs", "stages", "message_after", "cooldown_days",
              "outcome", "references"});
  CompiledRule rule;
  parse_head(json, rule);
  parse_bind(json.child("bind"), rule);
  if (json.errors().good() && json.has("inputs")) parse_inputs(json, rule, kMaxInputs / 3);
  if (json.errors().good()) parse_needs(json, rule);
  if (json.errors().good()) parse_stages(json, rule, scope_of(rule, earlier));
  if (json.errors().good() && rule.inputs.empty() && !speaks_for_models(rule))
    json.report("\"inputs\" is missing or empty");
  if (json.errors().good()) parse_outcome(json, rule);
  if (earlier.index_of(rule.id)) json.report("id", "another rule is called \"" + rule.id + "\"");
  return rule;
}

void add(CompiledRule rule, const LoadErrors& errors, CompiledRules& rules) {
  if (!errors.good()) return;
  const auto index = static_cast<std::uint16_t>(rules.rules.size());
  for (const Stage& stage : rule.stages) {
    for (const std::uint16_t other : stage.detector->rules()) rules.rules[other].dependents.push_back(index);
  }
  rules.rules.push_back(std::move(rule));
}

}  // namespace

Result<> load_pack(const NamedText& file, CompiledRules& rules) {
  auto json = parse_json(file.text);
  if (!json) return fail(std::move(json.error()).with_context(file.name));
  LoadErrors errors{file.name, file.text, {}};
  const JsonView root(*json, "", errors);
  root.allow({"pack", "version", "models", "rules"});
  root.text("pack");
  root.number("version");
  for (const JsonView& view : root.list("models")) {
    if (errors.good()) add(parse_model(view, rules), errors, rules);
  }
  for (const JsonView& view : root.list("rules")) {
    if (errors.good()) add(parse_rule(view, rules), errors, rules);
  }
  if (!errors.good()) return fail(*errors.first);
  return {};
}

}  // namespace hale::rules
