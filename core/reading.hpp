#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/component.hpp"
#include "core/metric.hpp"
#include "core/result.hpp"
#include "core/time.hpp"

namespace hale {

/// One measured number, in the unit of its metric. A missing reading is absent, never 0 or -1.
struct Reading {
  Metric metric{};
  std::string component;  ///< empty where the metric has none
  std::string key;        ///< empty where the metric has none
  double value{};
  Timestamp time;

  bool operator==(const Reading&) const = default;
};

enum class EventSeverity : std::uint8_t { info, warning, error, critical };
std::string_view to_string(EventSeverity severity);

/// Something that a log said. `source`.`code` is the allow-listed name, e.g. "Kernel-Power"."41", "kernel"."ata_media_error".
struct Event {
  std::string component;
  std::string source;
  std::string code;
  EventSeverity severity{EventSeverity::warning};
  Timestamp time;
  std::uint32_t count{1};
  std::map<std::string, std::string> fields;  ///< allow-listed fields only: no user names, no file names

  bool operator==(const Event&) const = default;
};

/// A collector could read some things but not these. Reported once, never stops the others.
struct PartialError {
  std::string collector;
  std::string what;  ///< which sensor, device or file
  Error error;
};

/// Facts that hold until changed and are not numbers: context for rules.
struct Context {
  std::string boot_id;
  std::string os_build;
  std::string bios_version;
  std::string platform_profile;
  std::string host_chassis;  ///< "laptop", "desktop", "mini", "server", "tablet", "vm"; empty = unknown
  std::optional<double> utc_offset;  ///< hours, for local days

  bool operator==(const Context&) const = default;
};

/// What one sweep brought: everything in it has one time.
struct Collection {
  Timestamp time;
  std::vector<Component> components;
  std::vector<Reading> readings;
  std::vector<Event> events;
  std::vector<PartialError> partial_errors;
  Context context;
};

}  // namespace hale
