#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "agent/texts/texts.hpp"

namespace hale::agent {

struct ReportOptions {
  /// Findings whose guide pages lie beside the report, so that it can link to them: "guide-<fingerprint>.html".
  bool guides{false};
  /// Begins with whom to turn to: the summary to hand over.
  bool for_service{false};
};

/// The PC's whole health on one page: for its owner, and in a part to open for engineers. From what gather_report()
/// brought; `texts` are page_texts(). Holds whatever the agent says, from the first minute on.
std::string render_report_page(const nlohmann::json& gathered, const std::string& language, const Texts& texts,
                               const ReportOptions& options = {});
/// Fingerprints of the findings that the report links to with `guides`: active ones, the worst first, at most 20.
std::vector<std::string> linked_guides(const nlohmann::json& gathered);
/// The page when the agent does not answer.
std::string render_unreachable_page(const std::string& why, const std::string& language, const Texts& texts);

/// The engineers' part.
std::string report_details(const nlohmann::json& gathered, const Texts& texts);

}  // namespace hale::agent
