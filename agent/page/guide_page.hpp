#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "agent/texts/texts.hpp"
#include "core/result.hpp"

namespace hale::agent {

/// The page behind "How to fix": what is wrong, what to do with a drawing for each step, the answers, when to call
/// whom, and why Hale thinks so. Rendered on this PC from what gather_guide() brought, self-contained. `texts` are
/// page_texts(). Errors: invalid_input when it holds no finding.
Result<std::string> render_guide_page(const nlohmann::json& explained, const Texts& texts);

/// What is uploaded and what not, and how to stop it: from the reply to `privacy`.
std::string render_privacy_page(const nlohmann::json& privacy, const std::string& language, const Texts& texts);

/// Who helps: the organisation that looks after this PC, else the maker's support page and hotline, and what to tell
/// them. `host` and `part` are components as JSON, null when unknown.
std::string service_section(const nlohmann::json& host, const nlohmann::json& part, const std::string& organization,
                            const std::string& language, const Texts& texts);

}  // namespace hale::agent
