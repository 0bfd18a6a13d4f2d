#pragma once
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/texts/texts.hpp"
#include "core/result.hpp"

namespace hale::agent {

/// The page behind "How to fix": what is wrong, why Hale thinks so, what to do, when to call. Rendered on this PC from
/// the control reply to `explain`, self-contained. Errors: invalid_input when the reply is not one.
Result<std::string> render_guide_page(const nlohmann::json& explained, const Texts& texts);

/// The one-page summary of this PC, to read or to hand over: from the replies to `status`, `components` and `findings`.
std::string render_report_page(const nlohmann::json& status, const nlohmann::json& components,
                               const nlohmann::json& findings, const std::string& language, const Texts& texts);

/// What is uploaded and what not, and how to stop it: from the reply to `privacy`.
std::string render_privacy_page(const nlohmann::json& privacy, const std::string& language, const Texts& texts);

/// Writes a page where the user's browser can read it and nobody else: $XDG_RUNTIME_DIR/hale, else ~/.cache/hale.
Result<std::filesystem::path> write_page(const std::string& name, const std::string& html);
/// Opens it with $BROWSER, else xdg-open, at a section when one is named. Does not wait for the browser.
Result<> open_page(const std::filesystem::path& page, const std::string& section = {});

}  // namespace hale::agent
