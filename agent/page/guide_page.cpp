#include "agent/page/guide_page.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/desktop/link.hpp"
#include "agent/page/html.hpp"
#include "agent/page/svg_plot.hpp"
#include "agent/service/json_fields.hpp"
#include "core/codec.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;

std::string_view level_class(Severity severity) { return to_string(level_of(severity)); }

std::string level_word(Severity severity, const Texts& texts) {
  switch (severity) {
    case Severity::info:
      return texts.get("level.tip");
    case Severity::warning:
      return texts.get("level.warning");
    case Severity::critical:
      return texts.get("level.urgent");
  }
  return {};
}

std::string paragraph(const std::string& text) {
  return text.empty() ? std::string() : "<p>" + escape_html(text) + "</p>\n";
}

std::string heading(const Texts& texts, std::string_view key) {
  return "<h2>" + escape_html(texts.get(key)) + "</h2>\n";
}

std::string evidence_table(const json& explained, const Finding& finding, const Texts& texts) {
  std::string rows;
  if (const auto lines = explained.find("evidence"); lines != explained.end() && lines->is_array())
    for (const auto& line : *lines)
      rows += fmt::format("<tr><td>{}</td><td class=\"number\">{}</td></tr>", escape_html(text_field(line, "name")),
                          escape_html(text_field(line, "text")));
  if (finding.evidence.projected)
    rows += fmt::format("<tr><td>{}</td><td class=\"number\">{}</td></tr>", escape_html(texts.get("page.projected")),
                        to_rfc3339(*finding.evidence.projected).substr(0, 10));
  return rows.empty() ? std::string() : "<table>" + rows + "</table>\n";
}

std::string steps(const json& words, const Texts& texts) {
  std::string html = heading(texts, "page.what_to_do") + "<div class=\"card\"><p class=\"first\">" +
                     escape_html(text_field(words, "first_step")) + "</p></div>\n";
  std::string items;
  if (const auto further = words.find("further_steps"); further != words.end() && further->is_array())
    for (const auto& step : *further)
      if (step.is_string()) items += "<li>" + escape_html(step.get<std::string>()) + "</li>";
  if (!items.empty()) html += "<ol>" + items + "</ol>\n";
  return html;
}

std::string service_section(const json& explained, const json& words, const Texts& texts) {
  std::string html = "<h2 id=\"service\">" + escape_html(texts.get("page.when_to_call")) + "</h2>\n" +
                     paragraph(text_field(words, "when_to_call"));
  const auto organization = text_field(explained, "organization");
  html += organization.empty() ? paragraph(texts.get("page.find_service"))
                               : paragraph(texts.fill("page.call_organization", {organization}));
  const auto component = explained.find("component");
  if (component == explained.end()) return html;
  const auto part = fmt::format("{} {} {}", text_field(*component, "vendor"), text_field(*component, "model"),
                                text_field(*component, "firmware"));
  return html + "<p class=\"soft\">" +
         escape_html(texts.fill("page.tell_them", {text_field(*component, "name"), part})) + "</p>\n";
}

std::string feedback_links(const Finding& finding, const Texts& texts) {
  const auto link = [&](Answer answer, std::string_view look, std::string_view key) {
    return fmt::format("<a class=\"button{}\" href=\"{}\">{}</a>", look,
                       escape_html(make_link({finding.fingerprint, answer})), escape_html(texts.get(key)));
  };
  return "<div class=\"actions\">" + link(Answer::did_it, " main", "page.did_it") +
         link(Answer::not_a_problem, "", "page.not_a_problem") + "</div>\n<p class=\"soft\">" +
         escape_html(texts.fill("page.or_command", {finding.fingerprint.substr(0, 8)})) + "</p>\n";
}

}  // namespace

Result<std::string> render_guide_page(const json& explained, const Texts& texts) {
  const auto part = explained.is_object() ? explained.find("finding") : explained.end();
  if (part == explained.end()) return fail(Errc::invalid_input, "the agent's explanation holds no finding");
  const auto finding = finding_from_json(*part);
  if (!finding) return fail(finding.error());
  const auto found = explained.find("texts");
  const json words = found != explained.end() ? *found : json::object();
  auto title = capitalized(text_field(words, "title"));
  if (title.empty()) title = finding->summary;
  std::string body = fmt::format("<p class=\"level {}\">{}</p>\n<h1>{}</h1>\n", level_class(finding->severity),
                                 escape_html(level_word(finding->severity, texts)), escape_html(title));
  if (finding->state == FindingState::resolved)
    body += "<p class=\"card\">" + escape_html(texts.get("page.resolved")) + "</p>\n";
  body += paragraph(text_field(words, "reason")) + paragraph(text_field(words, "stakes"));
  body += steps(words, texts) + feedback_links(*finding, texts);
  body += service_section(explained, words, texts);
  body += heading(texts, "page.evidence");
  const auto names = explained.value("plot_names", json::object());
  for (auto plot : finding->evidence.plots) {
    if (const auto name = text_field(names, plot.metric.c_str()); !name.empty()) plot.metric = name;
    body += draw_plot(plot, texts);
  }
  body += evidence_table(explained, *finding, texts);
  const auto confidence = fmt::format("{:.0f} %", finding->confidence * 100);
  body += "<p class=\"soft\">" +
          escape_html(texts.fill("page.basis", {finding->rule, std::to_string(finding->rule_version), confidence,
                                                to_rfc3339(finding->first_seen), to_rfc3339(finding->last_seen)})) +
          "</p>\n";
  if (const auto references = words.find("references");
      references != words.end() && references->is_array() && !references->empty()) {
    body += "<p class=\"soft\">" + escape_html(texts.get("page.references"));
    for (const auto& each : *references)
      if (each.is_string()) body += " " + escape_html(each.get<std::string>()) + ";";
    body += "</p>\n";
  }
  const auto language = text_field(explained, "language");
  return make_page(language.empty() ? "en" : language, title, body);
}

std::string render_report_page(const json& status, const json& components, const json& findings,
                               const std::string& language, const Texts& texts) {
  std::string body = "<h1>" + escape_html(texts.get("report.title")) + "</h1>\n<p class=\"soft\">" +
                     escape_html(text_field(status, "time")) + " · Hale " + escape_html(text_field(status, "version")) +
                     "</p>\n";
  body += heading(texts, "report.findings");
  const auto list = findings.value("findings", json::array());
  if (list.empty()) body += paragraph(texts.get("findings.none"));
  for (const auto& each : list) {
    const auto severity = parse_severity(text_field(each, "severity")).value_or(Severity::info);
    body += fmt::format("<div class=\"card\"><span class=\"level {}\">{}</span> <strong>{}</strong><br>{}</div>\n",
                        level_class(severity), escape_html(level_word(severity, texts)),
                        escape_html(capitalized(text_field(each, "title"))), escape_html(text_field(each, "summary")));
  }
  body += heading(texts, "report.components") + "<table>";
  for (const auto& each : components.value("components", json::array())) {
    std::string values;
    int shown = 0;
    for (const auto& reading : each.value("readings", json::array())) {
      if (!reading.contains("value") || ++shown > 4) continue;
      const auto key = text_field(reading, "key");
      values += fmt::format("{}{} {}", values.empty() ? "" : "; ", key.empty() ? text_field(reading, "metric") : key,
                            number_for_people(reading["value"].get<double>(), text_field(reading, "unit")));
    }
    const auto name = text_field(each, "name");
    body +=
        fmt::format("<tr><td>{}<br><span class=\"soft\">{} {}</span></td><td>{}</td></tr>",
                    escape_html(name.empty() ? text_field(each, "id") : name), escape_html(text_field(each, "vendor")),
                    escape_html(text_field(each, "model")), escape_html(values));
  }
  body += "</table>\n" + heading(texts, "report.coverage") + "<table>";
  for (const auto& each : status.value("coverage", json::array()))
    body += fmt::format(
        "<tr><td><code>{}</code></td><td>{}</td><td class=\"soft\">{}</td></tr>", escape_html(text_field(each, "rule")),
        escape_html(texts.get(text_field(each, "status") == "ok" ? "report.judged" : "report.insufficient")),
        escape_html(text_field(each, "reason")));
  return make_page(language, texts.get("report.title"), body + "</table>\n");
}

std::string render_privacy_page(const json& privacy, const std::string& language, const Texts& texts) {
  std::string body = "<h1>" + escape_html(texts.get("privacy.title")) + "</h1>\n";
  if (!true_field(privacy, "enrolled")) {
    body += paragraph(texts.get("privacy.local_only"));
  } else {
    body +=
        paragraph(texts.fill("privacy.enrolled", {text_field(privacy, "organization"), text_field(privacy, "fleet")}));
    body += paragraph(texts.get(true_field(privacy, "may_send") ? "privacy.sending" : "privacy.not_sending"));
  }
  for (const auto* part :
       {"privacy.what", "privacy.never", "privacy.why", "privacy.how_long", "privacy.stop", "privacy.check"})
    body += "<div class=\"card\">" + escape_html(texts.get(part)) + "</div>\n";
  return make_page(language, texts.get("privacy.title"), body);
}

}  // namespace hale::agent
