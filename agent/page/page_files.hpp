#pragma once
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/page/page_data.hpp"
#include "core/result.hpp"

namespace hale::agent {

/// Renders and writes the guide page of what gather_guide() brought; "guide-<fingerprint>.html".
Result<std::filesystem::path> write_guide(const nlohmann::json& explained, const std::string& language);
/// Renders and writes the report, and beside it the guides of what was found, so that it can link to them.
Result<std::filesystem::path> write_report(const AskAgent& ask, const nlohmann::json& gathered,
                                           const std::string& language, bool for_service);

}  // namespace hale::agent
