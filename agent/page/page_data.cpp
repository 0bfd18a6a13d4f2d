#include "agent/page/page_data.hpp"

#include <nlohmann/json.hpp>

#include "agent/page/report_plots.hpp"
#include "agent/service/json_fields.hpp"
#include "core/time.hpp"
#include "platform/clock.hpp"

namespace hale::agent {

using nlohmann::json;

Result<json> gather_guide(const AskAgent& ask, const std::string& id, const std::string& language,
                          const std::string& steps) {
  json request{{"do", "explain"}, {"id", id}, {"lang", language}};
  if (!steps.empty()) request["steps"] = steps;
  auto explained = ask(request);
  if (!explained) return explained;
  // The page has both wordings; the answer says which of them this is.
  const bool detailed = text_field(*explained, "steps") == "detailed";
  request["steps"] = detailed ? "simple" : "detailed";
  if (const auto other = ask(request)) {
    (*explained)["detailed_texts"] = other->value("texts", json::object());
    if (detailed) (*explained)["texts"].swap((*explained)["detailed_texts"]);
  }
  (*explained)["now"] = to_rfc3339(system_clock().now());
  return explained;
}

Result<json> gather_report(const AskAgent& ask, const std::string& language) {
  auto status = ask({{"do", "status"}});
  if (!status) return fail(status.error());
  json all{{"status", std::move(*status)}};
  if (auto components = ask({{"do", "components"}})) all["components"] = std::move(*components);
  if (auto findings = ask({{"do", "findings"}, {"all", true}, {"lang", language}}))
    all["findings"] = std::move(*findings);
  if (all.contains("components"))
    for (const auto& request : history_requests(all["components"]))
      if (auto history = ask(request))
        for (auto& each : history->value("series", json::array())) all["history"].push_back(std::move(each));
  return all;
}

}  // namespace hale::agent
