#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rules/engine/compiled_rules.hpp"
#include "rules/engine/plan.hpp"

namespace hale::rules {

/// What the engine concluded, for whoever makes findings and messages of it.
struct Transition {
  std::uint16_t rule{};
  ComponentIndex component{};
  std::uint8_t stage{};  ///< the one that speaks; of a resolved finding, the one that spoke last
  bool active{};
  bool first{};  ///< newly active, not a change of severity
  Millis first_seen{};
  double confidence{};
  Evidence evidence;
  std::optional<double> before;  ///< the outcome's fact when the finding was raised (only when resolved)
};

/// What was or was not seen of what a rule needs.
struct RuleCoverage {
  bool ok{};
  std::string_view tier;
  std::string reason;
};

/// Tells what a component is; empty when it was not told.
class FactSource {
 public:
  virtual ~FactSource() = default;
  virtual std::string_view fact_of(ComponentIndex component, ComponentFact fact) const = 0;
};

/// Runs the rules of one device. Rows go in as begin(), feed() and count() for what was read, end(). State is small and
/// made on first use.
class Engine {
 public:
  using OnTransition = std::function<void(Transition&&)>;

  explicit Engine(std::shared_ptr<Plan> plan) : plan_(std::move(plan)) {}
  /// Without, no fact is known. Must outlive the engine.
  void set_facts(const FactSource& facts) { facts_ = &facts; }

  void begin(const Row& row);
  void feed(const std::vector<Feed>& feeds, double value);
  /// Events; 0 of them says that the log was watched and had none.
  void count(const std::vector<Feed>& feeds, std::uint32_t events);
  void end(const OnTransition& on_transition);

  struct Standing {
    std::uint16_t rule{};
    ComponentIndex component{};
    std::uint8_t stage{};
    Millis first_seen{};
    double confidence{};
    Evidence evidence;
  };
  std::vector<Standing> active() const;
  std::optional<Standing> standing(std::uint16_t rule, ComponentIndex component) const;
  RuleCoverage coverage(std::uint16_t rule) const;

  void save(StateWriter& writer) const;
  /// Cases of rules that are gone or have another version are left out.
  void restore(StateReader& reader);
  /// Goes on with another plan of the same rules (a component turned out to be of another type).
  void move_to(std::shared_ptr<Plan> plan);
  std::size_t bytes() const;

 private:
  struct Active {
    Millis first_seen{};
    std::optional<double> before;
  };
  /// A rule at a component.
  struct Case {
    BindingIndex binding{};
    std::uint32_t row{};
    SlotMask fresh{};
    SlotMask seen{};
    std::int8_t stage{-1};  ///< the highest that is active
    std::unique_ptr<double[]> values;
    std::unique_ptr<Millis[]> times;
    std::unique_ptr<std::unique_ptr<Tracker>[]> trackers;
    std::unique_ptr<Active> active;
  };
  class Others;

  const CompiledRule& rule_of(const Case& one) const { return plan_->rules().rules[plan_->binding(one.binding).rule]; }
  Case* touch(const Feed& feed);
  Case& make_case(BindingIndex binding);
  const Case* find(std::uint16_t rule, ComponentIndex component) const;
  Inputs inputs_of(const Case& one, const CompiledRule& rule) const;
  Standing standing_of(const Case& one) const;
  static Inputs last_known(const Case& one);
  void derive(Case& one, const CompiledRule& rule) const;
  void read_facts(Case& one, const CompiledRule& rule) const;
  static bool derive_pair(Case& one, Slot slot, const InputSpec& input, const Inputs& inputs);
  static bool derive_peak(Case& one, Slot slot, const InputSpec& input, const Inputs& inputs);
  bool derive_earlier(Case& one, Slot slot, const InputSpec& input, const Inputs& inputs) const;
  bool derive_past_peak(Case& one, Slot slot, const InputSpec& input, const Inputs& inputs) const;
  /// Returns whether rules that refer to this one should look again.
  bool judge(Case& one, const OnTransition& on_transition);
  void touch_dependents(const Case& one);
  double confidence_of(const Case& one, std::size_t stage) const;
  Evidence evidence_of(const Case& one, std::size_t stage) const;
  RuleCoverage coverage_by_model(std::uint16_t model, Model::Question question) const;
  void report(Case& one, int stage, const OnTransition& on_transition);
  void save_case(const Case& one, StateWriter& writer) const;
  void restore_case(StateReader& reader);
  std::string missing(const CompiledRule& rule, SlotMask seen) const;

  std::shared_ptr<Plan> plan_;
  const FactSource* facts_{};
  std::vector<Case> cases_;
  std::vector<std::uint16_t> case_of_;  ///< by binding, from 1; 0 = none yet
  std::uint32_t active_count_{};
  std::uint32_t row_number_{};
  std::int32_t ticked_hour_{};
  Row row_;
};

}  // namespace hale::rules
