#include "agent/service/items.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/codec.hpp"

namespace hale::agent {

using nlohmann::json;

Item make_item(const Finding& finding) {
  auto id = fmt::format("finding-{}-{}-{}-{}", finding.fingerprint, to_unix_ms(finding.last_seen),
                        to_string(finding.state), to_string(finding.severity));
  return {std::move(id), ItemKind::finding, finding.last_seen, to_json(finding).dump()};
}

Item make_item(const Notification& shown, Timestamp at) {
  const json body{{"id", shown.id},        {"fingerprint", shown.fingerprint},
                  {"rule", shown.rule},    {"level", to_string(shown.level)},
                  {"title", shown.title},  {"body", shown.body},
                  {"time", to_rfc3339(at)}};
  return {fmt::format("notification-{}", shown.id), ItemKind::notification, at, body.dump()};
}

Item make_item(const Outcome& outcome) {
  return {fmt::format("outcome-{}-{}-{}", outcome.rule, outcome.component, to_unix_ms(outcome.time)), ItemKind::outcome,
          outcome.time, to_json(outcome).dump()};
}

Item make_item(const Event& event, std::size_t number) {
  return {
      fmt::format("event-{}-{}-{}-{}-{}", event.component, event.source, event.code, to_unix_ms(event.time), number),
      ItemKind::event, event.time, to_json(event).dump()};
}

Item make_feedback_item(const std::string& fingerprint, const std::string& rule, Answer answer, Timestamp time) {
  const json body{
      {"fingerprint", fingerprint}, {"rule", rule}, {"answer", to_string(answer)}, {"time", to_rfc3339(time)}};
  return {fmt::format("feedback-{}-{}-{}", fingerprint, to_string(answer), to_unix_ms(time)), ItemKind::feedback, time,
          body.dump()};
}

Item make_telemetry_item(std::string body, Timestamp now) {
  return {fmt::format("telemetry-{}", to_unix_ms(now)), ItemKind::telemetry, now, std::move(body)};
}

Item make_inventory_item(const std::map<std::string, Component>& components, const Context& context,
                         const std::string& host_name_hash, const std::string& language, Timestamp now) {
  json list = json::array();
  for (const auto& [id, component] : components) list.push_back(to_json(component));
  const json body{{"components", std::move(list)},
                  {"context", to_json(context)},
                  {"host", {{"name_hash", host_name_hash}}},
                  {"agent", {{"version", HALE_VERSION}, {"language", language}}}};
  return {fmt::format("inventory-{}", to_unix_ms(now)), ItemKind::inventory, now, body.dump()};
}

Item make_status_item(std::string body, Timestamp now) {
  return {fmt::format("status-{}", to_unix_ms(now)), ItemKind::status, now, std::move(body)};
}

}  // namespace hale::agent
