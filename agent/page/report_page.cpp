#include "agent/page/report_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "agent/desktop/link.hpp"
#include "agent/page/coverage_words.hpp"
#include "agent/page/drawings.hpp"
#include "agent/page/guide_page.hpp"
#include "agent/page/html.hpp"
#include "agent/page/report_plots.hpp"
#include "agent/page/svg_plot.hpp"
#include "agent/service/json_fields.hpp"
#include "core/finding.hpp"
#include "core/time.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr std::size_t kMaxFindings = 50;
constexpr std::size_t kMaxGuides = 20;
constexpr std::size_t kMaxReasons = 4;
/// What rule ids begin with, in the order of the page.
constexpr std::array kAreas{"cooling", "disk", "storage", "battery", "memory", "cpu", "gpu", "power", "usb"};

const json& part(const json& object, const char* name) {
  static const json nothing;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() ? *found : nothing;
}

const json& list(const json& object, const char* name) {
  static const json empty = json::array();
  const auto& found = part(object, name);
  return found.is_array() ? found : empty;
}

Severity severity_of(const json& finding) {
  return parse_severity(text_field(finding, "severity")).value_or(Severity::info);
}

/// Active findings, the worst first.
std::vector<const json*> active_findings(const json& gathered) {
  std::vector<const json*> active;
  for (const auto& each : list(part(gathered, "findings"), "findings"))
    if (text_field(each, "state") != "resolved") active.push_back(&each);
  std::stable_sort(active.begin(), active.end(),
                   [](const json* one, const json* other) { return severity_of(*one) > severity_of(*other); });
  return active;
}

const json& host_of(const json& gathered) {
  for (const auto& each : list(part(gathered, "components"), "components"))
    if (text_field(each, "type") == "host") return each;
  static const json nothing;
  return nothing;
}

std::string machine_of(const json& host) {
  const auto vendor = text_field(host, "vendor");
  const auto model = text_field(host, "model");
  return vendor.empty() || model.empty() ? vendor + model : vendor + " " + model;
}

std::string since_start(const json& status, const Texts& texts) {
  const auto since = parse_rfc3339(text_field(status, "since"));
  const auto now = parse_rfc3339(text_field(status, "time"));
  if (!since || !now) return {};
  return texts.fill("report.as_of", {day_for_people(*now, texts), local_clock(*now), text_field(status, "version")});
}

std::string hero(const json& gathered, const std::vector<const json*>& active, const Texts& texts) {
  const auto& status = part(gathered, "status");
  const auto needing = static_cast<std::size_t>(std::count_if(
      active.begin(), active.end(), [](const json* each) { return severity_of(*each) > Severity::info; }));
  const bool any_readings = !list(part(gathered, "components"), "components").empty();
  std::string badge;
  std::string title;
  if (needing > 0) {
    badge = level_mark(severity_of(*active.front()), texts);
    title = needing == 1 ? texts.get("report.one") : texts.fill("report.many", {std::to_string(needing)});
  } else if (!any_readings) {
    badge = mark("neutral", texts.get("report.starting_mark"));
    title = texts.get("report.starting");
  } else {
    badge = mark("good", texts.get("report.well_mark"));
    title = texts.get("report.well");
  }
  auto lead = needing == 0 && any_readings ? texts.get("report.well_means") : std::string();
  if (!any_readings) lead = texts.get("components.none");
  const auto chassis = drawn_chassis(text_field(part(gathered, "components"), "chassis"));
  return "<div class=\"hero\"><div>" + badge + "\n<h1>" + escape_html(title) + "</h1>\n" + paragraph(lead, "lead") +
         paragraph(since_start(status, texts), "soft") + "</div>" +
         drawing(needing > 0 ? "pc_trouble" : "pc_well", chassis, texts) + "</div>\n";
}

std::string finding_card(const json& finding, bool guide, const Texts& texts) {
  auto title = capitalized(text_field(finding, "title"));
  if (title.empty()) title = text_field(finding, "rule");
  std::string html = "<article class=\"card\">" + level_mark(severity_of(finding), texts) + "\n<h3>" +
                     escape_html(title) + "</h3>\n" + paragraph(text_field(finding, "summary"));
  if (const auto step = text_field(finding, "first_step"); !step.empty())
    html += "<p><strong>" + escape_html(texts.get("report.first_step")) + "</strong> " + escape_html(step) + "</p>\n";
  const auto fingerprint = text_field(finding, "fingerprint");
  if (guide && is_fingerprint(fingerprint))
    html += "<p class=\"screen\"><a class=\"button\" href=\"guide-" + escape_html(fingerprint) + ".html\">" +
            escape_html(texts.get("report.guide")) + "</a></p>\n";
  return html + "</article>\n";
}

std::string findings_section(const json& gathered, const std::vector<const json*>& active, bool guides,
                             const Texts& texts) {
  auto html = heading(texts.get("report.findings"));
  if (!gathered.contains("findings")) return html + paragraph(texts.get("report.not_told"));
  if (active.empty()) return html + paragraph(texts.get("findings.none"));
  for (std::size_t i = 0; i < active.size() && i < kMaxFindings; ++i)
    html += finding_card(*active[i], guides && i < kMaxGuides, texts);
  if (active.size() > kMaxFindings)
    html += paragraph(texts.fill("report.more", {std::to_string(active.size() - kMaxFindings)}));
  return html;
}

/// One area of rules: what is judged, what is still being learned, what cannot be judged and why.
std::string tile(const std::string& area, const json& coverage, const Texts& texts) {
  std::size_t judged = 0;
  std::size_t all = 0;
  CoverageReason learning;
  std::set<std::string> reasons;
  for (const auto& each : coverage) {
    if (!text_field(each, "rule").starts_with(area + ".")) continue;
    ++all;
    if (text_field(each, "status") == "ok") {
      ++judged;
      continue;
    }
    const auto reason = parse_coverage_reason(text_field(each, "reason"));
    const bool further = reason.kind == CoverageReason::Kind::learning &&
                         (learning.of == 0 || reason.day * learning.of < learning.day * reason.of);
    if (further) learning = reason;
    if (reason.kind != CoverageReason::Kind::learning) reasons.insert(in_words(reason, texts));
  }
  if (all == 0) return {};
  const auto [look, key] = judged == all     ? std::pair("good", "report.watched")
                           : learning.of > 0 ? std::pair("tip", "report.learning")
                           : judged > 0      ? std::pair("good", "report.partly")
                                             : std::pair("neutral", "report.cannot");
  std::string html =
      "<li class=\"tile\"><h3>" + escape_html(texts.get("area." + area)) + mark(look, texts.get(key)) + "</h3>\n";
  html += paragraph(texts.fill("report.checks", {std::to_string(judged), std::to_string(all)}), "soft");
  if (learning.of > 0) {
    const auto words = in_words(learning, texts);
    html += fmt::format("<p>{}</p><progress max=\"{}\" value=\"{}\" aria-label=\"{}\"></progress>\n",
                        escape_html(words), learning.of, learning.day, escape_html(words));
  }
  std::string items;
  std::size_t count = 0;
  for (const auto& each : reasons)
    if (!each.empty() && count++ < kMaxReasons) items += "<li>" + escape_html(each) + "</li>";
  if (!items.empty()) html += "<ul class=\"soft\">" + items + "</ul>\n";
  return html + "</li>\n";
}

std::string watched_section(const json& status, const Texts& texts) {
  std::string tiles;
  for (const auto* area : kAreas) tiles += tile(area, list(status, "coverage"), texts);
  return heading(texts.get("report.watching")) + paragraph(texts.get("report.watching_means"), "soft") +
         "<ul class=\"tiles\">\n" + tiles + "</ul>\n";
}

std::string controls(const json& privacy, const Texts& texts) {
  const auto link = [&](LinkAction action, std::string_view look, std::string_view key) {
    return fmt::format("<li><a class=\"button{}\" href=\"{}\">{}</a></li>\n", look,
                       escape_html(make_link({action, {}, {}})), escape_html(texts.get(key)));
  };
  std::string html = "<section class=\"screen\">" + heading(texts.get("report.controls")) + "<ul class=\"actions\">\n" +
                     link(LinkAction::help, " main", "report.help") + link(LinkAction::quiet, "", "report.quiet");
  if (true_field(privacy, "enrolled")) html += link(LinkAction::pause, "", "report.pause");
  html += link(LinkAction::uploads, "", "report.uploads") + link(LinkAction::erase, " grave", "report.erase");
  return html + "</ul>\n" + paragraph(texts.get("report.controls_mean"), "soft") + "</section>\n";
}

std::string privacy_line(const json& privacy, const Texts& texts) {
  if (!true_field(privacy, "enrolled")) return texts.get("privacy.local_only");
  return texts.fill("privacy.enrolled", {text_field(privacy, "organization"), text_field(privacy, "fleet")}) + " " +
         texts.get(true_field(privacy, "may_send") ? "privacy.sending" : "privacy.not_sending");
}

}  // namespace

std::vector<std::string> linked_guides(const json& gathered) {
  std::vector<std::string> fingerprints;
  for (const auto* each : active_findings(gathered)) {
    if (fingerprints.size() == kMaxGuides) break;
    if (auto fingerprint = text_field(*each, "fingerprint"); is_fingerprint(fingerprint))
      fingerprints.push_back(std::move(fingerprint));
  }
  return fingerprints;
}

std::string render_report_page(const json& gathered, const std::string& language, const Texts& texts,
                               const ReportOptions& options) {
  const auto& status = part(gathered, "status");
  const auto& privacy = part(status, "privacy");
  const auto active = active_findings(gathered);
  const auto& host = host_of(gathered);
  std::string body = hero(gathered, active, texts);
  const auto service = "<section id=\"service\">" + heading(texts.get("report.service")) +
                       service_section(host, {}, text_field(privacy, "organization"), language, texts) + "</section>\n";
  if (options.for_service) body += service;
  body += findings_section(gathered, active, options.guides, texts);
  body += watched_section(status, texts);
  body += history_section(part(gathered, "history"), part(gathered, "components"), texts);
  body += controls(privacy, texts);
  if (!options.for_service) body += service;
  body += heading(texts.get("privacy.title")) + paragraph(privacy_line(privacy, texts));
  body += report_details(gathered, texts);
  return make_page(language,
                   {.title = texts.get("report.title"), .machine = machine_of(host), .body = body, .drawings = true});
}

std::string render_unreachable_page(const std::string& why, const std::string& language, const Texts& texts) {
  const auto body = mark("warning", texts.get("report.unreachable_mark")) + "\n<h1>" +
                    escape_html(texts.get("report.unreachable")) + "</h1>\n" +
                    paragraph(texts.get("report.unreachable_do"), "lead") + "<pre>systemctl status haled</pre>\n" +
                    paragraph(why, "soft");
  return make_page(language, {.title = texts.get("report.title"), .machine = {}, .body = body});
}

}  // namespace hale::agent
