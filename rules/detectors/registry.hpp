#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/engine/compiled_rules.hpp"
#include "rules/engine/detector.hpp"

namespace hale::rules {

class JsonView;

/// What a detector's parameters may refer to: the rule's inputs by name, other rules by id.
struct RuleScope {
  const std::vector<InputSpec>* inputs{};
  std::function<std::optional<std::uint16_t>(const std::string&)> rule;   ///< index of an earlier rule
  std::function<std::optional<std::uint16_t>(const std::string&)> model;  ///< index of an earlier model
  std::function<const Detector&(std::uint16_t)> model_detector;
  const GateRules* gate{};            ///< what readings can be
  std::optional<ComponentType> type;  ///< of the components the rule is judged for

  /// The slot of the input that json[key] names; reports an unknown one.
  Slot slot(const JsonView& json, std::string_view key) const;
  const InputSpec& input(Slot slot) const { return (*inputs)[slot]; }
};

/// Makes a detector from {"kind": NAME, …}; reports what is wrong to json.errors() and gives null then.
std::unique_ptr<const Detector> make_detector(const JsonView& json, const RuleScope& scope);
/// Likewise a model's detector.
std::unique_ptr<const Detector> make_model(const JsonView& json, const RuleScope& scope);

using DetectorFactory = std::unique_ptr<const Detector> (*)(const JsonView& json, const RuleScope& scope);

// One factory a kind; each reads its parameters strictly.
std::unique_ptr<const Detector> make_threshold(const JsonView& json, const RuleScope& scope);
std::unique_ptr<const Detector> make_counter(const JsonView& json, const RuleScope& scope);
std::unique_ptr<const Detector> make_event_rate(const JsonView& json, const RuleScope& scope);
std::unique_ptr<const Detector> make_duration(const JsonView& json, const RuleScope& scope);
std::unique_ptr<const Detector> make_trend(const JsonView& json, const RuleScope& scope);
std::unique_ptr<const Detector> make_combination(const JsonView& json, const RuleScope& scope);
std::unique_ptr<const Detector> make_verdict(const JsonView& json, const RuleScope& scope);

// Models likewise.
std::unique_ptr<const Detector> make_cooling_model(const JsonView& json, const RuleScope& scope);
std::unique_ptr<const Detector> make_disk_risk(const JsonView& json, const RuleScope& scope);

}  // namespace hale::rules
