#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/finding.hpp"
#include "core/reading.hpp"
#include "core/result.hpp"

/// JSON forms of the types everything speaks. One place, so that replay, store, wire and console cannot disagree.
/// Times are RFC 3339 in JSON; a plot's points are [Unix seconds, value]. Facts are an object by name, so they come back sorted by name.
/// What is unknown or empty is left out of Component, Event and Context; a Context's members are named as a recording's columns ("os.build").
/// The readers are strict and bounded: a missing member, a wrong type or an unknown word is Errc::invalid_input and names the JSON path
/// ("finding.evidence.plots[2].unit: expected a string, found number"). Members they do not know are ignored: a newer Hale may have written them.
/// All pure and thread-safe.
namespace hale {

nlohmann::json to_json(const Component&);
nlohmann::json to_json(const Reading&);
nlohmann::json to_json(const Event&);
nlohmann::json to_json(const Evidence&);
nlohmann::json to_json(const Finding&);
nlohmann::json to_json(const Notification&);
nlohmann::json to_json(const Outcome&);
nlohmann::json to_json(const Coverage&);
nlohmann::json to_json(const Context&);

Result<Component> component_from_json(const nlohmann::json&);
Result<Event> event_from_json(const nlohmann::json&);
Result<Evidence> evidence_from_json(const nlohmann::json&);
Result<Finding> finding_from_json(const nlohmann::json&);
Result<Notification> notification_from_json(const nlohmann::json&);
Result<Outcome> outcome_from_json(const nlohmann::json&);
Result<Context> context_from_json(const nlohmann::json&);

/// Parses outside JSON with a size and depth bound; the error says line, column and what was expected there.
Result<nlohmann::json> parse_json(std::string_view text, std::size_t max_bytes = 16u << 20, int max_depth = 64);

/// The text of a document; one line without `indent`. Invalid UTF-8 in its strings becomes U+FFFD instead of an exception.
std::string dump_json(const nlohmann::json& value, int indent = -1);

}  // namespace hale
