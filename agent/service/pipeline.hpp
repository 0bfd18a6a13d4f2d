#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/service/buffers.hpp"
#include "agent/store/store.hpp"
#include "rules/judge.hpp"

namespace hale::agent {

/// Stands for the finding of the one message of greeting, which is about none.
inline constexpr const char* kWelcomeFingerprint = "hale.welcome";

/// From readings to what the person and the fleet hear: judges, remembers, fills the outbox. It only sequences; judging
/// is rules/, remembering is agent/store. Everything on the collect thread.
class Pipeline final : private rules::Sink {
 public:
  struct Hooks {
    std::function<void(const Notification&)> show;
    std::function<void(const std::string& id)> withdraw;
    std::function<void()> upload_soon;
    std::function<void()> upload_later;
    std::function<void(std::map<std::string, std::string>& meta)>
        add_bookmarks;  ///< where collectors stopped reading: stored with the judge's state
  };
  struct Options {
    rules::PolicyOptions policy;
    std::string host_name_hash;
    std::string welcome_action;  ///< label of the greeting's button
  };

  Pipeline(const rules::RuleSet& rules, rules::Layout& layout, Store& store, Options options, Hooks hooks);
  ~Pipeline() override;
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Goes on where an earlier run was. Says what was lost where the stored state cannot be used.
  std::optional<Error> restore();
  /// Begins afresh: the clock was set back by so much that what was learned cannot go on.
  void restart_judging();

  void describe(std::span<const Component> components);
  void set_context(const Context& context);
  void note_events(std::span<const Event> events);

  /// One sweep, or one row of a recording. `device` > 0: a further device of a mixed recording, judged by itself.
  void step(Timestamp time, std::span<const rules::Sample> samples, std::span<const rules::EventSample> events,
            std::uint32_t device = 0);
  /// Writes what may wait. `last`: nothing is left behind, the program ends.
  void flush(Timestamp now, bool last = false);
  bool flush_early() const { return readings_.full(); }

  void set_policy(const rules::PolicyOptions& policy, std::string welcome_action);
  void set_presence(const rules::Presence& presence, Timestamp now);
  bool wants_to_speak(Timestamp now) const { return judges_[0]->wants_to_speak(now); }
  void answer(const std::string& fingerprint, Answer answer, Timestamp now);
  /// Into the outbox, as feedback about no finding in particular (docs/wire.md).
  void call_for_help(Timestamp now);
  void shown(const std::string& message_id, Timestamp now);
  void snooze(const std::string& fingerprint, int days, Timestamp now);
  /// The one message of greeting after installation, when the policy lets it out.
  void welcome(Timestamp now);
  /// Logs that are watched: rules over their events can be judged though nothing happened.
  void set_watched_sources(const std::vector<std::string>& sources);
  /// A message of Hale itself (consent): remembered and shown like the others.
  void say(const Notification& message);
  void withdraw_message(const std::string& id);

  /// Enrolled and allowed: only then anything goes into the outbox. `backfill`: the findings so far go first (just
  /// enrolled, or just allowed).
  void set_uploading(bool uploading, bool backfill, Timestamp now);
  bool uploading() const { return uploading_; }
  /// Body of the hourly status item, made by the caller only when one is due.
  bool status_item_due(Timestamp now) const;
  void put_status(std::string body, Timestamp now);

  const rules::Judge& judge() const { return *judges_[0]; }
  const rules::Layout& layout() const { return layout_; }
  const std::map<std::string, Component>& components() const { return components_; }
  const Context& context() const { return context_; }
  Timestamp last_time() const { return last_time_; }

 private:
  rules::Sink& sink() { return *this; }
  void on_finding(const Finding& finding) override;
  void on_notification(const Notification& message) override;
  void on_withdraw(const std::string& notification_id) override;
  void on_outcome(const Outcome& outcome) override;

  void commit_urgent();
  std::string judge_state() const;
  void add_grouped_items(GroupedChange& change, Timestamp now, bool last);
  void add_rejections(GroupedChange& change);
  std::uint32_t store_id(rules::SeriesIndex series);

  const rules::RuleSet& rules_;
  rules::Layout& layout_;
  Store& store_;
  Options options_;
  Hooks hooks_;
  std::vector<std::unique_ptr<rules::Judge>> judges_;  ///< [0] is this PC
  std::uint32_t device_{0};
  ReadingBuffer readings_;
  TelemetryBuffer telemetry_;
  std::vector<std::uint32_t> store_ids_;  ///< by series, 0 = not asked yet
  std::map<std::string, Component> components_;
  std::vector<Component> changed_components_;
  std::vector<Event> events_;
  Context context_;
  UrgentChange urgent_;
  std::map<std::string, std::uint64_t> rejected_seen_;
  Timestamp last_time_{};
  Timestamp judge_saved_{};
  Timestamp status_put_{};
  bool uploading_{false};
  bool inventory_changed_{true};
};

}  // namespace hale::agent
