#include "rules/engine/engine.hpp"

/// The engine's state as bytes, by the names of rules and components, so that it survives another order of either.
namespace hale::rules {

void Engine::save_case(const Case& one, StateWriter& writer) const {
  const CompiledRule& rule = rule_of(one);
  writer.text(rule.id);
  writer.number(rule.version);
  writer.text(plan_->component(plan_->binding(one.binding).component));
  StateWriter inner;
  inner.number(one.seen);
  inner.number(one.stage);
  for (std::size_t i = 0; i < rule.inputs.size(); ++i) {
    inner.number(one.values[i]);
    if (one.times) inner.number(one.times[i]);
  }
  for (std::size_t i = 0; i < rule.stages.size(); ++i) one.trackers[i]->save(inner);
  if (one.stage >= 0) {
    inner.number(one.active->first_seen);
    inner.number(one.active->before.has_value());
    inner.number(one.active->before.value_or(0));
  }
  writer.text(inner.take());
}

void Engine::save(StateWriter& writer) const {
  writer.number(row_.time);
  writer.number(row_.awake_since);
  writer.number(ticked_hour_);
  writer.number(static_cast<std::uint32_t>(cases_.size()));
  for (const Case& one : cases_) save_case(one, writer);
}

void Engine::restore_case(StateReader& reader) {
  const std::string id(reader.text());
  const auto version = reader.number<std::uint32_t>();
  const std::string component(reader.text());
  StateReader inner(reader.text());
  const auto index = plan_->rules().index_of(id);
  if (!reader.good() || !index || plan_->rules().rules[*index].version != version) return;
  const BindingIndex binding = plan_->binding_for(*index, plan_->component_index(component));
  Case& one = make_case(binding);
  const CompiledRule& rule = rule_of(one);
  inner.number(one.seen);
  inner.number(one.stage);
  for (std::size_t i = 0; i < rule.inputs.size(); ++i) {
    inner.number(one.values[i]);
    if (one.times) inner.number(one.times[i]);
  }
  for (std::size_t i = 0; i < rule.stages.size(); ++i) one.trackers[i]->restore(inner);
  if (one.stage >= static_cast<int>(rule.stages.size())) inner.lose();
  if (one.stage >= 0 && inner.good()) {
    one.active = std::make_unique<Active>();
    inner.number(one.active->first_seen);
    const bool has_before = inner.number<bool>();
    const double before = inner.number<double>();
    if (has_before) one.active->before = before;
    ++active_count_;
  }
  if (!inner.good() || !inner.at_end()) reader.lose();
}

void Engine::restore(StateReader& reader) {
  reader.number(row_.time);
  reader.number(row_.awake_since);
  reader.number(ticked_hour_);
  const std::uint32_t count = reader.count(16);
  for (std::uint32_t i = 0; i < count && reader.good(); ++i) restore_case(reader);
}

void Engine::move_to(std::shared_ptr<Plan> plan) {
  if (cases_.empty()) {
    plan_ = std::move(plan);
    case_of_.clear();
    return;
  }
  StateWriter writer;
  save(writer);
  const Row row = row_;
  const std::uint32_t row_number = row_number_;
  *this = Engine(std::move(plan));
  const std::string bytes = writer.take();
  StateReader reader(bytes);
  restore(reader);
  row_ = row;
  row_number_ = row_number;
}

std::size_t Engine::bytes() const {
  std::size_t sum = sizeof(*this) + cases_.capacity() * sizeof(Case) + case_of_.capacity() * sizeof(case_of_[0]);
  for (const Case& one : cases_) {
    const CompiledRule& rule = rule_of(one);
    sum +=
        rule.inputs.size() * (sizeof(double) + (one.times ? sizeof(Millis) : 0)) + rule.stages.size() * sizeof(void*);
    for (std::size_t i = 0; i < rule.stages.size(); ++i) sum += one.trackers[i]->bytes();
    sum += one.active ? sizeof(Active) : 0;
  }
  return sum;
}

}  // namespace hale::rules
