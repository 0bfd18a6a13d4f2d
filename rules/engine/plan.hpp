#pragma once
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/engine/compiled_rules.hpp"
#include "rules/layout.hpp"
#include "rules/sample.hpp"

namespace hale::rules {

using BindingIndex = std::uint32_t;
using ComponentIndex = std::uint32_t;
/// What components are told to be, where that differs from what their ids and metrics say.
using TypeOverrides = std::map<std::string, ComponentType, std::less<>>;

/// A series or event of the layout, as an input of a rule at a component.
struct Feed {
  BindingIndex binding{};
  Slot slot{};
  Fold fold{};
  bool own{};  ///< of the very component the rule is judged for (or named by it): may start the judging there
};

/// A rule at a component.
struct Binding {
  std::uint16_t rule{};
  ComponentIndex component{};
};

struct SeriesPlan {
  const GateRule* gate{};
  std::int32_t gate_slot{-1};  ///< index of its GateState; -1 = none
  std::int32_t decoded{-1};    ///< an undecoded SMART value: the series of the decoded one
  std::uint16_t attribute{};   ///< then, its attribute id
  ComponentIndex component{};
  std::vector<Feed> feeds;
};

/// What the names of a layout mean to a set of rules: computed once and shared by all devices that are judged with
/// both. Grows with the layout; indices never change.
class Plan {
 public:
  /// The layout's shared plan for these rules and overrides.
  static std::shared_ptr<Plan> of(Layout& layout, const std::shared_ptr<const CompiledRules>& rules,
                                  const TypeOverrides& overrides);

  /// Forgets plans that no device uses any more.
  static void drop_unused(Layout& layout);

  Plan(Layout& layout, std::shared_ptr<const CompiledRules> rules, TypeOverrides overrides);
  /// Takes in what was added to the layout. Cheap when nothing was.
  void extend();

  const SeriesPlan& series(SeriesIndex index) const { return series_[index]; }
  const std::vector<Feed>& event_feeds(EventIndex index) const { return events_[index]; }
  const Binding& binding(BindingIndex index) const { return bindings_[index]; }
  const std::vector<Binding>& bindings() const { return bindings_; }
  const std::string& component(ComponentIndex index) const { return components_[index].id; }
  ComponentType type_of(ComponentIndex index) const { return components_[index].type; }
  ComponentIndex component_index(std::string_view id);
  std::int32_t gate_slots() const { return gate_slots_; }
  /// Makes the binding when there is none yet.
  BindingIndex binding_for(std::uint16_t rule, ComponentIndex component);
  std::optional<BindingIndex> find_binding(std::uint16_t rule, ComponentIndex component) const;
  const TypeOverrides& overrides() const { return overrides_; }
  const CompiledRules& rules() const { return *rules_; }
  std::size_t known_series() const { return series_.size(); }
  std::size_t known_events() const { return events_.size(); }

  /// Room to work in during one row of one device, so that each device needs none of its own.
  std::vector<std::uint32_t>& touched() { return touched_; }
  std::vector<Sample>& accepted() { return accepted_; }

 private:
  struct PlannedComponent {
    std::string id;
    ComponentType type;
    std::vector<SeriesIndex> series;
    std::vector<EventIndex> events;
  };

  void add_series(SeriesIndex index);
  void add_event(EventIndex index);
  void plan_gate(SeriesIndex index);
  void upgrade_type(ComponentIndex component, Metric metric);
  bool binds(const Bind& bind, ComponentIndex component) const;
  void feed_series(SeriesIndex index, std::uint16_t rule, Slot slot);
  void feed_event(EventIndex index, std::uint16_t rule, Slot slot);
  void attach_others(BindingIndex binding);
  bool other_matches(const InputSpec& input, SeriesIndex index) const;
  static bool event_matches(const InputSpec& input, const EventKey& event);

  Layout& layout_;
  std::shared_ptr<const CompiledRules> rules_;
  TypeOverrides overrides_;
  std::vector<SeriesPlan> series_;
  std::vector<std::vector<Feed>> events_;
  std::vector<Binding> bindings_;
  std::vector<PlannedComponent> components_;
  std::unordered_map<std::string, ComponentIndex> component_by_id_;
  std::unordered_map<std::uint64_t, BindingIndex> binding_by_key_;
  std::int32_t gate_slots_{};
  std::vector<std::uint32_t> touched_;
  std::vector<Sample> accepted_;
};

}  // namespace hale::rules
