#include "fleet/api/views.hpp"

#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "fleet/service/tokens.hpp"

namespace hale::fleet {

using nlohmann::json;

namespace {
// Stored bodies were checked when they came; one that does not parse any more is shown as empty rather than hiding the
// page.
json stored(const std::string& body) {
  auto parsed = parse_json(body);
  return parsed ? std::move(*parsed) : json::object();
}

json finding_view(json body, const std::string& device, const std::string& name) {
  body["device"] = device;
  body["device_name"] = name;
  return body;
}
}  // namespace

json view_of(const Device& device) {
  json view = {
      {"id", device.id},
      {"name", device.name.empty() ? device.id.substr(0, 8) : device.name},
      {"vendor", device.vendor},
      {"model", device.model},
      {"os", device.os},
      {"agent_version", device.agent_version},
      {"chassis", device.chassis},
      {"health", to_string(device.health)},
      {"status", to_string(device.status)},
      {"enrolled", to_rfc3339(device.enrolled)},
      {"findings", {{"info", device.active[0]}, {"warning", device.active[1]}, {"critical", device.active[2]}}}};
  if (device.last_seen) view["last_seen"] = to_rfc3339(*device.last_seen);
  return view;
}

json view_of(const Transition& transition) {
  return finding_view(stored(transition.body), transition.device_id, transition.device_name);
}

json view_of(const Activity& activity, const Device& device) {
  json body = stored(activity.body);
  if (activity.kind == "finding") body = finding_view(std::move(body), device.id, device.name);
  return {{"time", to_rfc3339(activity.time)}, {"kind", activity.kind}, {"body", std::move(body)}};
}

json view_of(const Certificate& certificate) {
  json view = {{"serial", certificate.serial},
               {"not_before", to_rfc3339(certificate.not_before)},
               {"not_after", to_rfc3339(certificate.not_after)},
               {"revoked", certificate.revoked.has_value()}};
  if (!certificate.reason.empty()) view["reason"] = certificate.reason;
  return view;
}

json view_of(const Token& token, Timestamp now) {
  return {{"id", token.id},
          {"created", to_rfc3339(token.created)},
          {"created_by", token.created_by},
          {"expires", to_rfc3339(token.expires)},
          {"uses", token.uses},
          {"used", token.used},
          {"status", status_of(token, now)},
          {"note", token.note}};
}

json view_of(const User& user) {
  json view = {{"name", user.name}, {"role", to_string(user.role)}, {"created", to_rfc3339(user.created)}};
  if (user.last_login) view["last_login"] = to_rfc3339(*user.last_login);
  return view;
}

json view_of(const AuditEntry& entry) {
  return {{"time", to_rfc3339(entry.time)},
          {"user", entry.user},
          {"action", entry.action},
          {"target", entry.target},
          {"detail", entry.detail}};
}

json view_of(const Counts& counts, Timestamp now) {
  json devices = {{"silent", counts.silent}, {"cloned", counts.cloned}, {"revoked", counts.revoked}};
  std::int64_t total = 0;
  for (int i = 0; i < 5; ++i) {
    devices[std::string(to_string(static_cast<Health>(i)))] = counts.health[i];
    total += counts.health[i];
  }
  devices["total"] = total;
  json causes = json::array();
  for (const auto& [cause, count] : counts.causes) causes.push_back({{"cause", cause}, {"count", count}});
  json agents = json::array();
  for (const auto& [version, count] : counts.agents) agents.push_back({{"version", version}, {"count", count}});
  return {{"time", to_rfc3339(now)},
          {"devices", std::move(devices)},
          {"findings", {{"info", counts.active[0]}, {"warning", counts.active[1]}, {"critical", counts.active[2]}}},
          {"causes", std::move(causes)},
          {"agents", std::move(agents)}};
}

}  // namespace hale::fleet
