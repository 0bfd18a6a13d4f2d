#include "agent/page/guide_page.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/desktop/link.hpp"
#include "agent/page/drawings.hpp"
#include "agent/page/html.hpp"
#include "agent/page/makers.hpp"
#include "agent/page/svg_plot.hpp"
#include "agent/service/json_fields.hpp"
#include "core/codec.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr std::size_t kMaxSteps = 20;
constexpr std::size_t kMaxPlots = 6;
constexpr std::size_t kMaxFacts = 60;

json part_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() ? *found : json();
}

std::vector<std::string> steps_of(const json& words) {
  std::vector<std::string> steps{text_field(words, "first_step")};
  const auto further = part_of(words, "further_steps");
  for (const auto& step : further.is_array() ? further : json::array())
    if (step.is_string() && steps.size() < kMaxSteps) steps.push_back(step.get<std::string>());
  std::erase(steps, "");
  return steps;
}

std::string step_list(const std::vector<std::string>& steps, const std::vector<std::string>& pictures,
                      std::string_view look, std::string_view chassis, const Texts& texts) {
  std::string html = fmt::format("<ol class=\"steps {}\">\n", look);
  for (std::size_t i = 0; i < steps.size(); ++i)
    html += "<li><p>" + escape_html(steps[i]) + "</p>" +
            (i < pictures.size() ? drawing(pictures[i], chassis, texts) : std::string()) + "</li>\n";
  return html + "</ol>\n";
}

/// Simple steps, and the detailed ones where the rule has such: the reader switches, without a script.
std::string steps_section(const json& explained, const Finding& finding, const Texts& texts) {
  const auto chassis = drawn_chassis(text_field(explained, "chassis"));
  const auto simple = steps_of(part_of(explained, "texts"));
  auto detailed = steps_of(part_of(explained, "detailed_texts"));
  if (detailed == simple) detailed.clear();
  std::string html = heading(texts.get("page.what_to_do")) + "<div>\n";
  if (!detailed.empty()) {
    const bool prefers_detail = text_field(explained, "steps") == "detailed";
    const auto choice = [&](const char* name, bool chosen) {
      return fmt::format("<input class=\"choose screen\" type=\"radio\" name=\"how\" id=\"{0}\"{1} aria-label=\"{2}\">",
                         name, chosen ? " checked" : "", escape_html(texts.get(fmt::format("page.{}", name))));
    };
    html += choice("simple", !prefers_detail) + choice("detailed", prefers_detail);
  }
  html += "<input class=\"choose screen\" type=\"checkbox\" id=\"still\" aria-label=\"" +
          escape_html(texts.get("page.still")) + "\">\n<div class=\"choices\">";
  if (!detailed.empty())
    html += "<span><label for=\"simple\">" + escape_html(texts.get("page.simple")) +
            "</label><label for=\"detailed\">" + escape_html(texts.get("page.detailed")) + "</label></span>";
  html += "<label for=\"still\">" + escape_html(texts.get("page.still")) + "</label></div>\n";
  html += step_list(simple, pictures_of(finding.rule, false), "simple", chassis, texts);
  if (!detailed.empty()) html += step_list(detailed, pictures_of(finding.rule, true), "detailed", chassis, texts);
  return html + "</div>\n";
}

std::string answers(const Finding& finding, bool enrolled, const Texts& texts) {
  const auto link = [&](Answer answer, std::string_view look, std::string_view key) {
    return fmt::format("<li><a class=\"button{}\" href=\"{}\">{}</a></li>\n", look,
                       escape_html(make_link({LinkAction::feedback, finding.fingerprint, answer})),
                       escape_html(texts.get(key)));
  };
  auto html = "<ul class=\"actions\">\n" + link(Answer::did_it, " main", "page.did_it") +
              link(Answer::not_a_problem, "", "page.not_a_problem");
  html += enrolled ? link(Answer::book, "", "page.book")
                   : "<li><a class=\"button\" href=\"#service\">" + escape_html(texts.get("page.find")) + "</a></li>\n";
  return html + link(Answer::later, "", "page.later") + "</ul>\n" +
         paragraph(texts.fill("page.or_command", {finding.fingerprint.substr(0, 8)}), "soft screen");
}

/// Facts as the agent words them (`evidence`: name and text), else as they are.
std::string evidence_rows(const json& explained, const Finding& finding, const Texts& texts) {
  std::string rows;
  std::size_t count = 0;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (count++ < kMaxFacts)
      rows += "<tr><th scope=\"row\">" + escape_html(name) + "</th><td class=\"number\">" + escape_html(value) +
              "</td></tr>\n";
  };
  if (const auto lines = part_of(explained, "evidence"); lines.is_array() && !lines.empty()) {
    for (const auto& each : lines) add(text_field(each, "name"), text_field(each, "text"));
  } else {
    for (const auto& fact : finding.evidence.facts) {
      std::string name = fact.name;
      for (char& c : name)
        if (c == '_') c = ' ';
      const auto* number = std::get_if<double>(&fact.value);
      add(name, number != nullptr ? number_for_people(*number, fact.unit) : std::get<std::string>(fact.value));
    }
  }
  if (finding.evidence.projected) add(texts.get("page.projected"), day_for_people(*finding.evidence.projected, texts));
  if (rows.empty()) return {};
  return "<table><caption>" + escape_html(texts.get("page.numbers")) + "</caption><tbody>\n" + rows +
         "</tbody></table>\n";
}

/// What is usual on this PC, where the rule says so: drawn beside the limit.
std::optional<double> baseline_of(const Finding& finding, const Plot& plot) {
  for (const auto& fact : finding.evidence.facts)
    if (const auto* value = std::get_if<double>(&fact.value);
        value != nullptr && fact.unit == plot.unit && (fact.name == "baseline" || fact.name == "usual"))
      return *value;
  return std::nullopt;
}

std::string evidence(const json& explained, const Finding& finding, const Texts& texts) {
  auto html = heading(texts.get("page.evidence"));
  const auto names = part_of(explained, "plot_names");
  // The day the page is made, which may be long after the last reading: then the plot does not reach it.
  const auto made = parse_rfc3339(text_field(explained, "now"));
  const auto today = made ? std::optional(*made) : std::nullopt;
  std::size_t drawn = 0;
  for (const auto& plot : finding.evidence.plots) {
    if (drawn++ == kMaxPlots) break;
    auto title = text_field(names, plot.metric.c_str());
    if (title.empty()) title = texts.find("metric." + plot.metric).value_or(plot.metric);
    html += draw_plot(plot, texts, title, baseline_of(finding, plot), today);
  }
  html += evidence_rows(explained, finding, texts);
  html += paragraph(
      texts.fill("page.seen", {day_for_people(finding.first_seen, texts), day_for_people(finding.last_seen, texts)}));
  html += "<details><summary>" + escape_html(texts.get("page.for_engineers")) + "</summary>\n";
  html += paragraph(texts.fill("page.basis", {finding.rule, std::to_string(finding.rule_version),
                                              fmt::format("{:.0f} %", finding.confidence * 100),
                                              to_rfc3339(finding.first_seen), to_rfc3339(finding.last_seen)}));
  html += "<p><code>" + escape_html(finding.fingerprint) + "</code> " + escape_html(finding.component) + "</p>\n";
  std::string references;
  if (const auto list = part_of(part_of(explained, "texts"), "references"); list.is_array())
    for (const auto& each : list)
      if (each.is_string()) references += "<li>" + escape_html(each.get<std::string>()) + "</li>";
  if (!references.empty()) html += paragraph(texts.get("page.references")) + "<ul>" + references + "</ul>\n";
  return html + "</details>\n";
}

std::string machine_of(const json& host) {
  auto name = text_field(host, "vendor");
  if (const auto model = text_field(host, "model"); !model.empty()) name += (name.empty() ? "" : " ") + model;
  return name;
}

}  // namespace

std::string service_section(const json& host, const json& part, const std::string& organization,
                            const std::string& language, const Texts& texts) {
  std::string html;
  if (!organization.empty()) {
    html += paragraph(texts.fill("page.call_organization", {organization}));
  } else if (const auto maker = find_maker(text_field(host, "vendor"), language)) {
    html += "<p>" + escape_html(texts.fill("page.maker", {maker->name})) + " <a href=\"" + escape_html(maker->page) +
            "\" rel=\"noreferrer\">" + escape_html(maker->page) + "</a></p>\n";
    if (!maker->phone.empty()) html += paragraph(texts.fill("page.hotline", {maker->name, maker->phone}));
    html += paragraph(texts.get("page.find_service"));
  } else {
    html += paragraph(texts.get("page.find_service"));
  }
  std::string rows;
  const auto add = [&](std::string_view key, const std::string& value) {
    if (!value.empty())
      rows +=
          "<tr><th scope=\"row\">" + escape_html(texts.get(key)) + "</th><td>" + escape_html(value) + "</td></tr>\n";
  };
  add("page.tell_pc", machine_of(host));
  add("page.tell_firmware", text_field(host, "firmware"));
  if (part.is_object() && text_field(part, "id") != text_field(host, "id"))
    add("page.tell_part", fmt::format("{} {} {} {}", text_field(part, "name"), text_field(part, "vendor"),
                                      text_field(part, "model"), text_field(part, "firmware")));
  if (!rows.empty())
    html += "<table><caption>" + escape_html(texts.get("page.tell_them")) + "</caption><tbody>\n" + rows +
            "</tbody></table>\n";
  return html;
}

Result<std::string> render_guide_page(const json& explained, const Texts& texts) {
  const auto part = explained.is_object() ? explained.find("finding") : explained.end();
  if (part == explained.end()) return fail(Errc::invalid_input, "the agent's explanation holds no finding");
  const auto finding = finding_from_json(*part);
  if (!finding) return fail(finding.error());
  const auto words = part_of(explained, "texts");
  auto title = capitalized(text_field(words, "title"));
  if (title.empty()) title = finding->summary;
  const auto given = text_field(explained, "language");
  const auto language = given.empty() ? std::string("en") : given;
  std::string body = level_mark(finding->severity, texts) + "\n<h1>" + escape_html(title) + "</h1>\n";
  if (finding->state == FindingState::resolved)
    body += "<p class=\"card\">" + mark("good", texts.get("page.resolved")) + "</p>\n";
  const auto reason = text_field(words, "reason");
  body += paragraph(reason.empty() ? finding->summary : reason, "lead") + paragraph(text_field(words, "stakes"));
  body += steps_section(explained, *finding, texts);
  body += answers(*finding, true_field(explained, "enrolled"), texts);
  body += "<section id=\"service\">" + heading(texts.get("page.when_to_call")) +
          paragraph(text_field(words, "when_to_call")) +
          service_section(part_of(explained, "host"), part_of(explained, "component"),
                          text_field(explained, "organization"), language, texts) +
          "</section>\n";
  body += evidence(explained, *finding, texts);
  return make_page(language,
                   {.title = title, .machine = machine_of(part_of(explained, "host")), .body = body, .drawings = true});
}

std::string render_privacy_page(const json& privacy, const std::string& language, const Texts& texts) {
  std::string body = "<h1>" + escape_html(texts.get("privacy.title")) + "</h1>\n";
  if (!true_field(privacy, "enrolled")) {
    body += paragraph(texts.get("privacy.local_only"), "lead");
  } else {
    body += paragraph(
        texts.fill("privacy.enrolled", {text_field(privacy, "organization"), text_field(privacy, "fleet")}), "lead");
    body += paragraph(texts.get(true_field(privacy, "may_send") ? "privacy.sending" : "privacy.not_sending"));
    if (const auto until = text_field(privacy, "paused_until"); !until.empty())
      body += paragraph(texts.fill("privacy.paused", {until}));
    body += paragraph(texts.fill("privacy.counts", {std::to_string(integer_field(privacy, "sent").value_or(0)),
                                                    std::to_string(integer_field(privacy, "waiting").value_or(0))}));
  }
  for (const auto* part :
       {"privacy.what", "privacy.never", "privacy.why", "privacy.how_long", "privacy.stop", "privacy.check"})
    body += "<div class=\"card\">" + escape_html(texts.get(part)) + "</div>\n";
  return make_page(language, {.title = texts.get("privacy.title"), .machine = {}, .body = body});
}

}  // namespace hale::agent
