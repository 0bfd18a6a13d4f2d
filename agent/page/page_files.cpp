#include "agent/page/page_files.hpp"

#include <nlohmann/json.hpp>

#include "agent/cli/preferences.hpp"
#include "agent/desktop/link.hpp"
#include "agent/page/guide_page.hpp"
#include "agent/page/html.hpp"
#include "agent/page/open_page.hpp"
#include "agent/page/report_page.hpp"
#include "agent/service/json_fields.hpp"

namespace hale::agent {

using nlohmann::json;

Result<std::filesystem::path> write_guide(const json& explained, const std::string& language) {
  const auto html = render_guide_page(explained, page_texts(language));
  if (!html) return fail(html.error());
  const auto finding = explained.find("finding");
  return write_page("guide-" + (finding != explained.end() ? text_field(*finding, "fingerprint") : ""), *html);
}

Result<std::filesystem::path> write_report(const AskAgent& ask, const json& gathered, const std::string& language,
                                           bool for_service) {
  for (const auto& fingerprint : linked_guides(gathered))
    if (const auto explained = gather_guide(ask, fingerprint, language, cli::my_preferences().steps))
      if (auto written = write_guide(*explained, language); !written) return written;
  return write_page(
      for_service ? "summary" : "report",
      render_report_page(gathered, language, page_texts(language), {.guides = true, .for_service = for_service}));
}

}  // namespace hale::agent
