#include "agent/page/uploads_page.hpp"

#include <nlohmann/json.hpp>

#include "agent/page/html.hpp"
#include "agent/service/json_fields.hpp"

namespace hale::agent {

using nlohmann::json;

std::string render_uploads_page(const json& privacy, const json& uploads, const std::string& language,
                                const Texts& texts) {
  std::string body = "<h1>" + escape_html(texts.get("uploads.title")) + "</h1>\n";
  if (!true_field(privacy, "enrolled")) {
    body += paragraph(texts.get("privacy.local_only"), "lead");
  } else {
    body += paragraph(
        texts.fill("privacy.enrolled", {text_field(privacy, "organization"), text_field(privacy, "fleet")}), "lead");
    body += paragraph(texts.fill("privacy.counts", {std::to_string(integer_field(privacy, "sent").value_or(0)),
                                                    std::to_string(integer_field(privacy, "waiting").value_or(0))}));
  }
  const auto list = uploads.is_object() ? uploads.find("uploads") : uploads.end();
  if (!uploads.is_object() || list == uploads.end() || !list->is_array()) {
    if (true_field(privacy, "enrolled")) body += paragraph(texts.get("uploads.only_counts"));
  } else if (list->empty()) {
    body += paragraph(texts.get("uploads.none_page"));
  } else {
    body += paragraph(texts.get("uploads.exact"));
    for (const auto& each : *list) {
      const auto state = texts.find("uploads." + text_field(each, "state")).value_or(text_field(each, "state"));
      body += "<details><summary>" +
              escape_html(texts.fill("uploads.item", {text_field(each, "time"), text_field(each, "kind"), state})) +
              "</summary><pre>" + escape_html(text_field(each, "body")) + "</pre></details>\n";
    }
  }
  return make_page(language, {.title = texts.get("uploads.title"), .machine = {}, .body = body});
}

}  // namespace hale::agent
