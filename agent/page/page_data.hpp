#pragma once
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/result.hpp"

namespace hale::agent {

/// One question to the agent, and its answer.
using AskAgent = std::function<Result<nlohmann::json>(const nlohmann::json& request)>;

/// What a guide page is made of: the reply to `explain`, `texts` in the simple and `detailed_texts` in the detailed
/// wording. `steps` ("simple", "detailed") is what the reader wants to see first; empty = as the agent is configured.
Result<nlohmann::json> gather_guide(const AskAgent& ask, const std::string& id, const std::string& language,
                                    const std::string& steps = {});
/// What the report is made of: {"status", "components", "findings", "history"}. Only `status` must come; what
/// else the agent does not answer is left out, and the page says so.
Result<nlohmann::json> gather_report(const AskAgent& ask, const std::string& language);

}  // namespace hale::agent
