#pragma once
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "agent/service/child.hpp"
#include "agent/service/timer_linux.hpp"

namespace hale::agent {

/// What one run of hale-upload said: its exit code and the last line of its output.
struct UploadOutcome {
  int exit_code{};
  std::uint64_t sent{}, waiting{};
  std::chrono::seconds retry_after{0};  ///< 0 = it did not ask
  std::string enrolled{};               ///< new device id, when a copied disk was given an identity of its own
  std::string error;
};
/// Pure. A line that is not the agreed JSON is an outcome with an error.
UploadOutcome parse_upload_outcome(int exit_code, std::string_view output);

/// When to run hale-upload next. Pure; `random` in [0, 1).
/// Success: the interval, +-10 % so that a fleet does not come at once. Failure: what hale-upload asked for (it keeps
/// the backoff), else 5 minutes. Revoked: a day.
std::chrono::milliseconds next_upload_delay(const UploadOutcome& outcome, std::chrono::milliseconds interval,
                                            double random);

/// Starts hale-upload when something is due: as a child, or by touching the file that a systemd path unit watches.
/// Control thread, but for soon().
class UploadRunner {
 public:
  struct Options {
    std::filesystem::path program;  ///< hale-upload; empty = not installed
    std::filesystem::path state;
    std::filesystem::path trigger;  ///< HALE_UPLOAD_TRIGGER; empty = start a child
    std::string proxy;
    std::chrono::milliseconds interval{std::chrono::minutes(15)};
  };
  /// `watch` and `unwatch` are the control loop's; `may_run` says whether there is something that may be done right
  /// now.
  struct Loop {
    std::function<void(int, std::function<void()>)> watch;
    std::function<void(int)> unwatch;
    std::function<bool()> may_run;             ///< may_send, or a copied disk waits for an identity of its own
    std::function<void()> identity_changed{};  ///< hale-upload gave this PC another identity, or took one away
  };
  UploadRunner(Options options, Loop loop);
  ~UploadRunner();

  /// Something is due that does not wait: starts within a second, or right after the run that is under way. A server
  /// that asked for patience gets it. Any thread.
  void soon();
  /// Something waits that goes with the next regular run; without it none is started. Any thread.
  void later() { waits_.store(true, std::memory_order_relaxed); }
  /// A person asked: at once, own backoff aside.
  void now_by_hand();
  nlohmann::json status() const;

 private:
  void on_timer();
  void start_child(bool by_hand);
  void touch_trigger();
  void on_output();
  /// hale-upload writes the identity; whoever started it, a unit as well, haled takes it up here.
  void check_identity();

  Options options_;
  Loop loop_;
  Timer timer_;
  std::unique_ptr<Child> child_;
  std::atomic<bool> again_{false};
  /// Not known to be empty: of the outbox. A unit's run is not seen from here, so with a trigger it stays true.
  std::atomic<bool> waits_{true};
  std::filesystem::file_time_type identity_time_;
  std::atomic<std::int64_t> held_until_ms_{0};  ///< steady ms: the server or the backoff asked for patience
  UploadOutcome last_;
  std::string last_time_;
  std::string last_error_;  ///< as last logged
};

}  // namespace hale::agent
