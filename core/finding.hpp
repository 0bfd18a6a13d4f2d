#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/time.hpp"

namespace hale {

/// severity info = level tip = "Good to know"; warning = "Please plan"; critical = urgent = "Act now".
enum class Severity : std::uint8_t { info, warning, critical };
enum class FindingState : std::uint8_t { active, resolved };
enum class Level : std::uint8_t { tip, warning, urgent };

/// The closed list of causes.
enum class Cause : std::uint8_t {
  dust, fan_worn, fan_failed, vent_blocked, thermal_interface, cooling_degraded, hot_room, power_limited, disk_hot,
  disk_failing, media_errors, media_wear, endurance, link_errors,
  battery_wear, battery_failing, battery_hot,
  memory_errors, cpu_errors, unexpected_shutdown, thermal_shutdown, filesystem_errors, gpu_errors, storage_full, usb_overcurrent, clock_battery,
};

std::string_view to_string(Severity);
std::string_view to_string(FindingState);
std::string_view to_string(Level);
std::string_view to_string(Cause);
std::optional<Severity> parse_severity(std::string_view);
std::optional<FindingState> parse_finding_state(std::string_view);
std::optional<Level> parse_level(std::string_view);
std::optional<Cause> parse_cause(std::string_view);
constexpr Level level_of(Severity severity) { return static_cast<Level>(severity); }

/// One number or word of evidence, with its unit ("Cel", "rpm", "h", "1", "").
struct Fact {
  std::string name;
  std::variant<double, std::string> value;
  std::string unit;
  bool operator==(const Fact&) const = default;
};

/// A series to draw as evidence; at most some 300 points.
struct Plot {
  std::string metric;     ///< full name, "hw.temperature"
  std::string component;
  std::string unit;
  std::vector<std::pair<Timestamp, double>> points;
  std::optional<double> threshold;
  bool operator==(const Plot&) const = default;
};

/// Why a finding was made: numbers, the window they come from, and what to draw.
struct Evidence {
  Timestamp from{};
  Timestamp to{};
  std::vector<Fact> facts;
  std::vector<Plot> plots;
  std::optional<Timestamp> projected;  ///< the day a trend reaches its limit
  bool operator==(const Evidence&) const = default;
};

/// What a rule concluded about a component. `fingerprint` = rule + component: the same trouble keeps the same fingerprint.
struct Finding {
  std::string fingerprint;
  std::string rule;
  std::uint32_t rule_version{1};
  std::string component;
  Cause cause{};
  FindingState state{FindingState::active};
  Severity severity{Severity::info};
  double confidence{};  ///< 0..1
  Evidence evidence;
  std::string summary;  ///< one sentence in the user's language, with the user's own numbers
  Timestamp first_seen;
  Timestamp last_seen;  ///< the time of this transition
  bool operator==(const Finding&) const = default;
};

/// What the user may answer to a message.
enum class Answer : std::uint8_t { how_to_fix, book, later, did_it, not_a_problem, dismissed };
std::string_view to_string(Answer);
std::optional<Answer> parse_answer(std::string_view);

struct NotificationAction {
  Answer answer{};
  std::string label;
  bool operator==(const NotificationAction&) const = default;
};

/// A message to the end user, ready to show. Empty `rule` = a message of Hale itself (the welcome).
struct Notification {
  std::string id;           ///< unique, stable for the life of this message
  std::string fingerprint;  ///< of the finding it speaks of
  std::string rule;
  Level level{Level::tip};
  std::string title;
  std::string body;
  std::vector<NotificationAction> actions;
  Timestamp time;
  bool operator==(const Notification&) const = default;
};

/// Before/after proof once a finding's fix is seen.
struct Outcome {
  std::string rule;
  std::string component;
  std::string result;  ///< improved | unchanged | worse
  double before{};
  double after{};
  Timestamp time;
  bool operator==(const Outcome&) const = default;
};

/// What could be judged, on which evidence, and what not and why.
struct Coverage {
  std::string rule;
  std::string status;  ///< ok | insufficient
  std::string tier;
  std::string reason;
  bool operator==(const Coverage&) const = default;
};

}  // namespace hale
