#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/codec.hpp"
#include "rules/loader/json_view.hpp"
#include "rules/loader/load.hpp"
#include "rules/words/render.hpp"

namespace hale::rules {
namespace {

// Every language must have these.
constexpr auto kCommon =
    std::to_array<std::string_view>({"level.tip",    "level.warning",     "level.urgent", "title",
                                     "body",         "action.how_to_fix", "action.book",  "action.find_service",
                                     "action.later", "welcome.title",     "welcome.body", "resolved",
                                     "unit.%",       "unit.Cel",          "unit.rpm",     "unit.W",
                                     "unit.Wh",      "unit.min",          "unit.h",       "unit.d"});

RuleTexts parse_rule_texts(const JsonView& json) {
  json.allow({"title", "reason", "first_step", "further_steps", "detailed_steps", "when_to_call", "stakes"});
  RuleTexts texts{json.text("title"),
                  json.text("reason"),
                  json.text("first_step"),
                  json.text("stakes"),
                  json.text("when_to_call"),
                  {},
                  {}};
  for (const JsonView& step : json.list("further_steps")) texts.further_steps.push_back(step.as_text());
  if (texts.further_steps.empty()) json.report("further_steps", "is missing or empty");
  if (json.has("detailed_steps")) {
    for (const JsonView& step : json.list("detailed_steps")) texts.detailed_steps.push_back(step.as_text());
    if (texts.detailed_steps.size() < texts.further_steps.size())
      json.report("detailed_steps", "has fewer steps than further_steps");
  }
  return texts;
}

bool gives(const Stage& stage, const std::string& name) {
  return std::any_of(stage.facts.begin(), stage.facts.end(), [&](const FactInfo& fact) { return fact.name == name; });
}

bool every_stage_gives(const CompiledRule& rule, const std::string& name) {
  if (name == "name" || name == "component") return true;
  return std::all_of(rule.stages.begin(), rule.stages.end(), [&](const Stage& stage) { return gives(stage, name); });
}

bool some_stage_gives(const CompiledRule& rule, const std::string& name) {
  if (name == "name" || name == "component") return true;
  return std::any_of(rule.stages.begin(), rule.stages.end(), [&](const Stage& stage) { return gives(stage, name); });
}

std::vector<std::string_view> all_texts(const RuleTexts& texts) {
  std::vector<std::string_view> all{texts.title, texts.reason, texts.first_step, texts.stakes, texts.when_to_call};
  all.insert(all.end(), texts.further_steps.begin(), texts.further_steps.end());
  all.insert(all.end(), texts.detailed_steps.begin(), texts.detailed_steps.end());
  return all;
}

Result<> check_rule(const CompiledRule& rule, const RuleTexts& texts, std::string_view language) {
  if (texts.title.empty())
    return fail(Errc::invalid_input, fmt::format("texts/{}.json: rule {} has no texts", language, rule.id));
  for (const std::string_view text : all_texts(texts)) {
    const auto always = placeholders(without_optional_parts(text));
    for (const std::string& name : placeholders(text)) {
      const bool optional = std::find(always.begin(), always.end(), name) == always.end();
      if (optional ? some_stage_gives(rule, name) : every_stage_gives(rule, name)) continue;
      return fail(Errc::invalid_input,
                  fmt::format("texts/{}.json: rule {}: \"{{{}}}\" is no number that every stage of the rule gives",
                              language, rule.id, name));
    }
  }
  return {};
}

Result<std::size_t> place_of(const NamedText& file, std::string_view language) {
  const auto at = std::find(kLanguages.begin(), kLanguages.end(), language);
  if (at == kLanguages.end()) return fail(Errc::invalid_input, fmt::format("{}: unknown language", file.name));
  return static_cast<std::size_t>(at - kLanguages.begin());
}

/// What a finding of this rule may show: the numbers of its stages, and its inputs as plots.
std::vector<std::string_view> shown_keys(const CompiledRule& rule) {
  std::vector<std::string_view> keys{"name"};
  for (const InputSpec& input : rule.inputs) {
    if (input.kind != InputKind::hidden) keys.push_back(input.name);
  }
  for (const Stage& stage : rule.stages) {
    for (const FactInfo& fact : stage.facts) keys.push_back(fact.name);
  }
  return keys;
}

Result<> check_names(const CompiledRules& rules, const Language& language, std::string_view tag) {
  const auto missing = [&](std::string_view key, std::string_view of) {
    return fail(Errc::invalid_input, fmt::format("names/{}.json: \"{}\" has no name ({})", tag, key, of));
  };
  for (const MetricInfo& metric : all_metrics()) {
    if (find_name(language, {}, metric.name) == nullptr) return missing(metric.name, "a metric");
  }
  for (const CompiledRule& rule : rules.rules) {
    if (rule.is_model) continue;
    for (const std::string_view key : shown_keys(rule)) {
      if (find_name(language, rule.id, key) == nullptr) return missing(key, "evidence of rule " + rule.id);
    }
  }
  return {};
}

/// A rule says its steps at length in every language or in none.
Result<> check_same_steps(const CompiledRules& rules) {
  for (std::size_t rule = 0; rule < rules.rules.size(); ++rule) {
    for (std::size_t i = 1; i < kLanguages.size(); ++i) {
      const std::size_t first = rules.languages[0].rules[rule].detailed_steps.size();
      const std::size_t other = rules.languages[i].rules[rule].detailed_steps.size();
      if (first == other) continue;
      return fail(Errc::invalid_input,
                  fmt::format("texts/{}.json: rule {}: has {} detailed_steps, texts/{}.json has {}", kLanguages[i],
                              rules.rules[rule].id, other, kLanguages[0], first));
    }
  }
  return {};
}

}  // namespace

Result<> load_names(const NamedText& file, std::string_view language, CompiledRules& rules) {
  const auto place = place_of(file, language);
  if (!place) return fail(place.error());
  auto json = parse_json(file.text);
  if (!json) return fail(std::move(json.error()).with_context(file.name));
  LoadErrors errors{file.name, file.text, {}};
  const JsonView root(*json, "", errors);
  root.allow({"names"});
  for (const auto& [key, view] : root.members("names")) {
    const std::string name = view.as_text();
    if (name.empty()) view.report("is empty");
    rules.languages[*place].names[key] = name;
  }
  if (!errors.good()) return fail(*errors.first);
  return {};
}

Result<> load_texts(const NamedText& file, std::string_view language, CompiledRules& rules) {
  const auto place = place_of(file, language);
  if (!place) return fail(place.error());
  Language& words = rules.languages[*place];
  words.rules.resize(rules.rules.size());
  auto json = parse_json(file.text);
  if (!json) return fail(std::move(json.error()).with_context(file.name));
  LoadErrors errors{file.name, file.text, {}};
  const JsonView root(*json, "", errors);
  root.allow({"common", "rules"});
  if (root.has("common")) {
    for (const auto& [key, view] : root.members("common")) words.common[key] = view.as_text();
  }
  if (root.has("rules")) {
    for (const auto& [id, view] : root.members("rules")) {
      const auto index = rules.index_of(id);
      const RuleTexts texts = parse_rule_texts(view);
      if (index) words.rules[*index] = texts;
    }
  }
  if (!errors.good()) return fail(*errors.first);
  return {};
}

Result<> check_texts(const CompiledRules& rules) {
  for (std::size_t i = 0; i < kLanguages.size(); ++i) {
    const Language& words = rules.languages[i];
    for (const std::string_view key : kCommon) {
      if (!words.common.contains(key))
        return fail(Errc::invalid_input, fmt::format("texts/{}.json: common: \"{}\" is missing", kLanguages[i], key));
    }
    for (std::size_t rule = 0; rule < rules.rules.size(); ++rule) {
      if (rules.rules[rule].is_model) continue;
      const RuleTexts texts = rule < words.rules.size() ? words.rules[rule] : RuleTexts{};
      if (auto checked = check_rule(rules.rules[rule], texts, kLanguages[i]); !checked) return checked;
    }
    if (auto checked = check_names(rules, words, kLanguages[i]); !checked) return checked;
  }
  return check_same_steps(rules);
}

}  // namespace hale::rules
