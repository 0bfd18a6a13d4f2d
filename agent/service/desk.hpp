#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.hpp"
#include "platform/local_ipc.hpp"
#include "rules/policy.hpp"

namespace hale::agent {

/// The desktop sessions that wait for messages. Thread-safe: control opens them, collect speaks to them. A session ends
/// with its connection.
class Desk {
 public:
  /// `looks`: the session can be told to look whether its person is busy. One that cannot says so by itself.
  void open(const std::shared_ptr<IpcServer::Connection>& connection, std::string locale, bool full_screen,
            bool looks = false);
  /// False when this connection is no session.
  bool set_full_screen(const std::shared_ptr<IpcServer::Connection>& connection, bool full_screen);
  bool is_session(const std::shared_ptr<IpcServer::Connection>& connection);
  /// This user sits at a session in which messages are shown.
  bool has_session_of(std::uint32_t uid);

  void show(const Notification& message);
  void show(const Notification& message, const std::shared_ptr<IpcServer::Connection>& only);
  void withdraw(const std::string& id);

  /// Whether something waits for a person who is free. Sessions look only then; until one has looked, nobody knows, and
  /// nobody is disturbed.
  void look(bool wanted);
  /// Somebody there, and free to be spoken to in at least one session.
  rules::Presence presence();
  /// Locale of the newest session, empty when there is none.
  std::string locale();

 private:
  struct Session {
    std::weak_ptr<IpcServer::Connection> connection;
    std::string locale;
    bool full_screen{false};
    bool looks{false};
    bool looking{false};
  };
  void send(const std::string& line);
  void prune();

  std::mutex mutex_;
  std::vector<Session> sessions_;  ///< guarded by mutex_
};

}  // namespace hale::agent
