#include "rules/loader/json_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/text.hpp"
#include "rules/loader/json_place.hpp"

namespace hale::rules {
namespace {

const nlohmann::json kNull;

std::optional<Millis> parse_duration(std::string_view text) {
  if (text.size() < 2) return {};
  const auto number = parse_double(text.substr(0, text.size() - 1));
  if (!number || *number < 0 || *number > 10000) return {};
  switch (text.back()) {
    case 's':
      return static_cast<Millis>(*number * kSecond);
    case 'm':
      return static_cast<Millis>(*number * kMinute);
    case 'h':
      return static_cast<Millis>(*number * kHour);
    case 'd':
      return static_cast<Millis>(*number * kDay);
    default:
      return {};
  }
}

}  // namespace

void LoadErrors::report(const std::string& path, const std::string& what) {
  if (first) return;
  const std::size_t line = line_of_path(text, path);
  first = Error{Errc::invalid_input, fmt::format("{}:{}: {}: {}", file, line, path.empty() ? "top level" : path, what)};
}

std::string JsonView::suggestion(std::string_view given, const std::vector<std::string_view>& known) {
  if (const auto near = nearest(given, known); !near.empty()) return fmt::format("; did you mean \"{}\"?", near);
  return fmt::format("; allowed here: {}", fmt::join(known, ", "));
}

void JsonView::report(std::string_view key, const std::string& what) const {
  errors_->report(path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key), what);
}

void JsonView::allow(std::initializer_list<std::string_view> keys) const {
  if (!value_->is_object()) return report("expected an object");
  for (const auto& [key, member] : value_->items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    if (key.starts_with("$") || key == "comment") continue;
    return report(key, "unknown key" + suggestion(key, std::vector<std::string_view>(keys)));
  }
}

const nlohmann::json* JsonView::find(std::string_view key) const {
  if (!value_->is_object()) return nullptr;
  const auto at = value_->find(key);
  return at == value_->end() ? nullptr : &*at;
}

const nlohmann::json* JsonView::require(std::string_view key) const {
  const auto* found = find(key);
  if (found == nullptr) report(fmt::format("\"{}\" is missing", key));
  return found;
}

bool JsonView::has(std::string_view key) const { return find(key) != nullptr; }

JsonView JsonView::child(std::string_view key) const {
  const auto* found = require(key);
  return JsonView(found != nullptr ? *found : kNull,
                  path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key), *errors_);
}

std::vector<JsonView> JsonView::list(std::string_view key) const {
  std::vector<JsonView> views;
  const auto* found = find(key);
  if (found == nullptr) return views;
  if (!found->is_array()) {
    report(key, "expected a list");
    return views;
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    views.emplace_back(
        (*found)[i], path_.empty() ? fmt::format("{}[{}]", key, i) : fmt::format("{}.{}[{}]", path_, key, i), *errors_);
  }
  return views;
}

std::vector<std::pair<std::string, JsonView>> JsonView::members(std::string_view key) const {
  std::vector<std::pair<std::string, JsonView>> views;
  const auto* found = require(key);
  if (found == nullptr) return views;
  if (!found->is_object()) {
    report(key, "expected an object");
    return views;
  }
  const std::string base = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  for (const auto& [name, member] : found->items())
    views.emplace_back(name, JsonView(member, base + "." + name, *errors_));
  return views;
}

std::string JsonView::text(std::string_view key) const {
  const auto* found = require(key);
  if (found == nullptr) return {};
  if (!found->is_string() || found->get_ref<const std::string&>().empty()) {
    report(key, "expected a text that is not empty");
    return {};
  }
  return found->get<std::string>();
}

std::string JsonView::text_or(std::string_view key, std::string otherwise) const {
  return has(key) ? text(key) : otherwise;
}

double JsonView::number(std::string_view key) const {
  const auto* found = require(key);
  if (found == nullptr) return 0;
  if (!found->is_number()) {
    report(key, "expected a number");
    return 0;
  }
  return found->get<double>();
}

double JsonView::number_or(std::string_view key, double otherwise) const { return has(key) ? number(key) : otherwise; }

int JsonView::whole_or(std::string_view key, int otherwise, int min, int max) const {
  if (!has(key)) return otherwise;
  const double value = number(key);
  if (value != std::floor(value) || value < min || value > max) {
    report(key, fmt::format("expected a whole number from {} to {}", min, max));
    return otherwise;
  }
  return static_cast<int>(value);
}

bool JsonView::flag_or(std::string_view key, bool otherwise) const {
  const auto* found = find(key);
  if (found == nullptr) return otherwise;
  if (!found->is_boolean()) report(key, "expected true or false");
  return found->is_boolean() ? found->get<bool>() : otherwise;
}

Millis JsonView::duration(std::string_view key) const {
  const std::string given = text(key);
  if (!errors_->good()) return 0;
  if (const auto parsed = parse_duration(given)) return *parsed;
  report(key, "expected a length of time such as \"90s\", \"15m\", \"24h\" or \"30d\", not \"" + given + "\"");
  return 0;
}

Millis JsonView::duration_or(std::string_view key, Millis otherwise) const {
  return has(key) ? duration(key) : otherwise;
}

double JsonView::as_number() const {
  if (!value_->is_number()) report("expected a number");
  return value_->is_number() ? value_->get<double>() : 0;
}

std::string JsonView::as_text() const {
  if (!value_->is_string()) report("expected a text");
  return value_->is_string() ? value_->get<std::string>() : std::string();
}

}  // namespace hale::rules
