#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/engine/engine.hpp"
#include "rules/gate/gate.hpp"
#include "rules/judge.hpp"
#include "rules/notify/notifier.hpp"

namespace hale::rules {

ContextMarks marks_of(const Context& context);

/// What one device keeps. Most parts are made when first needed: a disk of a fleet's recording needs few.
struct Judge::State final : FactSource {
  State(const RuleSet& rules, Layout& names, PolicyOptions policy, Sink& output)
      : rule_set(rules),
        layout(&names),
        options(std::move(policy)),
        sink(&output),
        plan(Plan::of(names, rules.shared(), {})),
        engine(plan) {
    engine.set_facts(*this);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  struct Described {
    ComponentIndex component{};
    std::string name, vendor, model, bus;
  };
  struct Refused {
    std::uint64_t count{};
    double last{};
  };
  using RefusedKey = std::pair<std::string, Refusal>;

  RuleSet rule_set;
  Layout* layout;
  PolicyOptions options;
  Sink* sink;
  std::shared_ptr<Plan> plan;
  Engine engine;
  std::vector<GateState> gate;  ///< by the plan's gate slots
  std::vector<Described> described;
  std::unique_ptr<std::map<RefusedKey, Refused>> refused;
  std::unique_ptr<Notifier> notifier;
  std::unique_ptr<Context> context;
  ContextMarks marks;  ///< of `context`
  std::vector<std::string> watched;
  Presence presence;
  std::optional<Millis> last;  ///< the newest row
  Millis awake_since{};
  Millis interval{};  ///< what usually lies between rows
  std::uint64_t dropped{};

  Millis utc_offset() const;
  Row next_row(Millis time);
  void change_plan(TypeOverrides overrides);
  void accept(const Sample& sample, Millis time, std::span<const Sample> row);
  std::optional<double> decode(const SeriesPlan& series, double raw48) const;
  void refuse_sample(SeriesIndex series, Refusal refusal, double value);
  const Described* described_as(ComponentIndex component) const;
  std::string_view fact_of(ComponentIndex component, ComponentFact fact) const override;

  std::string fingerprint(std::uint16_t rule, ComponentIndex component) const;
  Finding make_finding(const Engine::Standing& standing, FindingState state, Millis time) const;
  void on_transition(Transition&& transition, Millis time);
  void tell_outcome(const Transition& transition, const Finding& finding);

  Notifier& talker();
  Notifier::Output output();
  void show(const Speech& speech, Millis time);
  void show_welcome(Millis time);
  void flush(Millis time);
  void flush_due_before(Millis time);
};

}  // namespace hale::rules
