#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace hale::agent {

/// How the control thread asks the collect thread, which alone owns the judge and the store.
class Mailbox {
 public:
  using Work = std::function<std::string()>;

  /// Runs `work` on the collect thread and waits for what it says; empty when `patience` ends first (a collector
  /// hangs). `work` may then still run later, so it owns what it uses. Any thread but the collect thread.
  std::optional<std::string> ask(Work work, std::chrono::milliseconds patience);
  /// The same without waiting.
  void post(std::function<void()> work);

  /// Collect thread: does what is asked until `deadline` or until stopped.
  void serve_until(std::chrono::steady_clock::time_point deadline, const std::stop_token& stop);
  /// Collect thread: does what is asked by now, without waiting.
  void serve();
  /// Wakes serve_until() so that it sees a stop request.
  void wake();

 private:
  struct Question {
    std::function<void()> run;
  };
  struct Reply {
    std::mutex mutex;
    std::condition_variable arrived;
    std::optional<std::string> text;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> questions_;  ///< guarded by mutex_
  bool woken_{false};               ///< guarded by mutex_
};

}  // namespace hale::agent
