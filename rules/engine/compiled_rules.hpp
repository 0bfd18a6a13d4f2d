#pragma once
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/component.hpp"
#include "core/finding.hpp"
#include "core/metric.hpp"
#include "rules/engine/detector.hpp"
#include "rules/gate/gate_rules.hpp"

namespace hale::rules {

/// Whose series an input reads.
enum class Scope : std::uint8_t {
  self,       ///< the component the rule is judged for
  component,  ///< a named component ("cpu"), or the system as a whole when the metric has none
  type,       ///< all components of a type, folded into one number
};

enum class Fold : std::uint8_t { max, min, sum };

enum class InputKind : std::uint8_t {
  series,
  events,      ///< the sum of their counts
  ratio,       ///< first / second
  difference,  ///< first - second
  peak,        ///< the largest `first` ever seen
  past_peak,   ///< the largest `first` seen on earlier days while `second` was at most `while_at_most`; `initial` until
               ///< then
  fact,        ///< 1 when what the component is (its model, its bus) begins with one of `begins`, else 0; absent when
               ///< it was not told
  earlier,     ///< the running mean of `first` over the rows before this one, with a time constant of `over`
  hidden,      ///< room that a past_peak or an earlier works in
};

/// What is told of a component besides readings.
enum class ComponentFact : std::uint8_t { model, bus };

struct EventName {
  std::string source;
  std::string code;
};

/// A named number that a rule reads.
struct InputSpec {
  std::string name;
  std::string unit;
  InputKind kind{InputKind::series};
  bool optional{};
  Scope scope{Scope::self};
  std::string component;                     ///< Scope::component
  ComponentType type{ComponentType::other};  ///< Scope::type
  Fold fold{Fold::max};
  Metric metric{};
  std::string key;
  std::vector<EventName> events;
  ComponentFact fact{};
  std::vector<std::string> begins;  ///< in small letters
  Slot first{}, second{};
  double while_at_most{};
  double initial{};
  Millis over{};         ///< earlier; 0 = only the row before
  Millis at_most_ago{};  ///< earlier: unknown when the last of those rows is further back; 0 = however far
  Millis valid_for{};    ///< 0: only in the row that brought it; < 0: until replaced
};

/// One step of severity of a rule, with its own detector.
struct Stage {
  Severity severity{Severity::warning};
  double confidence{0.5};
  bool notify{true};
  std::unique_ptr<const Detector> detector;
  std::vector<FactInfo> facts;
};

/// Which components a rule is judged for, each by itself.
struct Bind {
  std::optional<ComponentType> type;  ///< every component of a type
  std::string component;              ///< or the one of this id; both empty: any component that has the inputs
};

struct CompiledRule {
  std::string id;
  std::uint32_t version{1};
  Cause cause{};
  Bind bind;
  std::vector<InputSpec> inputs;
  std::vector<Slot> derived;              ///< inputs computed from others, in an order that works
  SlotMask facts{};                       ///< inputs that are facts of the component
  SlotMask lasting{};                     ///< inputs that stay valid until replaced
  bool timed{};                           ///< some stay valid for a while
  std::vector<SlotMask> needs;            ///< every mask must have at least one input that was seen
  std::vector<Stage> stages;              ///< by rising severity
  Millis message_after{};                 ///< how long a finding must stand before the user hears of it
  int cooldown_days{};                    ///< 0: the policy's
  std::string outcome;                    ///< the fact that a fix improves; empty: none is told
  bool outcome_lower{true};               ///< smaller is better
  std::vector<std::uint16_t> dependents;  ///< rules that refer to this one
  bool is_model{};                        ///< concludes for other rules and says nothing itself: one stage, no words
  std::vector<std::string> references;
};

/// Words of one rule in one language. Placeholders are checked when loaded.
struct RuleTexts {
  std::string title, reason, first_step, stakes, when_to_call;
  std::vector<std::string> further_steps;
  std::vector<std::string> detailed_steps;  ///< for who wants every hand's turn; empty where the short ones say it all
};

/// Words that are not of a rule: levels, buttons, the welcome, units.
using CommonTexts = std::map<std::string, std::string, std::less<>>;

struct Language {
  std::vector<RuleTexts> rules;  ///< in the order of CompiledRules::rules
  CommonTexts common;
  CommonTexts names;  ///< what facts and metrics are called; "rule.id/fact" where one rule means something of its own
};

inline constexpr std::array<std::string_view, 2> kLanguages{"en", "zh-CN"};

struct CompiledRules {
  std::vector<CompiledRule> rules;  ///< a rule comes after those it refers to
  std::array<Language, kLanguages.size()> languages;
  GateRules gate;

  const CompiledRule* find(std::string_view id) const;
  std::optional<std::uint16_t> index_of(std::string_view id) const;
  const Language& language(std::string_view name) const;  ///< anything unknown reads as "en"
};

}  // namespace hale::rules
