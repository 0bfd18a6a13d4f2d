#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/component.hpp"
#include "core/metric.hpp"

namespace hale::rules {

using SeriesIndex = std::uint32_t;
using EventIndex = std::uint32_t;

struct SeriesKey {
  Metric metric{};
  std::string component;
  std::string key;
  bool operator==(const SeriesKey&) const = default;
};

struct EventKey {
  std::string component;
  std::string source;
  std::string code;
  bool operator==(const EventKey&) const = default;
};

/// The names of all series and events that a machine, or all devices of one recording, have. Append-only; indices never
/// change. Shared by every device judged with it, so that a device with few columns costs little. Used from one thread.
class Layout {
 public:
  SeriesIndex series(Metric metric, std::string_view component, std::string_view key = {});
  EventIndex event(std::string_view component, std::string_view source, std::string_view code);
  const std::vector<SeriesKey>& all_series() const { return series_; }
  const std::vector<EventKey>& all_events() const { return events_; }

  /// What the judging derives from the names, once for all devices: kept here because it lives as long as they do.
  /// Keyed by its owner's choice.
  std::map<std::string, std::shared_ptr<void>>& all_derived() const { return derived_; }

 private:
  std::vector<SeriesKey> series_;
  std::vector<EventKey> events_;
  std::unordered_map<std::string, SeriesIndex> series_by_name_;
  std::unordered_map<std::string, EventIndex> event_by_name_;
  mutable std::map<std::string, std::shared_ptr<void>> derived_;
};

/// As a recording's column names it: "hw.temperature/cpu".
/// Windows names its providers "Microsoft-Windows-Kernel-Power" and, in the log's list, "Kernel-Power"; drivers' names
/// vary in case ("disk", "Disk"). They are the same source.
bool is_same_event_source(std::string_view a, std::string_view b);

std::string name_of(const SeriesKey& series);

}  // namespace hale::rules
