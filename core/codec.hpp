#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/finding.hpp"
#include "core/reading.hpp"
#include "core/result.hpp"

/// JSON forms of the types everything speaks. One place, so that replay, store, wire and console cannot disagree.
/// Times are RFC 3339 in JSON.
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

}  // namespace hale
