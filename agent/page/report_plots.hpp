#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agent/texts/texts.hpp"

namespace hale::agent {

/// The questions (`history`) whose answers the report draws: temperatures, fans and power of the last week; disk wear,
/// battery and storage of the last year. `components` is the reply to `components`.
std::vector<nlohmann::json> history_requests(const nlohmann::json& components);
/// The plots, or one sentence where nothing has been recorded for long enough.
std::string history_section(const nlohmann::json& history, const nlohmann::json& components, const Texts& texts);

}  // namespace hale::agent
