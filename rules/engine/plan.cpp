#include "rules/engine/plan.hpp"

#include <algorithm>
#include <charconv>

namespace hale::rules {
namespace {

std::optional<ComponentType> implied_type(Metric metric) {
  switch (metric) {
    case Metric::hw_physical_disk_smart:
    case Metric::hw_physical_disk_nvme:
    case Metric::hw_physical_disk_power_on_hours:
      return ComponentType::physical_disk;
    case Metric::hw_fan_speed:
      return ComponentType::fan;
    case Metric::hw_battery_charge:
    case Metric::hw_battery_capacity_full:
    case Metric::hw_battery_capacity_design:
    case Metric::hw_battery_cycles:
      return ComponentType::battery;
    case Metric::system_filesystem_utilization:
    case Metric::system_filesystem_limit:
      return ComponentType::logical_disk;
    case Metric::hw_gpu_utilization:
      return ComponentType::gpu;
    case Metric::hw_temperature:
    case Metric::hw_temperature_limit:
    case Metric::hw_power:
    case Metric::hw_power_limit:
    case Metric::hw_energy:
    case Metric::hw_voltage:
    case Metric::system_cpu_utilization:
    case Metric::system_cpu_frequency:
    case Metric::system_uptime:
    case Metric::system_power_online:
    case Metric::hale_cpu_throttle_count:
    case Metric::hale_cpu_throttle_time:
    case Metric::hw_errors:
      return {};
  }
  return {};
}

std::uint64_t key_of(std::uint16_t rule, ComponentIndex component) { return std::uint64_t{rule} << 32 | component; }

void add_once(std::vector<Feed>& feeds, const Feed& feed) {
  const bool there = std::any_of(feeds.begin(), feeds.end(),
                                 [&](const Feed& old) { return old.binding == feed.binding && old.slot == feed.slot; });
  if (!there) feeds.push_back(feed);
}

}  // namespace

std::shared_ptr<Plan> Plan::of(Layout& layout, const std::shared_ptr<const CompiledRules>& rules,
                               const TypeOverrides& overrides) {
  std::string key = std::to_string(reinterpret_cast<std::uintptr_t>(rules.get()));
  for (const auto& [id, type] : overrides) key.append(1, '\n').append(id).append(1, '=').append(to_string(type));
  auto& slot = layout.all_derived()[key];
  if (!slot) slot = std::make_shared<Plan>(layout, rules, overrides);
  return std::static_pointer_cast<Plan>(slot);
}

void Plan::drop_unused(Layout& layout) {
  std::erase_if(layout.all_derived(), [](const auto& entry) { return entry.second.use_count() == 1; });
}

Plan::Plan(Layout& layout, std::shared_ptr<const CompiledRules> rules, TypeOverrides overrides)
    : layout_(layout), rules_(std::move(rules)), overrides_(std::move(overrides)) {
  extend();
}

void Plan::extend() {
  // Adding a series may add its decoded twin to the layout: look at the size anew each time.
  while (series_.size() < layout_.all_series().size()) add_series(static_cast<SeriesIndex>(series_.size()));
  while (events_.size() < layout_.all_events().size()) add_event(static_cast<EventIndex>(events_.size()));
}

ComponentIndex Plan::component_index(std::string_view id) {
  const auto [at, added] =
      component_by_id_.try_emplace(std::string(id), static_cast<ComponentIndex>(components_.size()));
  if (added) {
    const auto told = overrides_.find(id);
    components_.push_back(
        {std::string(id), told != overrides_.end() ? told->second : guess_component_type(id), {}, {}});
  }
  return at->second;
}

std::optional<BindingIndex> Plan::find_binding(std::uint16_t rule, ComponentIndex component) const {
  const auto found = binding_by_key_.find(key_of(rule, component));
  if (found == binding_by_key_.end()) return {};
  return found->second;
}

bool Plan::binds(const Bind& bind, ComponentIndex component) const {
  if (!bind.component.empty()) return components_[component].id == bind.component;
  return !bind.type || *bind.type == components_[component].type;
}

BindingIndex Plan::binding_for(std::uint16_t rule, ComponentIndex component) {
  const auto [at, added] =
      binding_by_key_.try_emplace(key_of(rule, component), static_cast<BindingIndex>(bindings_.size()));
  if (added) {
    bindings_.push_back({rule, component});
    attach_others(at->second);
  }
  return at->second;
}

bool Plan::other_matches(const InputSpec& input, SeriesIndex index) const {
  const SeriesKey& series = layout_.all_series()[index];
  if (input.kind != InputKind::series || input.scope == Scope::self || input.metric != series.metric ||
      input.key != series.key)
    return false;
  if (input.scope == Scope::component) return input.component == series.component;
  return components_[series_[index].component].type == input.type;
}

bool Plan::event_matches(const InputSpec& input, const EventKey& event) {
  if (input.kind != InputKind::events) return false;
  return std::any_of(input.events.begin(), input.events.end(), [&](const EventName& name) {
    return name.code == event.code && is_same_event_source(name.source, event.source);
  });
}

void Plan::attach_others(BindingIndex binding) {
  const CompiledRule& rule = rules_->rules[bindings_[binding].rule];
  const bool own = !rule.bind.component.empty();
  for (Slot slot = 0; slot < rule.inputs.size(); ++slot) {
    const InputSpec& input = rule.inputs[slot];
    for (SeriesIndex index = 0; index < series_.size(); ++index) {
      if (other_matches(input, index)) add_once(series_[index].feeds, {binding, slot, input.fold, own});
    }
    for (EventIndex index = 0; index < events_.size(); ++index) {
      const EventKey& event = layout_.all_events()[index];
      if (input.scope == Scope::component && event.component == input.component && event_matches(input, event)) {
        add_once(events_[index], {binding, slot, Fold::sum, own});
      }
    }
  }
}

void Plan::feed_series(SeriesIndex index, std::uint16_t rule, Slot slot) {
  const InputSpec& input = rules_->rules[rule].inputs[slot];
  const SeriesKey& series = layout_.all_series()[index];
  const Bind& bind = rules_->rules[rule].bind;
  if (input.scope == Scope::self) {
    if (input.kind != InputKind::series || input.metric != series.metric || input.key != series.key) return;
    const ComponentIndex component = series_[index].component;
    if (binds(bind, component)) add_once(series_[index].feeds, {binding_for(rule, component), slot, input.fold, true});
    return;
  }
  if (!other_matches(input, index)) return;
  if (!bind.component.empty()) binding_for(rule, component_index(bind.component));
  for (BindingIndex binding = 0; binding < bindings_.size(); ++binding) {
    if (bindings_[binding].rule == rule)
      add_once(series_[index].feeds, {binding, slot, input.fold, !bind.component.empty()});
  }
}

void Plan::feed_event(EventIndex index, std::uint16_t rule, Slot slot) {
  const InputSpec& input = rules_->rules[rule].inputs[slot];
  const EventKey event = layout_.all_events()[index];
  if (!event_matches(input, event)) return;
  const Bind& bind = rules_->rules[rule].bind;
  if (input.scope == Scope::self) {
    const ComponentIndex component = component_index(event.component);
    if (binds(bind, component)) add_once(events_[index], {binding_for(rule, component), slot, Fold::sum, true});
    return;
  }
  if (event.component != input.component) return;
  if (!bind.component.empty()) binding_for(rule, component_index(bind.component));
  for (BindingIndex binding = 0; binding < bindings_.size(); ++binding) {
    if (bindings_[binding].rule == rule) add_once(events_[index], {binding, slot, Fold::sum, !bind.component.empty()});
  }
}

void Plan::upgrade_type(ComponentIndex component, Metric metric) {
  PlannedComponent& planned = components_[component];
  const auto implied = implied_type(metric);
  if (!implied || planned.type != ComponentType::other || overrides_.contains(planned.id)) return;
  planned.type = *implied;
  const auto series = planned.series;
  const auto events = planned.events;
  for (std::uint16_t rule = 0; rule < rules_->rules.size(); ++rule) {
    for (Slot slot = 0; slot < rules_->rules[rule].inputs.size(); ++slot) {
      for (const SeriesIndex index : series) feed_series(index, rule, slot);
      for (const EventIndex index : events) feed_event(index, rule, slot);
    }
  }
  for (const SeriesIndex index : series) plan_gate(index);
}

void Plan::plan_gate(SeriesIndex index) {
  const SeriesKey& key = layout_.all_series()[index];
  SeriesPlan& plan = series_[index];
  plan.gate = rules_->gate.find(key.metric, key.key, key.component, components_[plan.component].type);
  if (plan.gate != nullptr && plan.gate->keeps_state() && plan.gate_slot < 0) plan.gate_slot = gate_slots_++;
}

void Plan::add_series(SeriesIndex index) {
  const SeriesKey key = layout_.all_series()[index];
  const ComponentIndex component = component_index(key.component);
  series_.emplace_back();
  series_[index].component = component;
  upgrade_type(component, key.metric);
  components_[component].series.push_back(index);
  plan_gate(index);
  if (key.metric == Metric::hw_physical_disk_smart && key.key.ends_with(".raw48")) {
    const auto id = key.key.substr(0, key.key.size() - 6);
    std::uint16_t attribute = 0;
    if (std::from_chars(id.data(), id.data() + id.size(), attribute).ptr == id.data() + id.size() && attribute > 0 &&
        attribute < 255) {
      series_[index].attribute = attribute;
      series_[index].decoded = static_cast<std::int32_t>(layout_.series(key.metric, key.component, id));
    }
  }
  for (std::uint16_t rule = 0; rule < rules_->rules.size(); ++rule) {
    for (Slot slot = 0; slot < rules_->rules[rule].inputs.size(); ++slot) feed_series(index, rule, slot);
  }
}

void Plan::add_event(EventIndex index) {
  events_.emplace_back();
  components_[component_index(layout_.all_events()[index].component)].events.push_back(index);
  for (std::uint16_t rule = 0; rule < rules_->rules.size(); ++rule) {
    for (Slot slot = 0; slot < rules_->rules[rule].inputs.size(); ++slot) feed_event(index, rule, slot);
  }
}

}  // namespace hale::rules
