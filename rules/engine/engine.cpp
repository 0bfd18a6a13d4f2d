#include "rules/engine/engine.hpp"

#include <algorithm>
#include <utility>

namespace hale::rules {

class Engine::Others final : public OtherRules {
 public:
  Others(const Engine& engine, ComponentIndex component) : engine_(engine), component_(component) {}
  bool is_active(std::uint16_t rule) const override {
    const Case* one = engine_.find(rule, component_);
    return one != nullptr && one->stage >= 0;
  }

 private:
  const Engine& engine_;
  ComponentIndex component_;
};

void Engine::begin(const Row& row) {
  row_ = row;
  ++row_number_;
  plan_->touched().clear();
}

Engine::Case& Engine::make_case(BindingIndex binding) {
  if (case_of_.size() <= binding) case_of_.resize(std::max<std::size_t>(binding + 1, plan_->bindings().size()));
  if (case_of_[binding] != 0) return cases_[case_of_[binding] - 1u];
  const CompiledRule& rule = plan_->rules().rules[plan_->binding(binding).rule];
  if (cases_.size() == cases_.capacity()) cases_.reserve(cases_.size() + std::max<std::size_t>(4, cases_.size() / 4));
  Case& one = cases_.emplace_back();
  one.binding = binding;
  one.values = std::make_unique<double[]>(rule.inputs.size());
  if (rule.timed) one.times = std::make_unique<Millis[]>(rule.inputs.size());
  one.trackers = std::make_unique<std::unique_ptr<Tracker>[]>(rule.stages.size());
  for (std::size_t i = 0; i < rule.stages.size(); ++i) one.trackers[i] = rule.stages[i].detector->track();
  case_of_[binding] = static_cast<std::uint16_t>(cases_.size());
  return one;
}

Engine::Case* Engine::touch(const Feed& feed) {
  const bool exists = feed.binding < case_of_.size() && case_of_[feed.binding] != 0;
  if (!exists && !feed.own) return nullptr;
  if (!exists && cases_.size() >= UINT16_MAX) return nullptr;
  Case& one = exists ? cases_[case_of_[feed.binding] - 1u] : make_case(feed.binding);
  if (one.row != row_number_) {
    one.row = row_number_;
    one.fresh = 0;
    plan_->touched().push_back(case_of_[feed.binding] - 1u);
  }
  return &one;
}

void Engine::feed(const std::vector<Feed>& feeds, double value) {
  for (const Feed& feed : feeds) {
    Case* one = touch(feed);
    if (one == nullptr) continue;
    const SlotMask bit = 1u << feed.slot;
    double& held = one->values[feed.slot];
    if ((one->fresh & bit) == 0) {
      held = value;
    } else {
      held = feed.fold == Fold::max   ? std::max(held, value)
             : feed.fold == Fold::min ? std::min(held, value)
                                      : held + value;
    }
    one->fresh |= bit;
    one->seen |= bit;
    if (one->times) one->times[feed.slot] = row_.time;
  }
}

void Engine::count(const std::vector<Feed>& feeds, std::uint32_t events) {
  if (events > 0) return feed(feeds, events);
  for (const Feed& feed : feeds) {
    if (!feed.own) continue;
    if (Case* one = touch(feed)) one->seen |= 1u << feed.slot;
  }
}

void Engine::derive(Case& one, const CompiledRule& rule) const {
  for (const Slot slot : rule.derived) {
    const InputSpec& input = rule.inputs[slot];
    const Inputs inputs = inputs_of(one, rule);
    bool made = false;
    switch (input.kind) {
      case InputKind::ratio:
      case InputKind::difference:
        made = derive_pair(one, slot, input, inputs);
        break;
      case InputKind::peak:
        made = derive_peak(one, slot, input, inputs);
        break;
      case InputKind::past_peak:
        made = derive_past_peak(one, slot, input, inputs);
        break;
      case InputKind::series:
      case InputKind::events:
      case InputKind::hidden:
        break;
    }
    if (!made) continue;
    one.fresh |= 1u << slot;
    one.seen |= 1u << slot;
    if (one.times) one.times[slot] = row_.time;
  }
}

bool Engine::derive_pair(Case& one, Slot slot, const InputSpec& input, const Inputs& inputs) {
  if (!inputs.has(input.first) || !inputs.has(input.second)) return false;
  if (!inputs.is_fresh(input.first) && !inputs.is_fresh(input.second)) return false;
  const double a = one.values[input.first];
  const double b = one.values[input.second];
  if (input.kind == InputKind::ratio && b == 0) return false;
  one.values[slot] = input.kind == InputKind::ratio ? a / b : a - b;
  return true;
}

bool Engine::derive_peak(Case& one, Slot slot, const InputSpec& input, const Inputs& inputs) {
  if (!inputs.is_fresh(input.first)) return false;
  const double value = one.values[input.first];
  one.values[slot] = (one.seen >> slot & 1u) != 0 ? std::max(one.values[slot], value) : value;
  return true;
}

bool Engine::derive_past_peak(Case& one, Slot slot, const InputSpec& input, const Inputs& inputs) const {
  constexpr double kNothing = -1e300;
  double& peak = one.values[slot];
  double& today = one.values[slot + 1u];
  double& day = one.values[slot + 2u];
  if ((one.seen >> slot & 1u) == 0) {
    peak = input.initial;
    today = kNothing;
    day = row_.day;
  }
  if (day != row_.day) {
    peak = std::max(peak, today);
    today = kNothing;
    day = row_.day;
  }
  if (!inputs.is_fresh(input.first) || !inputs.has(input.second)) return (one.seen >> slot & 1u) == 0;
  if (one.values[input.second] <= input.while_at_most) today = std::max(today, one.values[input.first]);
  return true;
}

Inputs Engine::inputs_of(const Case& one, const CompiledRule& rule) const {
  const SlotMask fresh = one.row == row_number_ ? one.fresh : 0;
  SlotMask valid = fresh | (one.seen & rule.lasting);
  if (rule.timed) {
    for (Slot slot = 0; slot < rule.inputs.size(); ++slot) {
      const Millis valid_for = rule.inputs[slot].valid_for;
      if (valid_for > 0 && (one.seen >> slot & 1u) != 0 && row_.time - one.times[slot] <= valid_for)
        valid |= 1u << slot;
    }
  }
  return {one.values.get(), valid, fresh};
}

/// For explanations the last number that was read will do, however old.
Inputs Engine::last_known(const Case& one) { return {one.values.get(), one.seen, 0}; }

void Engine::judge(Case& one, const OnTransition& on_transition) {
  const CompiledRule& rule = rule_of(one);
  if (!rule.derived.empty()) derive(one, rule);
  const Inputs inputs = inputs_of(one, rule);
  const Others others(*this, plan_->binding(one.binding).component);
  int top = -1;
  for (std::size_t i = 0; i < rule.stages.size(); ++i) {
    if (one.trackers[i]->observe(inputs, row_, others)) top = static_cast<int>(i);
  }
  if (top != one.stage) report(one, top, on_transition);
}

void Engine::report(Case& one, int stage, const OnTransition& on_transition) {
  const CompiledRule& rule = rule_of(one);
  const int speaker = stage >= 0 ? stage : one.stage;
  Transition transition;
  transition.rule = plan_->binding(one.binding).rule;
  transition.component = plan_->binding(one.binding).component;
  transition.stage = static_cast<std::uint8_t>(speaker);
  transition.active = stage >= 0;
  transition.first = one.stage < 0;
  EvidenceBuilder builder;
  one.trackers[static_cast<std::size_t>(speaker)]->explain(last_known(one), row_, builder);
  transition.evidence = std::move(builder.evidence);
  for (Plot& plot : transition.evidence.plots) plot.component = plan_->component(transition.component);
  if (transition.first) {
    one.active = std::make_unique<Active>(Active{row_.time, {}});
    ++active_count_;
  }
  transition.first_seen = one.active->first_seen;
  if (transition.active) {
    for (const Fact& fact : transition.evidence.facts) {
      if (fact.name == rule.outcome && std::holds_alternative<double>(fact.value))
        one.active->before = std::get<double>(fact.value);
    }
  } else {
    transition.before = one.active->before;
    one.active.reset();
    --active_count_;
  }
  one.stage = static_cast<std::int8_t>(stage);
  on_transition(std::move(transition));
}

void Engine::end(const OnTransition& on_transition) {
  auto& touched = plan_->touched();
  if (active_count_ > 0 && row_.hour != ticked_hour_) {
    ticked_hour_ = row_.hour;
    for (std::uint32_t i = 0; i < cases_.size(); ++i) {
      if (cases_[i].stage >= 0 && cases_[i].row != row_number_) touched.push_back(i);
    }
  }
  // Rules that refer to others look again when one of those changed; `touched` grows as they do, and references go one
  // way only.
  for (std::size_t i = 0; i < touched.size(); ++i) {
    Case& one = cases_[touched[i]];
    const auto before = one.stage;
    judge(one, on_transition);
    one.fresh = 0;
    if (one.stage == before) continue;
    for (const std::uint16_t dependent : rule_of(one).dependents) {
      const auto binding = plan_->find_binding(dependent, plan_->binding(one.binding).component);
      if (binding && *binding < case_of_.size() && case_of_[*binding] != 0) touched.push_back(case_of_[*binding] - 1u);
    }
  }
}

const Engine::Case* Engine::find(std::uint16_t rule, ComponentIndex component) const {
  const auto binding = plan_->find_binding(rule, component);
  if (!binding || *binding >= case_of_.size() || case_of_[*binding] == 0) return nullptr;
  return &cases_[case_of_[*binding] - 1u];
}

Engine::Standing Engine::standing_of(const Case& one) const {
  EvidenceBuilder builder;
  one.trackers[static_cast<std::size_t>(one.stage)]->explain(last_known(one), row_, builder);
  const Binding& binding = plan_->binding(one.binding);
  for (Plot& plot : builder.evidence.plots) plot.component = plan_->component(binding.component);
  return {binding.rule, binding.component, static_cast<std::uint8_t>(one.stage), one.active->first_seen,
          std::move(builder.evidence)};
}

std::vector<Engine::Standing> Engine::active() const {
  std::vector<Standing> standing;
  for (const Case& one : cases_) {
    if (one.stage >= 0) standing.push_back(standing_of(one));
  }
  return standing;
}

std::optional<Engine::Standing> Engine::standing(std::uint16_t rule, ComponentIndex component) const {
  const Case* one = find(rule, component);
  if (one == nullptr || one->stage < 0) return {};
  return standing_of(*one);
}

std::string Engine::missing(const CompiledRule& rule, SlotMask seen) const {
  for (const SlotMask need : rule.needs) {
    if ((need & seen) != 0) continue;
    std::string names;
    for (Slot slot = 0; slot < rule.inputs.size(); ++slot) {
      if ((need >> slot & 1u) == 0) continue;
      const InputSpec& input = rule.inputs[slot];
      std::string name = input.kind == InputKind::series ? std::string(info(input.metric).name) : input.name;
      if (input.kind == InputKind::series && !input.key.empty()) name += " " + input.key;
      if (input.kind == InputKind::events) name = "log events (" + input.name + ")";
      names += (names.empty() ? "" : " or ") + name;
    }
    return "no reading of " + names;
  }
  return {};
}

RuleCoverage Engine::coverage(std::uint16_t index) const {
  const CompiledRule& rule = plan_->rules().rules[index];
  RuleCoverage coverage{false, rule.stages.front().detector->tier(), {}};
  for (const Case& one : cases_) {
    if (plan_->binding(one.binding).rule != index) continue;
    std::string reason = missing(rule, one.seen);
    // What only watches does not count when the rule has more to say.
    const bool has_alarm = rule.stages.back().severity >= Severity::warning;
    const bool all_there = reason.empty();
    for (std::size_t i = 0; all_there && i < rule.stages.size(); ++i) {
      if (has_alarm && rule.stages[i].severity < Severity::warning) continue;
      const std::string lacking = one.trackers[i]->lacking();
      if (lacking.empty()) return {true, rule.stages[i].detector->tier(), {}};
      if (reason.empty()) reason = lacking;
    }
    if (coverage.reason.empty())
      coverage.reason = plan_->component(plan_->binding(one.binding).component) + ": " + reason;
  }
  if (coverage.reason.empty()) coverage.reason = missing(rule, 0);
  return coverage;
}

}  // namespace hale::rules
