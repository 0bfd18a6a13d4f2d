#include <cmath>
#include <limits>

#include "core/codec.hpp"
#include "core/json_reader.hpp"

namespace hale {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxId = 256;
constexpr std::size_t kMaxFacts = 256;
constexpr std::size_t kMaxPlots = 32;
constexpr std::size_t kMaxPoints = 4096;

json to_json(const Plot& plot) {
  json points = json::array();
  for (const auto& [time, value] : plot.points) points.push_back(json::array({to_unix_seconds(time), value}));
  json object{{"metric", plot.metric}, {"component", plot.component}, {"unit", plot.unit}, {"points", std::move(points)}};
  if (plot.threshold) object["threshold"] = *plot.threshold;
  return object;
}

bool is_point(const json& value) {
  if (!value.is_array() || value.size() != 2 || !value[0].is_number() || !value[1].is_number()) return false;
  const double seconds = value[0].get<double>();
  return seconds >= 0 && seconds < 253402300800.0 && std::isfinite(value[1].get<double>());  // up to the year 9999
}

Result<Plot> plot_from_json(const json& value, std::string path) {
  JsonReader reader(value, std::move(path));
  Plot plot;
  plot.metric = reader.filled_text("metric", kMaxId);
  plot.component = reader.text("component", kMaxId);
  plot.unit = reader.text("unit", 32);
  plot.threshold = reader.optional_number("threshold");
  for (const json& point : reader.array("points", kMaxPoints)) {
    if (!is_point(point)) {
      reader.complain(Error{Errc::invalid_input, reader.path_of("points", plot.points.size()) + ": expected [Unix seconds, number]"});
      break;
    }
    plot.points.emplace_back(from_unix_ms(std::llround(point[0].get<double>() * 1000)), point[1].get<double>());
  }
  return reader.finish(std::move(plot));
}

Result<Fact> fact_from_json(const std::string& name, const json& value, std::string path) {
  JsonReader reader(value, std::move(path));
  Fact fact;
  fact.name = name;
  fact.unit = reader.text("unit", 32);
  if (const auto at = value.find("value"); value.is_object() && at != value.end() && at->is_string()) {
    fact.value = reader.text("value");
  } else {
    fact.value = reader.number("value");
  }
  return reader.finish(std::move(fact));
}

Result<Evidence> evidence_at(const json& value, const std::string& path) {
  JsonReader reader(value, path);
  Evidence evidence;
  evidence.from = reader.time("from");
  evidence.to = reader.time("to");
  evidence.projected = reader.optional_time("projected");
  for (const auto& [name, member] : reader.object("facts", kMaxFacts).items()) {
    auto fact = fact_from_json(name, member, reader.path_of("facts") + "." + name);
    if (!fact) return fail(std::move(fact.error()));
    evidence.facts.push_back(std::move(*fact));
  }
  for (const json& member : reader.array("plots", kMaxPlots)) {
    auto plot = plot_from_json(member, reader.path_of("plots", evidence.plots.size()));
    if (!plot) return fail(std::move(plot.error()));
    evidence.plots.push_back(std::move(*plot));
  }
  return reader.finish(std::move(evidence));
}

}  // namespace

json to_json(const Evidence& evidence) {
  json facts = json::object();
  for (const Fact& fact : evidence.facts) {
    json& member = facts[fact.name];
    member["unit"] = fact.unit;
    std::visit([&member](const auto& value) { member["value"] = value; }, fact.value);
  }
  json plots = json::array();
  for (const Plot& plot : evidence.plots) plots.push_back(to_json(plot));
  json object{{"from", to_rfc3339(evidence.from)}, {"to", to_rfc3339(evidence.to)}, {"facts", std::move(facts)}, {"plots", std::move(plots)}};
  if (evidence.projected) object["projected"] = to_rfc3339(*evidence.projected);
  return object;
}

Result<Evidence> evidence_from_json(const json& value) { return evidence_at(value, "evidence"); }

json to_json(const Finding& finding) {
  return {{"time", to_rfc3339(finding.last_seen)},
          {"rule", finding.rule},
          {"rule_version", finding.rule_version},
          {"fingerprint", finding.fingerprint},
          {"state", to_string(finding.state)},
          {"cause", to_string(finding.cause)},
          {"component", finding.component},
          {"severity", to_string(finding.severity)},
          {"confidence", finding.confidence},
          {"evidence", to_json(finding.evidence)},
          {"summary", finding.summary},
          {"first_seen", to_rfc3339(finding.first_seen)},
          {"last_seen", to_rfc3339(finding.last_seen)}};
}

Result<Finding> finding_from_json(const json& value) {
  JsonReader reader(value, "finding");
  Finding finding;
  finding.fingerprint = reader.filled_text("fingerprint", kMaxId);
  finding.rule = reader.filled_text("rule", kMaxId);
  finding.rule_version = static_cast<std::uint32_t>(reader.integer("rule_version", std::numeric_limits<std::uint32_t>::max()));
  finding.component = reader.text("component", kMaxId);
  finding.cause = reader.word("cause", Cause::clock_battery);
  finding.state = reader.word("state", FindingState::resolved);
  finding.severity = reader.word("severity", Severity::critical);
  finding.confidence = reader.number("confidence");
  if (finding.confidence < 0 || finding.confidence > 1) reader.complain("confidence", "expected a number from 0 to 1");
  finding.summary = reader.text("summary");
  finding.first_seen = reader.time("first_seen");
  finding.last_seen = reader.time("last_seen");
  if (reader.time("time") != finding.last_seen) reader.complain("time", "differs from last_seen");
  if (!reader.has("evidence")) reader.complain("evidence", "is missing");
  if (!reader.good()) return reader.finish(std::move(finding));
  auto evidence = evidence_at(value["evidence"], reader.path_of("evidence"));
  if (!evidence) return fail(std::move(evidence.error()));
  finding.evidence = std::move(*evidence);
  return finding;
}

json to_json(const Notification& notification) {
  json actions = json::array();
  for (const auto& action : notification.actions) actions.push_back({{"answer", to_string(action.answer)}, {"label", action.label}});
  return {{"id", notification.id},
          {"fingerprint", notification.fingerprint},
          {"rule", notification.rule},
          {"level", to_string(notification.level)},
          {"title", notification.title},
          {"body", notification.body},
          {"actions", std::move(actions)},
          {"time", to_rfc3339(notification.time)}};
}

Result<Notification> notification_from_json(const json& value) {
  JsonReader reader(value, "notification");
  Notification notification;
  notification.id = reader.filled_text("id", kMaxId);
  notification.fingerprint = reader.text("fingerprint", kMaxId);
  notification.rule = reader.text("rule", kMaxId);
  notification.level = reader.word("level", Level::urgent);
  notification.title = reader.text("title", 1024);
  notification.body = reader.text("body");
  notification.time = reader.time("time");
  for (const json& member : reader.optional_array("actions", 8)) {
    JsonReader action(member, reader.path_of("actions", notification.actions.size()));
    auto read = action.finish(NotificationAction{action.word("answer", Answer::dismissed), action.text("label", 256)});
    if (!read) return fail(std::move(read.error()));
    notification.actions.push_back(std::move(*read));
  }
  return reader.finish(std::move(notification));
}

json to_json(const Outcome& outcome) {
  return {{"time", to_rfc3339(outcome.time)}, {"rule", outcome.rule},     {"component", outcome.component},
          {"result", outcome.result},         {"before", outcome.before}, {"after", outcome.after}};
}

Result<Outcome> outcome_from_json(const json& value) {
  JsonReader reader(value, "outcome");
  Outcome outcome;
  outcome.time = reader.time("time");
  outcome.rule = reader.filled_text("rule", kMaxId);
  outcome.component = reader.optional_text("component", kMaxId);
  outcome.result = reader.text("result", 32);
  if (outcome.result != "improved" && outcome.result != "unchanged" && outcome.result != "worse") {
    reader.complain("result", "unknown word '" + outcome.result + "', expected improved, unchanged or worse");
  }
  outcome.before = reader.number("before");
  outcome.after = reader.number("after");
  return reader.finish(std::move(outcome));
}

json to_json(const Coverage& coverage) {
  return {{"rule", coverage.rule}, {"status", coverage.status}, {"tier", coverage.tier}, {"reason", coverage.reason}};
}

}  // namespace hale
