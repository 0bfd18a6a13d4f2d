// hale status, components, findings, explain.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/cli/commands.hpp"
#include "agent/page/svg_plot.hpp"
#include "agent/service/json_fields.hpp"
#include "core/codec.hpp"

namespace hale::agent::cli {
namespace {

using nlohmann::json;

const json& list_in(const json& object, const char* name) {
  static const json none = json::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : none;
}

std::string status_word(const Context& context, const std::string& status) {
  if (status == "ok") return context.texts.get("status.ok");
  return context.texts.get(status == "absent" ? "status.absent" : "status.error");
}

void print_collectors(const Context& context, const json& status) {
  print(context.texts.get("status.collectors") + "\n");
  for (const auto& each : list_in(status, "collectors")) {
    const auto readings =
        context.texts.fill("status.readings", {std::to_string(integer_field(each, "readings").value_or(0))});
    const auto rejected = integer_field(each, "rejected").value_or(0);
    print(fmt::format("  {} {} {}{}{}\n", padded(text_field(each, "name"), 12),
                      padded(status_word(context, text_field(each, "status")), 8), padded(readings, 14),
                      rejected > 0 ? context.texts.fill("status.rejected", {std::to_string(rejected)}) + "  " : "",
                      text_field(each, "detail")));
  }
}

void print_privacy_line(const Context& context, const json& privacy) {
  if (const auto copy = privacy.find("copy"); copy != privacy.end()) {
    const auto standing = text_field(*copy, "standing");
    const auto* key = standing == "forbidden" ? "status.copy_forbidden"
                      : standing == "refused" ? "status.copy_refused"
                                              : "status.copy_waiting";
    return print(context.texts.fill(
                     key, {text_field(*copy, "organization"), text_field(*copy, "of"), text_field(*copy, "fleet")}) +
                 "\n");
  }
  if (!true_field(privacy, "enrolled")) return print(context.texts.get("status.local_only") + "\n");
  print(context.texts.fill(
            true_field(privacy, "may_send") ? "status.sending" : "status.not_sending",
            {text_field(privacy, "organization"), std::to_string(integer_field(privacy, "waiting").value_or(0))}) +
        "\n");
}

std::string level_of_severity(const Context& context, const std::string& severity) {
  switch (parse_severity(severity).value_or(Severity::info)) {
    case Severity::info:
      return context.texts.get("level.tip");
    case Severity::warning:
      return context.texts.get("level.warning");
    case Severity::critical:
      return context.texts.get("level.urgent");
  }
  return {};
}

}  // namespace

int show_status(const Context& context) {
  const auto status = ask({{"do", "status"}});
  if (!status) return complain(context, status.error());
  if (context.json) {
    print_json(*status);
    return kOk;
  }
  print(fmt::format(
      "Hale {}: {}\n", text_field(*status, "version"),
      context.texts.fill("status.state", {text_field(*status, "state"), local_time(text_field(*status, "since"))})));
  print_collectors(context, *status);
  for (const auto& each : list_in(*status, "rejected"))
    print(fmt::format(
        "  {}\n", context.texts.fill("status.refused", {text_field(each, "series"), text_field(each, "reason"),
                                                        std::to_string(integer_field(each, "count").value_or(0))})));
  std::size_t judged = 0;
  std::size_t insufficient = 0;
  for (const auto& each : list_in(*status, "coverage")) ++(text_field(each, "status") == "ok" ? judged : insufficient);
  print(context.texts.fill("status.coverage", {std::to_string(judged), std::to_string(insufficient)}) + "\n");
  print(
      context.texts.fill("status.findings", {std::to_string(integer_field(*status, "active_findings").value_or(0)),
                                             std::to_string(integer_field(*status, "waiting_messages").value_or(0))}) +
      "\n");
  if (const auto store = status->find("store"); store != status->end()) {
    if (const auto trouble = text_field(*store, "trouble"); !trouble.empty())
      print(context.texts.fill("status.store_trouble", {trouble}) + "\n");
  }
  if (const auto privacy = status->find("privacy"); privacy != status->end()) print_privacy_line(context, *privacy);
  if (const auto upload = status->find("upload"); upload != status->end())
    if (const auto error = text_field(*upload, "error"); !error.empty())
      print(context.texts.fill("status.upload_error", {error}) + "\n");
  for (const auto& note : list_in(*status, "notes"))
    if (note.is_string()) print(note.get<std::string>() + "\n");
  return kOk;
}

int show_components(const Context& context) {
  const auto reply = ask({{"do", "components"}});
  if (!reply) return complain(context, reply.error());
  if (context.json) {
    print_json(*reply);
    return kOk;
  }
  for (const auto& each : list_in(*reply, "components")) {
    const auto name = text_field(each, "name");
    print(fmt::format("{}  {}  {} {}\n", padded(text_field(each, "id"), 36), padded(text_field(each, "type"), 14), name,
                      text_field(each, "model") == name ? "" : text_field(each, "model")));
    for (const auto& reading : list_in(each, "readings")) {
      const auto key = text_field(reading, "key");
      print(fmt::format("    {} {}\n", padded(text_field(reading, "metric") + (key.empty() ? "" : "/" + key), 48),
                        number_for_people(reading.at("value").get<double>(), text_field(reading, "unit"))));
    }
  }
  if (list_in(*reply, "components").empty()) print(context.texts.get("components.none") + "\n");
  return kOk;
}

int show_findings(const Context& context, bool all) {
  const auto reply = ask({{"do", "findings"}, {"all", all}});
  if (!reply) return complain(context, reply.error());
  if (context.json) {
    print_json(*reply);
    return kOk;
  }
  const auto& findings = list_in(*reply, "findings");
  if (findings.empty()) print(context.texts.get("findings.none") + "\n");
  for (const auto& each : findings) {
    const bool resolved = text_field(each, "state") == "resolved";
    const auto level =
        resolved ? context.texts.get("findings.resolved") : level_of_severity(context, text_field(each, "severity"));
    print(fmt::format("{}  {}  {}  {}\n", text_field(each, "fingerprint").substr(0, 8), padded(level, 12),
                      local_time(text_field(each, "last_seen")), text_field(each, "summary")));
  }
  return kOk;
}

int explain(const Context& context, const std::string& id, const std::string& steps) {
  const auto reply = ask_explanation(context, id, steps);
  if (!reply) return complain(context, reply.error());
  if (context.json) {
    print_json(*reply);
    return kOk;
  }
  const auto finding = finding_from_json(reply->value("finding", json::object()));
  if (!finding) return complain(context, {finding.error(), kFailed});
  const auto words = reply->value("texts", json::object());
  print(fmt::format("{}: {}\n{}\n\n", level_of_severity(context, std::string(to_string(finding->severity))),
                    text_field(words, "title"), text_field(words, "reason")));
  print(context.texts.get("page.evidence") + "\n");
  for (const auto& line : list_in(*reply, "evidence"))
    print(fmt::format("  {} {}\n", padded(text_field(line, "name"), 42), text_field(line, "text")));
  print(context.texts.fill("page.basis", {finding->rule, std::to_string(finding->rule_version),
                                          fmt::format("{:.0f} %", finding->confidence * 100),
                                          to_rfc3339(finding->first_seen), to_rfc3339(finding->last_seen)}) +
        "\n\n");
  print(context.texts.get("page.what_to_do") + "\n  1. " + text_field(words, "first_step") + "\n");
  int number = 1;
  for (const auto& step : list_in(words, "further_steps"))
    if (step.is_string()) print(fmt::format("  {}. {}\n", ++number, step.get<std::string>()));
  if (const auto call = text_field(words, "when_to_call"); !call.empty())
    print("\n" + context.texts.get("page.when_to_call") + "\n  " + call + "\n");
  return kOk;
}

}  // namespace hale::agent::cli
