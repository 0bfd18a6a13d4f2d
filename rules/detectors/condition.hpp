#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "rules/engine/detector.hpp"

namespace hale::rules {

class JsonView;
struct RuleScope;

enum class Compare : std::uint8_t { above, at_least, below, at_most, equals, any_bits };

/// One input against a number, or against another input times and plus a number.
struct Test {
  Slot slot{};
  Compare compare{};
  double value{};
  std::optional<Slot> other;
  double times{1};
  double plus{};

  double limit(const Inputs& inputs) const { return other ? inputs.values[*other] * times + plus : value; }
  /// Nothing when an input is missing.
  std::optional<bool> holds(const Inputs& inputs) const;
};

/// Tests joined by all or any, nested.
/// Missing inputs: `all` is false as soon as one test is, and unknown when the others leave it open; `any` goes by the
/// tests that can be made.
class Condition {
 public:
  /// {"input":"x","above":90} or {"all":[…]} or {"any":[…]}.
  static Condition parse(const JsonView& json, const RuleScope& scope);

  std::optional<bool> holds(const Inputs& inputs) const;
  SlotMask uses() const;
  /// The first test of all: its input is the one a plot shows, its number the limit in texts.
  const Test& main() const;
  std::vector<const Test*> every_test() const;

 private:
  bool any_{};
  std::vector<Test> tests_;
  std::vector<Condition> groups_;
};

}  // namespace hale::rules
