#pragma once
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>

namespace hale::fleet {

/// Bytes of one server-sent-events connection, from any thread to the connection's own. A reader that does not keep up
/// is closed rather than buffered without bound: the browser reconnects with Last-Event-ID. Thread-safe.
class EventStream {
 public:
  explicit EventStream(std::size_t max_pending = 1u << 20) : max_pending_(max_pending) {}

  /// False once closed.
  bool push(std::string_view text);
  void close();

  /// What came since the last call. `open` tells whether more may come.
  std::string take(bool& open);
  /// Called (from any thread, without locks held) whenever there is something to take; set by the connection.
  void on_ready(std::function<void()> wake);

 private:
  std::mutex mutex_;
  std::string pending_;         // guarded by mutex_
  bool open_{true};             // guarded by mutex_
  std::function<void()> wake_;  // guarded by mutex_
  const std::size_t max_pending_;
};

}  // namespace hale::fleet
