#include "core/finding.hpp"

#include "core/words.hpp"

namespace hale {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::info: return "info";
    case Severity::warning: return "warning";
    case Severity::critical: return "critical";
  }
  return {};
}

std::string_view to_string(FindingState state) {
  switch (state) {
    case FindingState::active: return "active";
    case FindingState::resolved: return "resolved";
  }
  return {};
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::tip: return "tip";
    case Level::warning: return "warning";
    case Level::urgent: return "urgent";
  }
  return {};
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::dust: return "dust";
    case Cause::fan_worn: return "fan_worn";
    case Cause::fan_failed: return "fan_failed";
    case Cause::vent_blocked: return "vent_blocked";
    case Cause::thermal_interface: return "thermal_interface";
    case Cause::cooling_degraded: return "cooling_degraded";
    case Cause::hot_room: return "hot_room";
    case Cause::power_limited: return "power_limited";
    case Cause::disk_hot: return "disk_hot";
    case Cause::disk_failing: return "disk_failing";
    case Cause::media_errors: return "media_errors";
    case Cause::media_wear: return "media_wear";
    case Cause::endurance: return "endurance";
    case Cause::link_errors: return "link_errors";
    case Cause::battery_wear: return "battery_wear";
    case Cause::battery_failing: return "battery_failing";
    case Cause::battery_hot: return "battery_hot";
    case Cause::memory_errors: return "memory_errors";
    case Cause::cpu_errors: return "cpu_errors";
    case Cause::unexpected_shutdown: return "unexpected_shutdown";
    case Cause::thermal_shutdown: return "thermal_shutdown";
    case Cause::filesystem_errors: return "filesystem_errors";
    case Cause::gpu_errors: return "gpu_errors";
    case Cause::storage_full: return "storage_full";
    case Cause::usb_overcurrent: return "usb_overcurrent";
    case Cause::clock_battery: return "clock_battery";
  }
  return {};
}

std::string_view to_string(Answer answer) {
  switch (answer) {
    case Answer::how_to_fix: return "how_to_fix";
    case Answer::book: return "book";
    case Answer::later: return "later";
    case Answer::did_it: return "did_it";
    case Answer::not_a_problem: return "not_a_problem";
    case Answer::dismissed: return "dismissed";
  }
  return {};
}

std::optional<Severity> parse_severity(std::string_view text) { return find_word(text, Severity::critical); }
std::optional<FindingState> parse_finding_state(std::string_view text) { return find_word(text, FindingState::resolved); }
std::optional<Level> parse_level(std::string_view text) { return find_word(text, Level::urgent); }
std::optional<Cause> parse_cause(std::string_view text) { return find_word(text, Cause::clock_battery); }
std::optional<Answer> parse_answer(std::string_view text) { return find_word(text, Answer::dismissed); }

}  // namespace hale
