#include "agent/service/pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "agent/service/items.hpp"
#include "platform/compression.hpp"

namespace hale::agent {
namespace {

constexpr std::size_t kMaxJudgeState = 64u << 20;
/// A small state of the judge goes along with every grouped write, a larger one (while a model learns) once an hour.
constexpr std::size_t kSmallJudgeState = 8u << 10;
constexpr auto kLargeStateEvery = std::chrono::hours(1);
constexpr auto kStatusEvery = std::chrono::hours(1);
constexpr std::size_t kBackfill = 1000;
constexpr std::size_t kMaxEvents = 100;
/// Stands for the finding, and the rule, of a call for help that is about none.
constexpr const char* kHelp = "hale.help";

}  // namespace

Pipeline::Pipeline(const rules::RuleSet& rules, rules::Layout& layout, Store& store, Options options, Hooks hooks)
    : rules_(rules), layout_(layout), store_(store), options_(std::move(options)), hooks_(std::move(hooks)) {
  judges_.push_back(std::make_unique<rules::Judge>(rules_, layout_, options_.policy, sink()));
}

Pipeline::~Pipeline() = default;

std::optional<Error> Pipeline::restore() {
  for (const auto& component : store_.components()) {
    components_[component.id] = component;
    judges_[0]->describe(component);
  }
  const auto sealed = store_.meta("judge");
  if (!sealed) return std::nullopt;
  const auto bytes = zstd_decompress(*sealed, kMaxJudgeState);
  if (!bytes) return bytes.error();
  if (auto restored = judges_[0]->restore(*bytes); !restored) {
    restart_judging();
    return restored.error();
  }
  return std::nullopt;
}

void Pipeline::restart_judging() {
  judges_.clear();
  judges_.push_back(std::make_unique<rules::Judge>(rules_, layout_, options_.policy, sink()));
  for (const auto& [id, component] : components_) judges_[0]->describe(component);
  judges_[0]->set_context(context_);
  rejected_seen_.clear();
}

void Pipeline::describe(std::span<const Component> components) {
  for (const auto& component : components) {
    auto& known = components_[component.id];
    if (known == component) continue;
    known = component;
    changed_components_.push_back(component);
    inventory_changed_ = true;
    for (auto& judge : judges_) judge->describe(component);
  }
}

void Pipeline::set_context(const Context& context) {
  if (context == context_) return;
  context_ = context;
  inventory_changed_ = true;
  judges_[0]->set_context(context);
}

void Pipeline::note_events(std::span<const Event> events) {
  for (const auto& event : events)
    if (events_.size() < kMaxEvents) events_.push_back(event);
}

void Pipeline::step(Timestamp time, std::span<const rules::Sample> samples, std::span<const rules::EventSample> events,
                    std::uint32_t device) {
  while (judges_.size() <= device)
    judges_.push_back(std::make_unique<rules::Judge>(rules_, layout_, options_.policy, sink()));
  device_ = device;
  last_time_ = time;
  auto& judge = *judges_[device];
  judge.step(time, samples, events);
  if (device == 0) {
    readings_.add(time, judge.accepted());
    if (uploading_) telemetry_.add(time, judge.accepted());
  }
  commit_urgent();
  device_ = 0;
}

void Pipeline::on_finding(const Finding& finding) {
  Finding own = finding;
  if (device_ > 0) own.fingerprint = fmt::format("{}-{}", own.fingerprint, device_);
  if (uploading_) urgent_.items.push_back(make_item(own));
  urgent_.findings.push_back(std::move(own));
}

void Pipeline::on_notification(const Notification& message) {
  if (device_ > 0) return;  // the person at this PC is told of this PC
  urgent_.messages.push_back(message);
  if (!message.rule.empty()) return;
  auto& welcome = urgent_.messages.back();
  welcome.fingerprint = kWelcomeFingerprint;
  welcome.actions = {{Answer::how_to_fix, options_.welcome_action}};
}

void Pipeline::on_withdraw(const std::string& notification_id) {
  urgent_.message_states.emplace_back(notification_id, MessageState::withdrawn);
}

void Pipeline::on_outcome(const Outcome& outcome) {
  if (uploading_) urgent_.items.push_back(make_item(outcome));
  urgent_.outcomes.push_back(outcome);
}

std::string Pipeline::judge_state() const { return zstd_compress(judges_[0]->save()); }

void Pipeline::commit_urgent() {
  if (urgent_.empty()) return;
  auto change = std::exchange(urgent_, {});
  change.meta["judge"] = judge_state();
  if (hooks_.add_bookmarks) hooks_.add_bookmarks(change.meta);
  judge_saved_ = last_time_;
  const auto messages = change.messages;
  const auto states = change.message_states;
  const bool upload = !change.items.empty();
  store_.write(std::move(change));
  // Only what is durable is said aloud: after a crash nobody is told twice.
  for (const auto& message : messages) hooks_.show(message);
  for (const auto& [id, state] : states)
    if (state == MessageState::withdrawn || state == MessageState::answered) hooks_.withdraw(id);
  if (upload) hooks_.upload_soon();
}

std::uint32_t Pipeline::store_id(rules::SeriesIndex series) {
  if (series >= store_ids_.size()) store_ids_.resize(series + 1, 0);
  auto& id = store_ids_[series];
  if (id == 0) {
    const auto& key = layout_.all_series()[series];
    id = store_.series_id(key.metric, key.component, key.key);
  }
  return id;
}

void Pipeline::add_rejections(GroupedChange& change) {
  for (const auto& rejection : judges_[0]->rejections()) {
    auto& seen = rejected_seen_[rejection.series + " " + rejection.reason];
    if (rejection.count > seen) change.rejected.push_back({rejection.series, rejection.reason, rejection.count - seen});
    seen = rejection.count;
  }
}

void Pipeline::add_grouped_items(GroupedChange& change, Timestamp now, bool last) {
  if (!uploading_) return;
  auto& items = change.also.items;
  if (auto body = telemetry_.take(layout_, last); !body.empty())
    items.push_back(make_telemetry_item(std::move(body), now));
  if (inventory_changed_ && !components_.empty()) {
    items.push_back(make_inventory_item(components_, context_, options_.host_name_hash, options_.policy.language, now));
    inventory_changed_ = false;
  }
  for (std::size_t i = 0; i < events_.size(); ++i) items.push_back(make_item(events_[i], i));
}

void Pipeline::flush(Timestamp now, bool last) {
  GroupedChange change;
  if (!readings_.empty())
    change.detail = readings_.take([this](rules::SeriesIndex series) { return store_id(series); });
  change.components = std::exchange(changed_components_, {});
  add_rejections(change);
  add_grouped_items(change, now, last);
  events_.clear();
  const bool due = last || now - judge_saved_ >= kLargeStateEvery;
  if (auto state = judge_state(); due || state.size() <= kSmallJudgeState) {
    change.also.meta["judge"] = std::move(state);
    if (hooks_.add_bookmarks) hooks_.add_bookmarks(change.also.meta);
    judge_saved_ = now;
  }
  change.also.meta["last_time"] = std::to_string(to_unix_ms(last_time_));
  const bool upload = !change.also.items.empty();
  store_.write(std::move(change), now);
  if (upload) hooks_.upload_later();
}

void Pipeline::set_policy(const rules::PolicyOptions& policy, std::string welcome_action) {
  options_.policy = policy;
  options_.welcome_action = std::move(welcome_action);
  for (auto& judge : judges_) judge->set_options(policy);
}

void Pipeline::set_presence(const rules::Presence& presence, Timestamp now) {
  for (auto& judge : judges_) judge->set_presence(presence, now);
  commit_urgent();
}

void Pipeline::answer(const std::string& fingerprint, Answer answer, Timestamp now) {
  const auto finding = store_.finding(fingerprint);
  const auto rule = finding ? finding->rule : std::string();
  if (finding) judges_[0]->answer(fingerprint, answer, now);
  urgent_.answers.push_back({fingerprint, rule, answer, now});
  for (const auto& each : store_.messages(std::nullopt))
    if (each.message.fingerprint == fingerprint && each.state != MessageState::withdrawn &&
        each.state != MessageState::answered)
      urgent_.message_states.emplace_back(each.message.id, MessageState::answered);
  if (uploading_ && !rule.empty()) urgent_.items.push_back(make_feedback_item(fingerprint, rule, answer, now));
  commit_urgent();
}

void Pipeline::call_for_help(Timestamp now) {
  if (uploading_) urgent_.items.push_back(make_feedback_item(kHelp, kHelp, Answer::book, now));
  commit_urgent();
}

void Pipeline::shown(const std::string& message_id, Timestamp now) {
  for (const auto& each : store_.messages(MessageState::waiting)) {
    if (each.message.id != message_id) continue;
    urgent_.message_states.emplace_back(message_id, MessageState::shown);
    if (uploading_ && !each.message.rule.empty()) urgent_.items.push_back(make_item(each.message, now));
  }
  commit_urgent();
}

void Pipeline::snooze(const std::string& fingerprint, int days, Timestamp now) {
  judges_[0]->snooze(fingerprint, days, now);
  urgent_.meta["snoozed"] = fingerprint;
  commit_urgent();
}

void Pipeline::welcome(Timestamp now) {
  judges_[0]->welcome(now);
  commit_urgent();
}

void Pipeline::set_watched_sources(const std::vector<std::string>& sources) {
  judges_[0]->set_watched_sources(sources);
}

void Pipeline::say(const Notification& message) {
  urgent_.messages.push_back(message);
  commit_urgent();
}

void Pipeline::withdraw_message(const std::string& id) {
  urgent_.message_states.emplace_back(id, MessageState::withdrawn);
  commit_urgent();
}

void Pipeline::set_uploading(bool uploading, bool backfill, Timestamp now) {
  if (uploading == uploading_) return;
  uploading_ = uploading;
  telemetry_.clear();
  inventory_changed_ = true;
  status_put_ = {};
  if (!uploading || !backfill) return;
  for (const auto& finding : store_.transitions(kBackfill)) urgent_.items.push_back(make_item(finding));
  commit_urgent();
  flush(now);
}

bool Pipeline::status_item_due(Timestamp now) const {
  return uploading_ && (now - status_put_ >= kStatusEvery || now < status_put_);
}

void Pipeline::put_status(std::string body, Timestamp now) {
  status_put_ = now;
  GroupedChange change;
  change.also.items.push_back(make_status_item(std::move(body), now));
  store_.write(std::move(change), now);
  hooks_.upload_later();
}

}  // namespace hale::agent
