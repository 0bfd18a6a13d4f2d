// Construction and the two ways to be fed: collectors, or a recording.
#include "agent/service/agent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/service/language.hpp"
#include "agent/service/log.hpp"
#include "agent/texts/texts.hpp"
#include "platform/crypto.hpp"
#include "platform/files.hpp"
#include "platform/secrets.hpp"
#include "rules/recording.hpp"

namespace hale::agent {
namespace {

using std::chrono::milliseconds;
constexpr auto kFirstFlush = std::chrono::seconds(30);
constexpr auto kFlushEvery = std::chrono::minutes(10);
/// A replay writes by its own clock, which may run thousands of times faster.
constexpr auto kFlushEveryInReplay = std::chrono::hours(6);
constexpr std::size_t kMaxNotes = 20;

std::string host_name_hash(const std::string& salt) {
  const auto name = read_file("/proc/sys/kernel/hostname");
  return name ? crypto::hash_hex(*name, salt) : std::string();
}

}  // namespace

Agent::Agent(AgentOptions options, Desk& desk, Mailbox& mailbox, const Clock& clock, Hooks hooks, rules::RuleSet rules)
    : options_(std::move(options)),
      desk_(desk),
      mailbox_(mailbox),
      clock_(clock),
      hooks_(std::move(hooks)),
      rules_(std::move(rules)) {}

Agent::~Agent() = default;

Result<std::unique_ptr<Agent>> Agent::make(AgentOptions options, const MakeCollectors& make_collectors, Desk& desk,
                                           Mailbox& mailbox, const Clock& clock, Hooks hooks) {
  auto rules = rules::RuleSet::builtin();
  if (!rules) return fail(std::move(rules.error()).with_context("loading the rules"));
  auto key = Secrets(options.state).spool_key();
  if (!key) return fail(std::move(key.error()).with_context("the key that seals the upload spool"));
  std::unique_ptr<Agent> agent(
      new Agent(std::move(options), desk, mailbox, clock, std::move(hooks), std::move(*rules)));
  agent->start(make_collectors, *key);
  return agent;
}

void Agent::start(const MakeCollectors& make_collectors, const std::string& spool_key) {
  started_ = clock_.now();
  const auto& config = options_.config;
  const StoreOptions store{.max_bytes = static_cast<std::uint64_t>(config.store_max_mb) * 1'000'000,
                           .outbox_max_bytes = static_cast<std::uint64_t>(config.outbox_max_mb) * 1'000'000,
                           .durable = true};
  store_ = std::make_unique<Store>(options_.state / "hale.db", spool_key, store);
  if (!store_->opening_note().empty()) notes_.push_back(store_->opening_note());
  report_store();

  std::optional<Timestamp> last;
  if (const auto stored = store_->meta("last_time")) last = from_unix_ms(std::strtoll(stored->c_str(), nullptr, 10));
  timeline_.emplace(last);
  Scheduler::Options pace{.sweep = std::chrono::seconds(config.sweep_interval_s),
                          .battery_stretch = config.battery_stretch,
                          .skipped = options_.skipped};
  scheduler_ = std::make_unique<Scheduler>(make_collectors(bookmarks()), std::move(pace), clock_,
                                           [](std::string line) { log_warning(line); });
  if (const auto stored = store_->meta("language"))
    language_ = *stored;
  else
    language_ = system_language();
  Pipeline::Hooks hooks{.show = [this](const Notification& message) { desk_.show(message); },
                        .withdraw = [this](const std::string& id) { desk_.withdraw(id); },
                        .upload_soon =
                            [this] {
                              if (may_send()) hooks_.upload_soon();
                            },
                        .upload_later =
                            [this] {
                              if (hooks_.upload_later) hooks_.upload_later();
                            },
                        .add_bookmarks =
                            [this](std::map<std::string, std::string>& meta) {
                              for (const auto& entry : scheduler_->entries())
                                if (auto mark = entry.collector->bookmark(); !mark.empty())
                                  meta[fmt::format("bookmark.{}", entry.collector->name())] = std::move(mark);
                            }};
  pipeline_ = std::make_unique<Pipeline>(
      rules_, layout_, *store_,
      Pipeline::Options{.policy = {}, .host_name_hash = host_name_hash(spool_key), .welcome_action = {}},
      std::move(hooks));
  refresh_policy();
  if (const auto lost = pipeline_->restore()) {
    notes_.push_back(fmt::format("the state of the rules could not be used and was begun afresh: {}", lost->message));
    log_warning(notes_.back());
  }
  pipeline_->set_presence(presence_, clock_.now());
  notice_other_hardware();

  if (auto done = enrolled(); !done) {
    notes_.push_back(done.error().message);
    log_warning(notes_.back());
  }
}

std::map<std::string, std::string> Agent::bookmarks() {
  std::map<std::string, std::string> marks;
  for (auto& [name, value] : store_->meta_with_prefix("bookmark."))
    marks[name.substr(std::string_view("bookmark.").size())] = value;
  return marks;
}

void Agent::run(const std::stop_token& stop) {
  if (options_.replay.empty())
    run_live(stop);
  else
    run_replay(stop);
  pipeline_->flush(now(), true);
  report_store();
}

void Agent::run_live(const std::stop_token& stop) {
  state_word_ = "running";
  flush_due_ = clock_.now() + kFirstFlush;
  auto next = clock_.steady();
  while (!stop.stop_requested()) {
    sweep();
    next += scheduler_->pause();
    next = std::max(next, clock_.steady() + milliseconds(100));  // after a long sweep: do not run to catch up
    mailbox_.serve_until(next, stop);
  }
}

void Agent::sweep() {
  if (hooks_.sweep_started) hooks_.sweep_started(scheduler_->pause());
  const auto moment = timeline_->next(clock_.now(), clock_.steady());
  ++sweeps_;
  switch (moment.kind) {
    case Timeline::Kind::normal:
    case Timeline::Kind::slewed:
      break;
    case Timeline::Kind::gap:
      scheduler_->run_everything_next();
      break;
    case Timeline::Kind::waiting:
      if (state_word_ != "waiting_for_clock")
        log_warning("the clock is behind what was already recorded; waiting ten minutes for it to be set");
      state_word_ = "waiting_for_clock";
      return;
    case Timeline::Kind::restarted:
      notes_.push_back(fmt::format("{}: the clock was set back by {} s; judging began afresh", to_rfc3339(moment.time),
                                   -std::chrono::duration_cast<std::chrono::seconds>(moment.jump).count()));
      log_warning(notes_.back());
      pipeline_->restart_judging();
      break;
  }
  if (notes_.size() > kMaxNotes) notes_.erase(notes_.begin());
  state_word_ = "running";
  collection_.time = moment.time;
  collection_.components.clear();
  collection_.readings.clear();
  collection_.events.clear();
  collection_.partial_errors.clear();
  scheduler_->sweep(collection_, ends_);
  if (moment.clock_was_reset)
    collection_.events.push_back({"host", "hale", "clock_reset", EventSeverity::warning, moment.time, 1, {}});
  refresh_watched_sources();
  ingest(collection_);
  refresh_presence(moment.time);
  flush_when_due(moment.time, false);
}

void Agent::refresh_watched_sources() {
  bool watched = false;
  const auto& entries = scheduler_->entries();
  for (std::size_t i = 0; i < entries.size(); ++i)
    watched =
        watched || (entries[i].collector->name() == "events" && scheduler_->status(i).state == CollectorState::ok);
  if (watched == log_watched_) return;
  log_watched_ = watched;
  pipeline_->set_watched_sources(watched ? std::vector<std::string>{"kernel", "hale"} : std::vector<std::string>{});
}

void Agent::ingest(const Collection& collection) {
  report_partial_errors(collection);
  if (!collection.components.empty()) pipeline_->describe(collection.components);
  pipeline_->set_context(collection.context);
  pipeline_->note_events(collection.events);
  samples_.clear();
  std::size_t collector = 0;
  for (std::size_t i = 0; i < collection.readings.size(); ++i) {
    while (collector < ends_.size() && i >= ends_[collector]) ++collector;
    const auto& reading = collection.readings[i];
    const auto series = layout_.series(reading.metric, reading.component, reading.key);
    if (series >= owner_.size()) owner_.resize(series + 1, 0);
    owner_[series] = static_cast<std::uint8_t>(collector);
    samples_.push_back({series, reading.value});
    if (reading.metric == Metric::system_power_online) scheduler_->set_on_battery(reading.value < 0.5);
  }
  event_samples_.clear();
  for (const auto& event : collection.events)
    event_samples_.push_back({layout_.event(event.component, event.source, event.code), event.count});
  pipeline_->step(collection.time, samples_, event_samples_);
}

void Agent::report_partial_errors(const Collection& collection) {
  for (const auto& error : collection.partial_errors)
    log_warning(fmt::format("{}: {}: {}", error.collector, error.what, error.error.message));
}

void Agent::flush_when_due(Timestamp now, bool force) {
  if (now < flush_due_ && !pipeline_->flush_early() && !force) return;
  flush_due_ = now + (options_.replay.empty() ? std::chrono::duration_cast<milliseconds>(kFlushEvery)
                                              : std::chrono::duration_cast<milliseconds>(kFlushEveryInReplay));
  pipeline_->flush(now);
  if (consent_.paused_until) refresh_uploading(now);  // the pause may have ended
  if (pipeline_->status_item_due(now)) {
    const nlohmann::json body{{"collectors", collectors_status()},
                              {"coverage", coverage()},
                              {"uptime_s", (clock_.now() - started_).count() / 1000}};
    pipeline_->put_status(body.dump(), now);
  }
  report_store();
  if (hooks_.settled) std::exchange(hooks_.settled, {})();
}

void Agent::report_store() {
  if (store_->trouble() == store_trouble_) return;
  if (store_->trouble().empty())
    log_info("the store can be written again; nothing was lost");
  else if (store_trouble_.empty())
    log_error("store: " + store_->trouble());
  store_trouble_ = store_->trouble();
}

Timestamp Agent::now() const {
  return options_.replay.empty() || replay_now_ == Timestamp{} ? clock_.now() : replay_now_;
}

void Agent::refresh_presence(Timestamp now) {
  desk_.look(pipeline_->wants_to_speak(now));
  const auto presence = desk_.presence();
  if (presence.session == presence_.session && presence.full_screen == presence_.full_screen) return;
  presence_ = presence;
  pipeline_->set_presence(presence, now);
  desk_.look(pipeline_->wants_to_speak(now));  // said: nobody need look any more
}

void Agent::refresh_policy() {
  const auto& config = options_.config;
  if (config.language != "auto") language_ = config.language;
  pipeline_->set_policy({.quiet = quiet_hours(),
                         .tips_per_day = config.tips_per_day,
                         .enrolled = identity_.has_value(),
                         .language = language_},
                        Texts(language_).get("welcome.look"));
}

void Agent::run_replay(const std::stop_token& stop) {
  state_word_ = "replaying";
  auto reader = rules::RecordingReader::open(options_.replay, layout_);
  rules::RecordingRow row;
  Result<bool> more = false;
  if (reader) {
    more = (*reader)->next(row);
    flush_due_ = row.time + kFlushEveryInReplay;
  }
  auto due = clock_.steady();
  for (; reader && more && *more && !stop.stop_requested(); more = (*reader)->next(row)) {
    if (options_.speed > 0 && replay_now_ != Timestamp{} && row.time > replay_now_) {
      due += std::chrono::duration_cast<Clock::Steady::duration>((row.time - replay_now_) / options_.speed);
      mailbox_.serve_until(due, stop);
    } else {
      mailbox_.serve();
    }
    replay_now_ = std::max(replay_now_, row.time);
    if (row.described != nullptr && row.device == 0) pipeline_->describe(*row.described);
    if (row.context_changed && row.context != nullptr && row.device == 0) pipeline_->set_context(*row.context);
    pipeline_->step(row.time, row.samples, row.events, row.device);
    refresh_presence(row.time);
    flush_when_due(replay_now_, false);
    ++sweeps_;
  }
  const auto* failure = !reader ? &reader.error() : !more ? &more.error() : nullptr;
  state_word_ = failure != nullptr ? "replay_failed" : "replay_ended";
  if (failure != nullptr) {
    notes_.push_back(failure->message);
    log_error(failure->message);
  } else {
    log_info(fmt::format("replay: {} rows of {} judged", sweeps_, options_.replay.filename().string()));
  }
  flush_when_due(now(), true);
  while (!stop.stop_requested()) mailbox_.serve_until(clock_.steady() + std::chrono::hours(1), stop);
}

}  // namespace hale::agent
