#pragma once
#include <optional>
#include <string_view>

#include "rules/detectors/condition.hpp"

/// Parameters that read well but can never do what they say: a limit that the gate lets no reading reach, an end that
/// comes while the beginning still holds. They are refused when a pack is loaded, with the place and what would do.
namespace hale::rules {

class JsonView;
struct RuleScope;

/// What the gate lets through of an input. Nothing where no entry of the gate covers it, or it is computed from others.
struct InputRange {
  double min{}, max{};
};
std::optional<InputRange> range_of(const RuleScope& scope, Slot slot);

/// Reports a fixed limit that no reading can pass, or that every reading passes.
void check_reachable(const JsonView& json, std::string_view key, const RuleScope& scope, const Test& test);
/// Reports a number that lies outside what the gate lets through.
void check_within(const JsonView& json, std::string_view key, const RuleScope& scope, Slot slot, double value);
/// Reports an end (`clear`) that can hold together with its beginning (`when`): the finding would flicker.
void check_clear(const JsonView& json, const RuleScope& scope, const Condition& when, const Condition& clear);

}  // namespace hale::rules
