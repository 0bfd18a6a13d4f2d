#pragma once
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/config/config.hpp"
#include "agent/service/consent.hpp"
#include "agent/service/desk.hpp"
#include "agent/service/mailbox.hpp"
#include "agent/service/pipeline.hpp"
#include "agent/service/scheduler.hpp"
#include "agent/service/timeline.hpp"
#include "agent/store/store.hpp"
#include "collectors/collector.hpp"
#include "platform/clock.hpp"
#include "rules/rule_set.hpp"
#include "uploader/identity.hpp"

namespace hale::agent {

struct AgentOptions {
  Config config;
  std::filesystem::path state;       ///< folder, exists
  std::vector<std::string> skipped;  ///< collectors that hung
  std::filesystem::path replay;      ///< a recording instead of collectors; empty = live
  double speed{1};                   ///< of a replay; 0 = as fast as it can
  std::string hardware{};            ///< hardware_fingerprint() of this PC; empty = not judged
};

/// What runs on the collect thread: collectors or a recording, the pipeline, the store, and the answers to questions
/// about them. All members but `scheduler()` and `may_send()` belong to the collect thread; the control thread reaches
/// them through the Mailbox.
class Agent {
 public:
  struct Hooks {
    std::function<void()> upload_soon;     ///< something is due that does not wait; any thread
    std::function<void()> upload_later{};  ///< something goes with the next regular upload; any thread
    std::function<void(std::chrono::milliseconds)>
        sweep_started;              ///< re-arms the watchdog; the argument is the pause that follows
    std::function<void()> settled;  ///< after the first grouped write: the start is over
  };

  /// Makes the collectors once the store has told where they stopped reading.
  using MakeCollectors =
      std::function<std::vector<std::unique_ptr<Collector>>(std::map<std::string, std::string> bookmarks)>;
  static Result<std::unique_ptr<Agent>> make(AgentOptions options, const MakeCollectors& make_collectors, Desk& desk,
                                             Mailbox& mailbox, const Clock& clock, Hooks hooks);
  ~Agent();

  /// Until stopped; then everything is written.
  void run(const std::stop_token& stop);

  /// Any thread.
  const Scheduler& scheduler() const { return *scheduler_; }
  bool may_send() const { return may_send_.load(std::memory_order_relaxed); }
  /// hale-upload has something to do: to send, or to get a copied disk an identity of its own.
  bool may_run_upload() const { return may_send() || copy_waits_.load(std::memory_order_relaxed); }

  // Questions and requests, as docs/control.md has them.
  nlohmann::json status();
  nlohmann::json components();
  /// `language`: of the words; empty = the agent's.
  nlohmann::json findings(bool all, const std::string& language = {});
  /// `steps`: "simple" or "detailed"; empty = as configured.
  Result<nlohmann::json> explain(const std::string& id, const std::string& language, const std::string& steps);
  nlohmann::json privacy();
  Result<nlohmann::json> uploads(std::size_t count);
  Result<> answer(const std::string& fingerprint, Answer answer, bool from_session);
  Result<> snooze(const std::string& id, int days);
  /// Series of the last days for the pages' plots, in steps of 5 minutes to a day.
  Result<nlohmann::json> history(int days, const std::vector<SeriesName>& series);
  nlohmann::json quiet();
  Result<nlohmann::json> set_quiet(int from_minute, int to_minute);
  /// The person asks for help: told to the fleet where the PC is enrolled and may upload.
  Result<nlohmann::json> ask_for_help();
  void shown(const std::string& message_id);
  void presence_changed() { refresh_presence(now()); }
  void session_opened(const std::shared_ptr<IpcServer::Connection>& connection);
  Result<> set_consent(ConsentState state);
  Result<> pause_uploads(std::optional<std::chrono::hours> hours);  ///< nothing = go on
  Result<> enrolled();                                              ///< the identity on disk changed
  Result<> forget();

 private:
  Agent(AgentOptions options, Desk& desk, Mailbox& mailbox, const Clock& clock, Hooks hooks, rules::RuleSet rules);
  void start(const MakeCollectors& make_collectors, const std::string& spool_key);
  std::map<std::string, std::string> bookmarks();
  void run_live(const std::stop_token& stop);
  void run_replay(const std::stop_token& stop);
  void sweep();
  void ingest(const Collection& collection);
  void refresh_watched_sources();
  void report_partial_errors(const Collection& collection);
  void flush_when_due(Timestamp now, bool force);
  void refresh_presence(Timestamp now);
  void refresh_policy();
  void refresh_uploading(Timestamp now);
  void ask_consent(Timestamp now);
  void greet(Timestamp now);
  void notice_other_hardware();
  bool allowed_by_anyone() const;
  rules::QuietHours quiet_hours() const;
  /// What kind of PC, as far as it is known: "laptop", "desktop", ...
  std::string chassis() const;
  std::uint64_t rejected_of(std::size_t collector) const;
  nlohmann::json collectors_status() const;
  nlohmann::json coverage() const;
  Timestamp now() const;
  void report_store();

  AgentOptions options_;
  Desk& desk_;
  Mailbox& mailbox_;
  const Clock& clock_;
  Hooks hooks_;
  rules::RuleSet rules_;
  rules::Layout layout_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Scheduler> scheduler_;
  std::optional<Timeline> timeline_;
  std::optional<Identity> identity_;
  Consent consent_;
  std::atomic<bool> may_send_{false};
  std::atomic<bool> copy_waits_{false};

  Collection collection_;  ///< reused by every sweep
  std::vector<std::size_t> ends_;
  std::vector<rules::Sample> samples_;
  std::vector<rules::EventSample> event_samples_;
  std::vector<std::uint8_t> owner_;  ///< collector of a series, by series index
  rules::Presence presence_{.session = false, .full_screen = false};
  std::string language_{"en"};
  std::string state_word_{"starting"};
  std::vector<std::string> notes_;  ///< what `hale status` should mention: clock jumps, damaged database
  std::string store_trouble_;       ///< as last reported
  Timestamp started_;
  Timestamp replay_now_{};
  Timestamp flush_due_{};
  bool log_watched_{false};
  std::uint64_t sweeps_{0};
};

}  // namespace hale::agent
