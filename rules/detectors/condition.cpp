#include "rules/detectors/condition.hpp"

#include "rules/detectors/registry.hpp"
#include "rules/detectors/sanity.hpp"
#include "rules/loader/json_view.hpp"

namespace hale::rules {
namespace {

struct Word {
  const char* key;
  Compare compare;
};
constexpr Word kWords[] = {{"above", Compare::above},   {"at_least", Compare::at_least},
                           {"below", Compare::below},   {"at_most", Compare::at_most},
                           {"equals", Compare::equals}, {"any_bits", Compare::any_bits}};

bool compare(double value, Compare how, double limit) {
  switch (how) {
    case Compare::above:
      return value > limit;
    case Compare::at_least:
      return value >= limit;
    case Compare::below:
      return value < limit;
    case Compare::at_most:
      return value <= limit;
    case Compare::equals:
      return value == limit;
    case Compare::any_bits:
      return value >= 0 && value < 0x1p53 &&
             (static_cast<std::uint64_t>(value) & static_cast<std::uint64_t>(limit)) != 0;
  }
  return false;
}

Test parse_test(const JsonView& json, const RuleScope& scope) {
  json.allow({"input", "above", "at_least", "below", "at_most", "equals", "any_bits"});
  Test test;
  test.slot = scope.slot(json, "input");
  int comparisons = 0;
  for (const Word& word : kWords) {
    if (!json.has(word.key)) continue;
    ++comparisons;
    test.compare = word.compare;
    const JsonView right = json.child(word.key);
    if (right.is_number()) {
      test.value = right.as_number();
      if (json.errors().good()) check_reachable(json, word.key, scope, test);
      continue;
    }
    right.allow({"input", "times", "plus"});
    test.other = scope.slot(right, "input");
    test.times = right.number_or("times", 1);
    test.plus = right.number_or("plus", 0);
  }
  if (comparisons != 1)
    json.report("expected exactly one comparison: above, at_least, below, at_most, equals or any_bits");
  if (test.compare == Compare::any_bits && (test.other || test.value < 1))
    json.report("any_bits takes a mask of at least 1");
  return test;
}

}  // namespace

std::optional<bool> Test::holds(const Inputs& inputs) const {
  if (!inputs.has(slot) || (other && !inputs.has(*other))) return {};
  return rules::compare(inputs.values[slot], compare, limit(inputs));
}

Condition Condition::parse(const JsonView& json, const RuleScope& scope) {
  Condition condition;
  if (!json.has("all") && !json.has("any")) {
    condition.tests_.push_back(parse_test(json, scope));
    return condition;
  }
  json.allow({"all", "any"});
  condition.any_ = json.has("any");
  if (json.has("all") && condition.any_) json.report("expected either all or any");
  for (const JsonView& item : json.list(condition.any_ ? "any" : "all")) {
    if (item.has("all") || item.has("any")) {
      condition.groups_.push_back(parse(item, scope));
    } else {
      condition.tests_.push_back(parse_test(item, scope));
    }
  }
  if (condition.tests_.empty()) json.report("needs at least one comparison of its own");
  return condition;
}

std::optional<bool> Condition::holds(const Inputs& inputs) const {
  bool unknown = false;
  bool known = false;
  const auto decides = [&](std::optional<bool> part) {
    unknown |= !part;
    known |= part.has_value();
    return part && *part == any_;
  };
  for (const Test& test : tests_) {
    if (decides(test.holds(inputs))) return any_;
  }
  for (const Condition& group : groups_) {
    if (decides(group.holds(inputs))) return any_;
  }
  if (any_ ? !known : unknown) return {};
  return !any_;
}

SlotMask Condition::uses() const {
  SlotMask mask = 0;
  for (const Test& test : tests_) {
    mask |= 1u << test.slot;
    if (test.other) mask |= 1u << *test.other;
  }
  for (const Condition& group : groups_) mask |= group.uses();
  return mask;
}

std::vector<const Test*> Condition::every_test() const {
  std::vector<const Test*> all;
  for (const Test& test : tests_) all.push_back(&test);
  for (const Condition& group : groups_) {
    for (const Test* test : group.every_test()) all.push_back(test);
  }
  return all;
}

const Test& Condition::main() const { return tests_.front(); }

}  // namespace hale::rules
