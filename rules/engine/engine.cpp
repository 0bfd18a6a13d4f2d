#include "rules/engine/engine.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hale::rules {

class Engine::Others final : public OtherRules {
 public:
  Others(const Engine& engine, ComponentIndex component) : engine_(engine), component_(component) {}
  bool is_active(std::uint16_t rule) const override {
    const Case* one = engine_.find(rule, component_);
    return one != nullptr && one->stage >= 0;
  }
  const Model* model(std::uint16_t rule) const override {
    const Case* one = engine_.find(rule, component_);
    // A rule marked as a model holds nothing else: the loader sees to it.
    return one != nullptr ? static_cast<const Model*>(one->trackers[0].get()) : nullptr;
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
      case InputKind::earlier:
        made = derive_earlier(one, slot, input, inputs);
        break;
      case InputKind::series:
      case InputKind::events:
      case InputKind::fact:
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

/// What was before is told when something happens: right after a restart, say, what the PC did when it went off.
bool Engine::derive_earlier(Case& one, Slot slot, const InputSpec& input, const Inputs& inputs) const {
  double& mean = one.values[slot + 1u];
  double& at = one.values[slot + 2u];  // of the last row that gave a reading; 0 = none yet
  const double now = static_cast<double>(row_.time);
  if (at == now) return false;  // this row was seen already
  const double ago = now - at;
  const bool known = at != 0 && (input.at_most_ago == 0 || ago <= static_cast<double>(input.at_most_ago));
  if (known)
    one.values[slot] = mean;
  else
    one.seen &= ~(1u << slot);
  if (inputs.is_fresh(input.first)) {
    const double weight = at == 0 || input.over == 0 ? 1 : 1 - std::exp(-ago / static_cast<double>(input.over));
    mean += weight * (one.values[input.first] - mean);
    at = now;
  }
  return known;
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

void Engine::read_facts(Case& one, const CompiledRule& rule) const {
  for (Slot slot = 0; facts_ != nullptr && slot < rule.inputs.size(); ++slot) {
    if ((rule.facts >> slot & 1u) == 0) continue;
    const InputSpec& input = rule.inputs[slot];
    const std::string_view told = facts_->fact_of(plan_->binding(one.binding).component, input.fact);
    if (told.empty()) continue;
    const bool fits = std::any_of(input.begins.begin(), input.begins.end(), [told](const std::string& begin) {
      const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
      return told.size() >= begin.size() &&
             std::equal(begin.begin(), begin.end(), told.begin(), [&](char a, char b) { return a == small(b); });
    });
    one.values[slot] = fits ? 1 : 0;
    one.seen |= 1u << slot;
  }
}

bool Engine::judge(Case& one, const OnTransition& on_transition) {
  const CompiledRule& rule = rule_of(one);
  if (rule.facts != 0) read_facts(one, rule);
  if (!rule.derived.empty()) derive(one, rule);
  const Inputs inputs = inputs_of(one, rule);
  const Others others(*this, plan_->binding(one.binding).component);
  if (rule.is_model) return one.trackers[0]->observe(inputs, row_, others);
  int top = -1;
  for (std::size_t i = 0; i < rule.stages.size(); ++i) {
    if (one.trackers[i]->observe(inputs, row_, others)) top = static_cast<int>(i);
  }
  if (top == one.stage) return false;
  report(one, top, on_transition);
  return true;
}

double Engine::confidence_of(const Case& one, std::size_t stage) const {
  const Others others(*this, plan_->binding(one.binding).component);
  return one.trackers[stage]->confidence(others).value_or(rule_of(one).stages[stage].confidence);
}

Evidence Engine::evidence_of(const Case& one, std::size_t stage) const {
  const ComponentIndex component = plan_->binding(one.binding).component;
  EvidenceBuilder builder;
  one.trackers[stage]->explain(last_known(one), row_, Others(*this, component), builder);
  for (Plot& plot : builder.evidence.plots) {
    if (plot.component.empty()) plot.component = plan_->component(component);
  }
  return std::move(builder.evidence);
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
  transition.confidence = confidence_of(one, static_cast<std::size_t>(speaker));
  transition.evidence = evidence_of(one, static_cast<std::size_t>(speaker));
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

void Engine::touch_dependents(const Case& one) {
  const bool is_model = rule_of(one).is_model;
  const ComponentIndex component = plan_->binding(one.binding).component;
  // Cases may be made here, which moves them: `one` is not used after the first.
  for (const std::uint16_t dependent : rule_of(one).dependents) {
    // A rule with inputs of its own is judged from its own first reading on.
    const bool only_asks = is_model && plan_->rules().rules[dependent].inputs.empty();
    if (only_asks && cases_.size() < UINT16_MAX) make_case(plan_->binding_for(dependent, component));
    const auto binding = plan_->find_binding(dependent, component);
    if (binding && *binding < case_of_.size() && case_of_[*binding] != 0)
      plan_->touched().push_back(case_of_[*binding] - 1u);
  }
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
    const std::uint32_t index = touched[i];
    const bool changed = judge(cases_[index], on_transition);
    cases_[index].fresh = 0;
    if (changed) touch_dependents(cases_[index]);
  }
}

const Engine::Case* Engine::find(std::uint16_t rule, ComponentIndex component) const {
  const auto binding = plan_->find_binding(rule, component);
  if (!binding || *binding >= case_of_.size() || case_of_[*binding] == 0) return nullptr;
  return &cases_[case_of_[*binding] - 1u];
}

Engine::Standing Engine::standing_of(const Case& one) const {
  const auto stage = static_cast<std::size_t>(one.stage);
  const Binding& binding = plan_->binding(one.binding);
  return {binding.rule,           binding.component,         static_cast<std::uint8_t>(one.stage),
          one.active->first_seen, confidence_of(one, stage), evidence_of(one, stage)};
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

RuleCoverage Engine::coverage_by_model(std::uint16_t model, Model::Question question) const {
  RuleCoverage best{false, {}, missing(plan_->rules().rules[model], 0)};
  for (const Case& one : cases_) {
    if (plan_->binding(one.binding).rule != model) continue;
    const std::string reason = missing(plan_->rules().rules[model], one.seen);
    if (!reason.empty()) continue;
    const Model::Judged judged = static_cast<const Model&>(*one.trackers[0]).judged(question);
    if (judged.ok || best.reason.empty() || best.tier.empty()) best = {judged.ok, judged.tier, judged.reason};
    if (best.ok) break;
  }
  return best;
}

RuleCoverage Engine::coverage(std::uint16_t index) const {
  const CompiledRule& rule = plan_->rules().rules[index];
  if (const auto asked = rule.stages.back().detector->asks()) return coverage_by_model(asked->model, asked->question);
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
