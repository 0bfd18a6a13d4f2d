#include "rules/words/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace hale::rules {
namespace {

std::string plain(double value) {
  const double size = std::abs(value);
  if (size >= 10 || std::abs(value - std::round(value)) < 0.05) return fmt::format("{:.0f}", std::round(value) + 0.0);
  return fmt::format("{:.1f}", value);
}

std::string common_text(const CommonTexts& common, std::string_view key, std::string_view otherwise) {
  const auto found = common.find(key);
  return found != common.end() ? found->second : std::string(otherwise);
}

/// "unit.min.one" for exactly 1 where the language has it, else "unit.min": a text with {} for the number.
std::string with_unit(double value, std::string_view unit, const CommonTexts& common) {
  const std::string number = plain(value);
  if (number == "1") {
    if (const auto one = common.find(fmt::format("unit.{}.one", unit)); one != common.end()) return one->second;
  }
  // A unit without words of its own is written as it is: "1.2 V"; a count of things ("{cycle}") without.
  const std::string plain_unit = unit.empty() || unit.starts_with('{') ? "{}" : fmt::format("{{}} {}", unit);
  const std::string pattern = common_text(common, fmt::format("unit.{}", unit), plain_unit);
  const auto at = pattern.find("{}");
  return at == std::string::npos ? number : pattern.substr(0, at) + number + pattern.substr(at + 2);
}

std::string format_minutes(double minutes, const CommonTexts& common) {
  if (minutes < 90) return with_unit(minutes, "min", common);
  if (minutes < 36 * 60) return with_unit(minutes / 60, "h", common);
  return with_unit(minutes / 1440, "d", common);
}

std::string value_of(std::string_view name, const Finding& finding, std::string_view lang, const CommonTexts& common,
                     bool bare) {
  if (name == "projected") {
    return finding.evidence.projected ? format_date(*finding.evidence.projected, lang) : std::string("?");
  }
  if (name == "component") return finding.component;
  for (const Fact& fact : finding.evidence.facts) {
    if (fact.name != name) continue;
    if (const auto* text = std::get_if<std::string>(&fact.value)) return *text;
    const double value = std::get<double>(fact.value);
    return bare ? plain(value) : format_quantity(value, fact.unit, common);
  }
  return name == "name" ? finding.component : "?";
}

template <typename Visit>
void for_each_part(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const auto open = text.find("[[");
    const auto close = open == std::string_view::npos ? open : text.find("]]", open);
    if (close == std::string_view::npos) return visit(text, false);
    visit(text.substr(0, open), false);
    visit(text.substr(open + 2, close - open - 2), true);
    text.remove_prefix(close + 2);
  }
}

bool knows_all(std::string_view text, const Finding& finding) {
  const auto names = placeholders(text);
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    if (name == "projected") return finding.evidence.projected.has_value();
    if (name == "component" || name == "name") return true;
    const auto& facts = finding.evidence.facts;
    return std::any_of(facts.begin(), facts.end(), [&](const Fact& fact) { return fact.name == name; });
  });
}

std::string fill_in(std::string_view text, const Finding& finding, std::string_view lang, const CommonTexts& common) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{');
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, open));
    auto name = text.substr(open + 1, close - open - 1);
    const bool bare = name.ends_with(":number");
    if (bare) name.remove_suffix(7);
    out.append(value_of(name, finding, lang, common, bare));
    text.remove_prefix(close + 1);
  }
  return out;
}

}  // namespace

std::vector<std::string> placeholders(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const auto end = text.find('}', at);
    if (end == std::string_view::npos) {
      names.emplace_back("{");
      break;
    }
    const auto inside = text.substr(at + 1, end - at - 1);
    names.emplace_back(inside.ends_with(":number") ? inside.substr(0, inside.size() - 7) : inside);
  }
  return names;
}

std::string format_fact(const Fact& fact, const CommonTexts& common) {
  if (const auto* text = std::get_if<std::string>(&fact.value)) return *text;
  return format_quantity(std::get<double>(fact.value), fact.unit, common);
}

const std::string* find_name(const Language& language, std::string_view rule, std::string_view key) {
  auto found = language.names.find(fmt::format("{}/{}", rule, key));
  if (found == language.names.end()) found = language.names.find(key);
  return found == language.names.end() ? nullptr : &found->second;
}

std::string format_quantity(double value, std::string_view unit, const CommonTexts& common) {
  if (unit == "1") return with_unit(value * 100, "%", common);
  if (unit == "ms") return format_minutes(value / 60000, common);
  if (unit == "s") return format_minutes(value / 60, common);
  if (unit == "min") return format_minutes(value, common);
  if (unit == "h") return format_minutes(value * 60, common);
  if (unit.empty()) return plain(value);
  return with_unit(value, unit, common);
}

std::string format_date(Timestamp time, std::string_view lang) {
  static constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                            "May",       "June",     "July",     "August",
                                                            "September", "October",  "November", "December"};
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month());
  const unsigned day = static_cast<unsigned>(date.day());
  if (lang == "zh-CN") return fmt::format("{}年{}月{}日", year, month, day);
  return fmt::format("{} {} {}", day, kMonths[month - 1], year);
}

std::string without_optional_parts(std::string_view text) {
  std::string out;
  for_each_part(text, [&](std::string_view part, bool optional) {
    if (!optional) out.append(part);
  });
  return out;
}

std::string render(std::string_view text, const Finding& finding, std::string_view lang, const CommonTexts& common) {
  std::string out;
  for_each_part(text, [&](std::string_view part, bool optional) {
    if (!optional || knows_all(part, finding)) out += fill_in(part, finding, lang, common);
  });
  return out;
}

}  // namespace hale::rules
