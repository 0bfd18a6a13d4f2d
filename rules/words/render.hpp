#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.hpp"
#include "rules/engine/compiled_rules.hpp"

namespace hale::rules {

/// The names in a text's {placeholders}; "{name:number}" gives "name". A '{' that is never closed gives "{".
std::vector<std::string> placeholders(std::string_view text);

/// A text without its [[parts that are said only when their numbers are there]].
std::string without_optional_parts(std::string_view text);

/// A text with the finding's own numbers: {fact} with its unit as people of that language write it, {fact:number}
/// without; {name} is the component's name, {projected} the day a trend reaches its limit. A fact that is absent (an
/// older agent's finding) reads "?"; within [[double brackets]] the whole part is left out then.
std::string render(std::string_view text, const Finding& finding, std::string_view lang, const CommonTexts& common);

/// A fact's value with its unit; a text as it is.
std::string format_fact(const Fact& fact, const CommonTexts& common);
/// What a fact or metric is called: by "rule/key" where the rule has its own name for it, else by the key. Null when
/// unknown.
const std::string* find_name(const Language& language, std::string_view rule, std::string_view key);
/// "97 °C", "1.2 h", "35 %": at most one decimal, none from 10 up.
std::string format_quantity(double value, std::string_view unit, const CommonTexts& common);
/// "12 March 2027", "2027年3月12日".
std::string format_date(Timestamp time, std::string_view lang);

}  // namespace hale::rules
