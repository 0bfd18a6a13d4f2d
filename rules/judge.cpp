#include "rules/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "platform/parse/smart_decode.hpp"
#include "rules/judge_state.hpp"

namespace hale::rules {
namespace {

constexpr Millis kLeastPatience = 10 * kMinute;
constexpr int kPatientIntervals = 3;

std::int32_t floor_div(Millis value, Millis by) {
  return static_cast<std::int32_t>(value >= 0 ? value / by : (value - by + 1) / by);
}

}  // namespace

Judge::Judge(const RuleSet& rules, Layout& layout, PolicyOptions options, Sink& sink)
    : state_(std::make_unique<State>(rules, layout, std::move(options), sink)) {}
Judge::Judge(Judge&&) noexcept = default;
Judge::~Judge() = default;

Millis Judge::State::utc_offset() const {
  if (!context || !context->utc_offset) return 0;
  return static_cast<Millis>(std::clamp(*context->utc_offset, -24.0, 24.0) * static_cast<double>(kHour));
}

/// A gap is three times longer than rows usually are apart, and at least ten minutes [own]. The usual distance follows
/// quickly downwards and slowly upwards, so that a night's sleep does not make it forget minutes.
Row Judge::State::next_row(Millis time) {
  const Millis apart = last ? time - *last : 0;
  const Millis patience = std::max(kLeastPatience, kPatientIntervals * interval);
  if (!last || apart > patience) awake_since = time;
  if (last) {
    if (interval == 0)
      interval = apart;
    else if (apart < interval)
      interval += (apart - interval) / 4;
    else
      interval += std::min((apart - interval) / 16, interval);
  }
  last = time;
  const Millis local = time + utc_offset();
  return {time, awake_since, patience, floor_div(local, kDay), floor_div(local, kHour), marks};
}

void Judge::State::refuse_sample(SeriesIndex series, Refusal refusal, double value) {
  if (!refused) refused = std::make_unique<std::map<RefusedKey, Refused>>();
  Refused& entry = (*refused)[{name_of(layout->all_series()[series]), refusal}];
  ++entry.count;
  entry.last = value;
}

const Judge::State::Described* Judge::State::described_as(ComponentIndex component) const {
  const auto found = std::find_if(described.begin(), described.end(),
                                  [component](const Described& one) { return one.component == component; });
  return found == described.end() ? nullptr : &*found;
}

std::string_view Judge::State::fact_of(ComponentIndex component, ComponentFact fact) const {
  const Described* known = described_as(component);
  if (known == nullptr) return {};
  switch (fact) {
    case ComponentFact::model:
      return known->model;
    case ComponentFact::bus:
      return known->bus;
  }
  return {};
}

std::optional<double> Judge::State::decode(const SeriesPlan& series, double raw48) const {
  if (!(raw48 >= 0) || raw48 >= 0x1p48) return {};
  const Described* disk = described_as(series.component);
  return decode_smart_raw(disk != nullptr ? disk->model : std::string_view(), series.attribute,
                          static_cast<std::uint64_t>(raw48));
}

void Judge::State::accept(const Sample& sample, Millis time, std::span<const Sample> row) {
  const SeriesPlan* series = &plan->series(sample.series);
  Sample taken = sample;
  if (series->decoded >= 0) {
    const auto target = static_cast<SeriesIndex>(series->decoded);
    // The vendor-decoded value wins where a row has both.
    if (std::any_of(row.begin(), row.end(), [target](const Sample& other) { return other.series == target; })) return;
    const auto decoded = decode(*series, sample.value);
    if (!decoded) return refuse_sample(sample.series, Refusal::unit, sample.value);
    taken = {target, *decoded};
    series = &plan->series(target);
  }
  if (series->gate != nullptr) {
    GateState* memory = nullptr;
    if (series->gate_slot >= 0) {
      const auto slot = static_cast<std::size_t>(series->gate_slot);
      if (gate.size() <= slot) gate.resize(slot + 1);
      memory = &gate[slot];
    }
    if (const auto refusal = refuse(*series->gate, memory, taken.value, time))
      return refuse_sample(taken.series, *refusal, taken.value);
  } else if (!std::isfinite(taken.value)) {
    return refuse_sample(taken.series, Refusal::range, taken.value);
  }
  plan->accepted().push_back(taken);
  engine.feed(series->feeds, taken.value);
}

void Judge::step(Timestamp time, std::span<const Sample> samples, std::span<const EventSample> events) {
  State& s = *state_;
  const Millis now = to_unix_ms(time);
  s.plan->accepted().clear();
  if (s.last && now <= *s.last) {
    ++s.dropped;
    return;
  }
  s.plan->extend();
  if (s.options.assume_present) s.flush_due_before(now);
  s.engine.begin(s.next_row(now));
  for (const Sample& sample : samples) s.accept(sample, now, samples);
  for (const EventSample& event : events) s.engine.count(s.plan->event_feeds(event.event), event.count);
  s.engine.end([&s, now](Transition&& transition) { s.on_transition(std::move(transition), now); });
  s.flush(now);
}

std::span<const Sample> Judge::accepted() const { return state_->plan->accepted(); }

void Judge::State::change_plan(TypeOverrides overrides) {
  auto next = Plan::of(*layout, rule_set.shared(), overrides);
  next->extend();
  std::vector<GateState> moved(static_cast<std::size_t>(next->gate_slots()));
  for (SeriesIndex i = 0; i < plan->known_series(); ++i) {
    const auto from = plan->series(i).gate_slot;
    const auto to = next->series(i).gate_slot;
    if (from >= 0 && to >= 0 && static_cast<std::size_t>(from) < gate.size())
      moved[static_cast<std::size_t>(to)] = gate[static_cast<std::size_t>(from)];
  }
  for (Described& one : described) one.component = next->component_index(plan->component(one.component));
  gate = std::move(moved);
  engine.move_to(next);
  plan = std::move(next);
  Plan::drop_unused(*layout);
}

void Judge::describe(const Component& component) {
  State& s = *state_;
  const ComponentIndex index = s.plan->component_index(component.id);
  const bool names =
      !component.name.empty() || !component.vendor.empty() || !component.model.empty() || !component.bus.empty();
  if (names) {
    auto known = std::find_if(s.described.begin(), s.described.end(),
                              [index](const State::Described& one) { return one.component == index; });
    if (known == s.described.end()) {
      s.described.push_back({index, {}, {}, {}, {}});
      known = s.described.end() - 1;
    }
    if (!component.name.empty()) known->name = component.name;
    if (!component.vendor.empty()) known->vendor = component.vendor;
    if (!component.model.empty()) known->model = component.model;
    if (!component.bus.empty()) known->bus = component.bus;
  }
  if (component.type == ComponentType::other || component.type == s.plan->type_of(index)) return;
  TypeOverrides overrides = s.plan->overrides();
  overrides[component.id] = component.type;
  s.change_plan(std::move(overrides));
}

void Judge::set_context(const Context& context) {
  state_->context = std::make_unique<Context>(context);
  state_->marks = marks_of(context);
}
void Judge::set_options(const PolicyOptions& options) { state_->options = options; }
void Judge::set_watched_sources(std::vector<std::string> sources) { state_->watched = std::move(sources); }
std::uint64_t Judge::dropped_rows() const { return state_->dropped; }

std::vector<Finding> Judge::active() const {
  const State& s = *state_;
  std::vector<Finding> findings;
  for (const auto& standing : s.engine.active())
    findings.push_back(s.make_finding(standing, FindingState::active, s.last.value_or(0)));
  return findings;
}

std::vector<Coverage> Judge::coverage() const {
  const State& s = *state_;
  const auto& rules = s.rule_set.compiled().rules;
  const auto watched = [&s](const EventName& event) {
    return std::find(s.watched.begin(), s.watched.end(), event.source) != s.watched.end();
  };
  std::vector<Coverage> all;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].is_model) continue;
    RuleCoverage one = s.engine.coverage(static_cast<std::uint16_t>(i));
    const auto& inputs = rules[i].inputs;
    const bool only_events = !inputs.empty() && std::all_of(inputs.begin(), inputs.end(), [](const InputSpec& input) {
      return input.kind == InputKind::events;
    });
    if (!one.ok && only_events && std::any_of(inputs[0].events.begin(), inputs[0].events.end(), watched))
      one = {true, one.tier, {}};
    all.push_back(
        {rules[i].id, one.ok ? "ok" : "insufficient", one.ok ? std::string(one.tier) : std::string(), one.reason});
  }
  return all;
}

std::vector<Rejection> Judge::rejections() const {
  std::vector<Rejection> all;
  if (!state_->refused) return all;
  for (const auto& [key, refused] : *state_->refused)
    all.push_back({key.first, std::string(to_string(key.second)), refused.count, refused.last});
  return all;
}

std::size_t Judge::state_bytes() const {
  const State& s = *state_;
  std::size_t sum = sizeof(State) - sizeof(Engine) + s.engine.bytes() + s.gate.capacity() * sizeof(GateState);
  sum += s.described.capacity() * sizeof(State::Described);
  if (s.refused) sum += s.refused->size() * (sizeof(State::RefusedKey) + sizeof(State::Refused) + 64);
  if (s.notifier) sum += s.notifier->bytes();
  if (s.context) sum += sizeof(Context);
  return sum;
}

}  // namespace hale::rules
