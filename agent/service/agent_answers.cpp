// Answers to `hale status`, `components`, `findings`, `explain`.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "agent/service/agent.hpp"
#include "core/codec.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;

std::string series_name(const rules::SeriesKey& key) {
  std::string name(info(key.metric).name);
  if (!key.component.empty()) name += "/" + key.component;
  if (!key.key.empty()) name += "/" + key.key;
  return name;
}

json words_of(const rules::RuleSet::Texts& texts) {
  return {{"title", texts.title},
          {"reason", texts.reason},
          {"first_step", texts.first_step},
          {"stakes", texts.stakes},
          {"when_to_call", texts.when_to_call},
          {"further_steps", texts.further_steps},
          {"references", texts.references}};
}

/// The facts in words of the person's language; `finding` keeps them for programs.
json evidence_of(const rules::RuleSet& rules, const Finding& finding, const std::string& language) {
  json list = json::array();
  for (const auto& line : rules.evidence(finding, language))
    list.push_back({{"fact", line.fact}, {"name", line.name}, {"text", line.text}});
  return list;
}

json plot_names_of(const rules::RuleSet& rules, const Finding& finding, const std::string& language) {
  json names = json::object();
  for (const auto& plot : finding.evidence.plots)
    names[plot.metric] = rules.evidence_name(finding.rule, plot.metric, language);
  return names;
}

}  // namespace

std::uint64_t Agent::rejected_of(std::size_t collector) const {
  std::map<std::string, std::uint64_t> by_series;
  for (const auto& rejection : pipeline_->judge().rejections()) by_series[rejection.series] += rejection.count;
  if (by_series.empty()) return 0;
  std::uint64_t sum = 0;
  const auto& all = layout_.all_series();
  for (std::size_t i = 0; i < all.size() && i < owner_.size(); ++i) {
    if (owner_[i] != collector) continue;
    if (const auto found = by_series.find(series_name(all[i])); found != by_series.end()) sum += found->second;
  }
  return sum;
}

json Agent::collectors_status() const {
  json list = json::array();
  const auto& entries = scheduler_->entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto status = scheduler_->status(i);
    list.push_back({{"name", entries[i].collector->name()},
                    {"status", to_string(status.state)},
                    {"readings", entries[i].readings},
                    {"rejected", rejected_of(i)},
                    {"detail", status.detail}});
  }
  return list;
}

json Agent::coverage() const {
  json list = json::array();
  for (const auto& each : pipeline_->judge().coverage()) list.push_back(to_json(each));
  return list;
}

json Agent::status() {
  const auto size = store_->size();
  json store{{"bytes", size.bytes},
             {"max_bytes", options_.config.store_max_mb * 1'000'000LL},
             {"detail_blocks", size.blocks[0]},
             {"findings", size.findings}};
  if (!store_->trouble().empty()) store["trouble"] = store_->trouble();
  json rejected = json::array();
  for (const auto& each : pipeline_->judge().rejections())
    rejected.push_back(
        {{"series", each.series}, {"reason", each.reason}, {"count", each.count}, {"last_value", each.last_value}});
  std::size_t waiting = 0;
  for (const auto& each : store_->messages(MessageState::waiting)) waiting += each.message.id.empty() ? 0U : 1U;
  json answer{{"version", HALE_VERSION},
              {"state", state_word_},
              {"since", to_rfc3339(started_)},
              {"time", to_rfc3339(now())},
              {"sweeps", sweeps_},
              {"sweep_interval_s", options_.config.sweep_interval_s},
              {"language", language_},
              {"collectors", collectors_status()},
              {"rejected", std::move(rejected)},
              {"coverage", coverage()},
              {"active_findings", store_->findings(false).size()},
              {"waiting_messages", waiting},
              {"desktop_session", presence_.session},
              {"store", std::move(store)},
              {"notes", notes_},
              {"privacy", privacy()}};
  if (!options_.replay.empty()) answer["replay"] = options_.replay.filename().string();
  return answer;
}

json Agent::components() {
  std::map<std::string, json> latest;
  for (const auto& sample : pipeline_->judge().accepted()) {
    const auto& key = layout_.all_series()[sample.series];
    json reading{{"metric", info(key.metric).name}, {"unit", info(key.metric).unit}, {"value", sample.value}};
    if (!key.key.empty()) reading["key"] = key.key;
    latest[key.component].push_back(std::move(reading));
  }
  json list = json::array();
  for (const auto& [id, component] : pipeline_->components()) {
    auto entry = to_json(component);
    entry["readings"] = latest.contains(id) ? latest[id] : json::array();
    list.push_back(std::move(entry));
  }
  for (auto& [id, readings] : latest) {  // a recording may not describe what it has readings of
    if (id.empty() || pipeline_->components().contains(id)) continue;
    auto entry = to_json(Component{.id = id,
                                   .parent = {},
                                   .type = guess_component_type(id),
                                   .name = {},
                                   .vendor = {},
                                   .model = {},
                                   .firmware = {},
                                   .serial_hash = {}});
    entry["readings"] = readings;
    list.push_back(std::move(entry));
  }
  json answer{{"components", std::move(list)}, {"time", to_rfc3339(pipeline_->last_time())}};
  answer["chassis"] = chassis();
  if (latest.contains("")) answer["system"] = latest[""];
  return answer;
}

json Agent::findings(bool all, const std::string& language) {
  json list = json::array();
  const auto messages = store_->messages(std::nullopt);
  for (const auto& finding : store_->findings(all)) {
    auto entry = to_json(finding);
    entry.erase("evidence");
    const auto texts = rules_.texts(finding, language.empty() ? language_ : language);
    if (!language.empty() && !texts.reason.empty()) entry["summary"] = texts.reason;
    entry["title"] = texts.title;
    entry["first_step"] = texts.first_step;
    entry["notified"] = "no";
    for (const auto& each : messages)
      if (each.message.fingerprint == finding.fingerprint) entry["notified"] = to_string(each.state);
    if (const auto answer = store_->last_answer(finding.fingerprint)) entry["answer"] = to_string(*answer);
    list.push_back(std::move(entry));
  }
  return {{"findings", std::move(list)}};
}

Result<json> Agent::explain(const std::string& id, const std::string& language, const std::string& steps) {
  const auto finding = store_->finding(id);
  if (!finding)
    return fail(Errc::not_found, fmt::format("there is no finding {}; `hale findings --all` lists them", id));
  using Steps = rules::RuleSet::Steps;
  const auto& lang = language.empty() ? language_ : language;
  const auto detail = (steps.empty() ? options_.config.steps : steps) == "detailed" ? Steps::detailed : Steps::simple;
  json answer{{"finding", to_json(*finding)},
              {"texts", words_of(rules_.texts(*finding, lang, detail))},
              {"steps", detail == Steps::detailed ? "detailed" : "simple"},
              {"evidence", evidence_of(rules_, *finding, lang)},
              {"plot_names", plot_names_of(rules_, *finding, lang)},
              {"language", lang},
              {"chassis", chassis()},
              {"enrolled", identity_.has_value()}};
  if (const auto host = pipeline_->components().find("host"); host != pipeline_->components().end())
    answer["host"] = to_json(host->second);
  if (const auto component = pipeline_->components().find(finding->component);
      component != pipeline_->components().end())
    answer["component"] = to_json(component->second);
  if (identity_) answer["organization"] = identity_->organization;
  return answer;
}

Result<> Agent::snooze(const std::string& id, int days) {
  const auto finding = store_->finding(id);
  if (!finding)
    return fail(Errc::not_found, fmt::format("there is no finding {}; `hale findings --all` lists them", id));
  pipeline_->snooze(finding->fingerprint, days, now());
  return {};
}

void Agent::shown(const std::string& message_id) { pipeline_->shown(message_id, now()); }

}  // namespace hale::agent
