// What the pages and their links ask for: history to draw, quiet hours, a call for help.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/service/agent.hpp"
#include "agent/service/log.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr const char* kQuietMeta = "quiet_hours";
constexpr const char* kHelpMeta = "help_asked";
/// A second press within the hour is the same call.
constexpr auto kSameCall = std::chrono::hours(1);
constexpr std::int64_t kHourMs = 3'600'000;

std::string clock_text(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

/// Some 340 to 840 points a series, on steps that the store's tiers have.
std::int64_t step_for(int days) {
  if (days <= 2) return kHourMs / 12;
  if (days <= 7) return kHourMs / 2;
  return days <= 35 ? kHourMs : 24 * kHourMs;
}

double rounded(double value) { return std::isfinite(value) ? std::round(value * 1000) / 1000 : 0; }

}  // namespace

std::string Agent::chassis() const {
  const auto& said = pipeline_->context().host_chassis;
  if (!said.empty()) return said;
  const auto& components = pipeline_->components();
  const bool battery = std::any_of(components.begin(), components.end(),
                                   [](const auto& each) { return each.second.type == ComponentType::battery; });
  return battery ? "laptop" : "";
}

Result<json> Agent::history(int days, const std::vector<SeriesName>& series) {
  const auto to = now();
  const auto step = step_for(days);
  const auto curves = store_->history(series, to - std::chrono::days(days), to, step);
  json list = json::array();
  for (std::size_t i = 0; i < curves.size(); ++i) {
    json points = json::array();
    for (const auto& point : curves[i])
      points.push_back({point.start_ms / 1000, rounded(point.mean), rounded(point.low), rounded(point.high)});
    list.push_back({{"metric", info(series[i].metric).name},
                    {"component", series[i].component},
                    {"key", series[i].key},
                    {"points", std::move(points)}});
  }
  return json{{"step_s", step / 1000}, {"series", std::move(list)}};
}

rules::QuietHours Agent::quiet_hours() const {
  const auto& config = options_.config;
  rules::QuietHours quiet{.from_minute = config.quiet_from_minute, .to_minute = config.quiet_to_minute};
  // What the person chose stands over the configuration.
  if (const auto chosen = store_->meta(kQuietMeta)) {
    int from = 0;
    int to = 0;
    if (std::sscanf(chosen->c_str(), "%4d-%4d", &from, &to) == 2 && from >= 0 && from < 1440 && to >= 0 && to < 1440)
      quiet = {.from_minute = from, .to_minute = to};
  }
  return quiet;
}

json Agent::quiet() {
  const auto hours = quiet_hours();
  return {{"from", clock_text(hours.from_minute)},
          {"to", clock_text(hours.to_minute)},
          {"chosen_by", store_->meta(kQuietMeta) ? "person" : "configuration"}};
}

Result<json> Agent::set_quiet(int from_minute, int to_minute) {
  UrgentChange change;
  change.meta[kQuietMeta] = fmt::format("{}-{}", from_minute, to_minute);
  store_->write(std::move(change));
  refresh_policy();
  log_info(fmt::format("quiet hours: {} to {}", clock_text(from_minute), clock_text(to_minute)));
  return quiet();
}

Result<json> Agent::ask_for_help() {
  json answer{{"enrolled", identity_.has_value()}, {"recorded", false}, {"may_send", may_send()}};
  if (!identity_) return answer;
  answer["organization"] = identity_->organization;
  if (!pipeline_->uploading()) return answer;
  answer["recorded"] = true;
  const auto at = now();
  if (const auto before = store_->meta(kHelpMeta))
    if (const auto asked = parse_rfc3339(*before); asked && at >= *asked && at - *asked < kSameCall) return answer;
  pipeline_->call_for_help(at);
  UrgentChange change;
  change.meta[kHelpMeta] = to_rfc3339(at);
  store_->write(std::move(change));
  if (may_send()) hooks_.upload_soon();
  return answer;
}

}  // namespace hale::agent
