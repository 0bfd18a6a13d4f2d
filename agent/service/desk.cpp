#include "agent/service/desk.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"

namespace hale::agent {
namespace {

std::string show_line(const Notification& message) { return nlohmann::json{{"show", to_json(message)}}.dump(); }

}  // namespace

void Desk::prune() {
  std::erase_if(sessions_, [](const Session& session) { return session.connection.expired(); });
}

void Desk::open(const std::shared_ptr<IpcServer::Connection>& connection, std::string locale, bool full_screen,
                bool looks) {
  const std::lock_guard lock(mutex_);
  prune();
  std::erase_if(sessions_, [&](const Session& session) { return session.connection.lock() == connection; });
  sessions_.push_back({connection, std::move(locale), full_screen || looks, looks, false});
}

bool Desk::set_full_screen(const std::shared_ptr<IpcServer::Connection>& connection, bool full_screen) {
  const std::lock_guard lock(mutex_);
  for (auto& session : sessions_) {
    if (session.connection.lock() != connection) continue;
    session.full_screen = full_screen;
    return true;
  }
  return false;
}

void Desk::look(bool wanted) {
  const std::lock_guard lock(mutex_);
  for (auto& session : sessions_) {
    if (!session.looks || session.looking == wanted) continue;
    session.looking = wanted;
    session.full_screen = true;
    if (const auto connection = session.connection.lock())
      static_cast<void>(connection->send_line(nlohmann::json{{"look", wanted}}.dump()));
  }
}

bool Desk::is_session(const std::shared_ptr<IpcServer::Connection>& connection) {
  const std::lock_guard lock(mutex_);
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [&](const Session& session) { return session.connection.lock() == connection; });
}

bool Desk::has_session_of(std::uint32_t uid) {
  const std::lock_guard lock(mutex_);
  return std::any_of(sessions_.begin(), sessions_.end(), [&](const Session& session) {
    const auto connection = session.connection.lock();
    return connection != nullptr && connection->peer().uid == uid;
  });
}

void Desk::send(const std::string& line) {
  std::vector<std::shared_ptr<IpcServer::Connection>> listeners;
  {
    const std::lock_guard lock(mutex_);
    prune();
    for (const auto& session : sessions_)
      if (auto connection = session.connection.lock()) listeners.push_back(std::move(connection));
  }
  // A session that is just going away hears it at its next start: the message stays waiting in the store.
  for (const auto& each : listeners) static_cast<void>(each->send_line(line));
}

void Desk::show(const Notification& message) { send(show_line(message)); }

void Desk::show(const Notification& message, const std::shared_ptr<IpcServer::Connection>& only) {
  static_cast<void>(only->send_line(show_line(message)));
}

void Desk::withdraw(const std::string& id) { send(nlohmann::json{{"withdraw", id}}.dump()); }

rules::Presence Desk::presence() {
  const std::lock_guard lock(mutex_);
  prune();
  rules::Presence presence{.session = !sessions_.empty(), .full_screen = !sessions_.empty()};
  for (const auto& session : sessions_) presence.full_screen = presence.full_screen && session.full_screen;
  return presence;
}

std::string Desk::locale() {
  const std::lock_guard lock(mutex_);
  prune();
  return sessions_.empty() ? std::string() : sessions_.back().locale;
}

}  // namespace hale::agent
