#include "rules/layout.hpp"

#include <algorithm>

namespace hale::rules {
namespace {

// Names cannot contain a line feed: it separates the parts of a key.
std::string joined(std::string_view a, std::string_view b, std::string_view c) {
  std::string name;
  name.reserve(a.size() + b.size() + c.size() + 2);
  name.append(a).append(1, '\n').append(b).append(1, '\n').append(c);
  return name;
}

}  // namespace

SeriesIndex Layout::series(Metric metric, std::string_view component, std::string_view key) {
  const auto [at, added] =
      series_by_name_.try_emplace(joined(info(metric).name, component, key), static_cast<SeriesIndex>(series_.size()));
  if (added) series_.push_back({metric, std::string(component), std::string(key)});
  return at->second;
}

EventIndex Layout::event(std::string_view component, std::string_view source, std::string_view code) {
  const auto [at, added] =
      event_by_name_.try_emplace(joined(component, source, code), static_cast<EventIndex>(events_.size()));
  if (added) events_.push_back({std::string(component), std::string(source), std::string(code)});
  return at->second;
}

bool is_same_event_source(std::string_view a, std::string_view b) {
  constexpr std::string_view kMaker = "Microsoft-Windows-";
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (std::string_view* name : {&a, &b}) {
    if (name->starts_with(kMaker)) name->remove_prefix(kMaker.size());
  }
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string name_of(const SeriesKey& series) {
  std::string name(info(series.metric).name);
  if (!series.component.empty()) name += '/' + series.component;
  if (!series.key.empty()) name += '/' + series.key;
  return name;
}

}  // namespace hale::rules
