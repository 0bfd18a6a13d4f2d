#pragma once
#include <chrono>

namespace hale::agent {

/// A one-shot timer that poll() can wait for (timerfd, steady clock: stops while the PC sleeps). arm() from any thread.
class Timer {
 public:
  Timer();
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  int fd() const { return fd_; }
  /// Fires once after `delay`, replacing what was set before. Zero fires at once.
  void arm(std::chrono::milliseconds delay) const;
  /// True when it fired since the last call.
  bool take() const;

 private:
  int fd_;
};

}  // namespace hale::agent
