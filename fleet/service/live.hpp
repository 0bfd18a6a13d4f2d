#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/time.hpp"

namespace hale::fleet {

class EventStream;

/// What happens, told to every console that listens. Keeps the newest events so that a reconnecting one misses nothing.
/// Thread-safe.
class Live {
 public:
  struct Options {
    std::size_t kept{2000};  ///< events for Last-Event-ID
    std::size_t max_listeners{500};
    std::chrono::milliseconds quiet{10'000};  ///< device_seen and telemetry: at most one a device in this time
  };
  explicit Live(Options options) : options_(options) {}
  Live() : Live(Options{}) {}

  /// `data` is one line of JSON.
  void publish(std::string_view type, const std::string& device, std::string_view data);
  /// For what comes with every upload: dropped when the device had one of that type a moment ago.
  void publish_rarely(std::string_view type, const std::string& device, Timestamp now, std::string_view data);

  /// Whose listener it is, so that it ends with the session.
  struct Owner {
    std::string session, user;
    Timestamp expires{};
  };
  /// Starts a listener: what it missed since `last_id` (empty: nothing), or `reset` when that is not kept any more.
  /// `device` empty: all. Null: too many listen.
  std::shared_ptr<EventStream> listen(std::string_view last_id, std::string device, Owner owner);
  void close_session(std::string_view session);
  void close_user(std::string_view user, std::string_view but_session = {});
  /// Whichever `over` says so of; called with a lock held.
  void close_if(const std::function<bool(const Owner&)>& over);
  void close_all();
  std::size_t listeners();

 private:
  struct Event {
    std::uint64_t id{};
    std::string device;
    std::string text;
  };
  struct Listener {
    std::weak_ptr<EventStream> stream;
    std::string device;
    Owner owner;
  };
  void publish_locked(std::string_view type, const std::string& device, std::string_view data,
                      std::vector<std::shared_ptr<EventStream>>& to);

  const Options options_;
  std::mutex mutex_;
  std::uint64_t next_id_{1};                              // guarded by mutex_
  std::deque<Event> events_;                              // guarded by mutex_
  std::vector<Listener> listeners_;                       // guarded by mutex_
  std::unordered_map<std::string, Timestamp> last_rare_;  // guarded by mutex_: type + device
};

}  // namespace hale::fleet
