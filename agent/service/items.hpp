#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/envelope.hpp"
#include "core/finding.hpp"
#include "core/reading.hpp"

namespace hale::agent {

/// Items of the outbox (docs/wire.md). Ids are made of what the item is about, so that the same thing put twice is one
/// thing to the fleet.
Item make_item(const Finding& finding);
Item make_item(const Notification& shown, Timestamp at);
Item make_item(const Outcome& outcome);
Item make_item(const Event& event, std::size_t number);  ///< `number` tells apart events of one moment
Item make_feedback_item(const std::string& fingerprint, const std::string& rule, Answer answer, Timestamp time);
Item make_telemetry_item(std::string body, Timestamp now);
Item make_inventory_item(const std::map<std::string, Component>& components, const Context& context,
                         const std::string& host_name_hash, const std::string& language, Timestamp now);
Item make_status_item(std::string body, Timestamp now);

}  // namespace hale::agent
