#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "platform/errno_linux.hpp"
#include "platform/local_ipc.hpp"
#include "platform/local_socket_linux.hpp"

namespace hale {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxConnections = 32;
constexpr std::size_t kMaxConnectionsOfOne = 16;
constexpr std::size_t kMaxLine = 64u << 10;
constexpr std::size_t kMaxUnread = 256u << 10;
constexpr std::chrono::seconds kPatience{10};

/// Makes the loop's poll() return; writable from any thread.
class Bell {
 public:
  Bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  int fd() const { return fd_.get(); }
  void ring() const {
    const std::uint64_t one = 1;
    // EAGAIN means that it already rings.
    static_cast<void>(!::write(fd_.get(), &one, sizeof(one)));
  }
  void silence() const {
    std::uint64_t count = 0;
    static_cast<void>(!::read(fd_.get(), &count, sizeof(count)));
  }

 private:
  FileDescriptor fd_;
};

/// A peer. The loop's thread reads and closes; any thread may send.
class SocketConnection final : public IpcServer::Connection {
 public:
  SocketConnection(FileDescriptor fd, Peer peer, std::shared_ptr<const Bell> bell) : peer_(peer), bell_(std::move(bell)), fd_(std::move(fd)) {}

  const Peer& peer() const override { return peer_; }

  bool send_line(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    if (!fd_ || broken_) return false;
    if (unsent_.size() > kMaxUnread) return give_up();
    const bool was_idle = unsent_.empty();
    unsent_ += line;
    std::replace(unsent_.end() - static_cast<std::ptrdiff_t>(line.size()), unsent_.end(), '\n', ' ');
    unsent_ += '\n';
    if (was_idle) {
      send_deadline_ = Steady::now() + kPatience;
      push();
    }
    // The loop must start to wait for room in the socket, or drop the peer.
    if (was_idle && (broken_ || !unsent_.empty())) bell_->ring();
    return !broken_;
  }

  /// What poll() should wait for; no fd once broken.
  pollfd interest() {
    const std::lock_guard lock(mutex_);
    return {fd_.get(), static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
  }

  void on_writable() {
    const std::lock_guard lock(mutex_);
    if (fd_ && !broken_) push();
  }

  bool is_broken() {
    const std::lock_guard lock(mutex_);
    return broken_;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    fd_.reset();
  }

  /// When the peer has been too slow; none while it owes nothing.
  std::optional<Steady::time_point> deadline() {
    const std::lock_guard lock(mutex_);
    auto earliest = line_deadline_;
    if (!unsent_.empty() && (!earliest || send_deadline_ < *earliest)) earliest = send_deadline_;
    return earliest;
  }

  /// Reads what is there. False: the peer has gone or sent too long a line. Loop's thread only.
  bool receive() {
    std::array<char, 16384> buffer;
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  /// The next whole line. Loop's thread only.
  std::optional<std::string> take_line() {
    const auto end = received_.find('\n');
    const std::lock_guard lock(mutex_);
    if (end == std::string::npos) {
      if (received_.empty()) line_deadline_.reset();
      if (!received_.empty() && !line_deadline_) line_deadline_ = Steady::now() + kPatience;
      return std::nullopt;
    }
    std::string line = received_.substr(0, end);
    received_.erase(0, end + 1);
    line_deadline_.reset();
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
  }

  bool is_greedy() const { return received_.size() > kMaxLine; }

 private:
  bool give_up() {
    broken_ = true;
    unsent_.clear();
    bell_->ring();
    return false;
  }

  /// Sends what the socket takes. The lock is held.
  void push() {
    while (!unsent_.empty()) {
      const ssize_t sent = ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) {
        broken_ = true;
        unsent_.clear();
        return;
      }
      unsent_.erase(0, static_cast<std::size_t>(sent));
      send_deadline_ = Steady::now() + kPatience;  // it is taking something
    }
  }

  const Peer peer_;
  const std::shared_ptr<const Bell> bell_;  // outlives the server for late senders
  std::string received_;                    // loop's thread only
  std::mutex mutex_;
  FileDescriptor fd_;                                  // changed under mutex_
  std::string unsent_;                                 // guarded by mutex_
  bool broken_{false};                                 // guarded by mutex_
  Steady::time_point send_deadline_;                   // guarded by mutex_
  std::optional<Steady::time_point> line_deadline_;    // guarded by mutex_
};

class SocketServer final : public IpcServer {
 public:
  SocketServer(FileDescriptor listener, std::filesystem::path path, Handler handler)
      : listener_(std::move(listener)), path_(std::move(path)), handler_(std::move(handler)) {}
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;
  ~SocketServer() override {
    for (const auto& connection : connections_) connection->close();
    ::unlink(path_.c_str());
  }

  void run(std::stop_token stop) override {
    while (!stop.stop_requested()) wait_and_serve();
  }
  void wake() override { bell_->ring(); }
  void watch(int fd, std::function<void()> readable) override {
    watched_[fd] = std::make_shared<const std::function<void()>>(std::move(readable));
  }
  void unwatch(int fd) override { watched_.erase(fd); }

 private:
  void wait_and_serve();
  void call_watcher(int fd);
  void accept_all();
  bool admits(const Peer& peer) const;
  /// False: the connection is to be closed.
  bool serve(const std::shared_ptr<SocketConnection>& connection, const pollfd& event);
  int patience_ms() const;

  FileDescriptor listener_;
  const std::filesystem::path path_;
  const Handler handler_;
  const std::shared_ptr<const Bell> bell_{std::make_shared<Bell>()};
  std::vector<std::shared_ptr<SocketConnection>> connections_;  // loop's thread only
  std::map<int, std::shared_ptr<const std::function<void()>>> watched_;  // loop's thread, or before it starts
};

void SocketServer::wait_and_serve() {
  std::vector<pollfd> events{{bell_->fd(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
  for (const auto& connection : connections_) events.push_back(connection->interest());
  const std::size_t first_watched = events.size();
  for (const auto& [fd, readable] : watched_) events.push_back({fd, POLLIN, 0});
  if (::poll(events.data(), events.size(), patience_ms()) < 0) return;
  if (events[0].revents != 0) bell_->silence();
  std::size_t index = 2;
  std::erase_if(connections_, [&](const auto& connection) {
    const bool keep = serve(connection, events[index++]);
    if (!keep) connection->close();
    return !keep;
  });
  for (index = first_watched; index < events.size(); ++index) {
    if (events[index].revents != 0) call_watcher(events[index].fd);
  }
  if (events[1].revents != 0) accept_all();
}

/// A handler or an earlier watcher may have unwatched it since the sleep.
void SocketServer::call_watcher(int fd) {
  const auto at = watched_.find(fd);
  if (at == watched_.end()) return;
  const auto readable = at->second;  // it may unwatch itself
  (*readable)();
}

bool SocketServer::serve(const std::shared_ptr<SocketConnection>& connection, const pollfd& event) {
  if ((event.revents & POLLOUT) != 0) connection->on_writable();
  bool open = true;
  if ((event.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
    open = connection->receive();
    while (const auto line = connection->take_line()) {
      if (!connection->send_line(handler_(*line, connection))) return false;
    }
  }
  const auto deadline = connection->deadline();
  const bool too_slow = deadline && Steady::now() >= *deadline;
  return open && !too_slow && !connection->is_greedy() && !connection->is_broken();
}

int SocketServer::patience_ms() const {
  std::optional<Steady::time_point> earliest;
  for (const auto& connection : connections_) {
    const auto deadline = connection->deadline();
    if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
  }
  if (!earliest) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*earliest - Steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

bool SocketServer::admits(const Peer& peer) const {
  if (connections_.size() >= kMaxConnections) return false;
  if (peer.administrator) return true;
  const auto same = std::count_if(connections_.begin(), connections_.end(), [&](const auto& other) { return other->peer().uid == peer.uid; });
  return static_cast<std::size_t>(same) < kMaxConnectionsOfOne;
}

void SocketServer::accept_all() {
  for (;;) {
    FileDescriptor fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd && errno == EINTR) continue;
    if (!fd) return;
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) continue;
    const Peer peer{credentials.uid, credentials.gid, credentials.pid, credentials.uid == 0 || credentials.uid == ::geteuid()};
    if (admits(peer)) connections_.push_back(std::make_shared<SocketConnection>(std::move(fd), peer, bell_));
  }
}

/// Removes a socket on which nobody answers any more.
Result<> clear_way(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode)) return fail(Errc::conflict, path.string() + ": exists and is not a socket; move it away");
  const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return fail(errno_error(errno, "opening a socket"));
  const bool answered = ::connect(probe.get(), socket_address(address), sizeof(address)) == 0 || errno == EAGAIN;
  if (answered) return fail(Errc::conflict, path.string() + ": another agent is listening there; stop it first");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail(errno_error(errno, path.string()));
  return {};
}

Result<FileDescriptor> bind_socket(const std::filesystem::path& path, const sockaddr_un& address) {
  FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return fail(errno_error(errno, "opening a socket"));
  const bool listening = ::bind(listener.get(), socket_address(address), sizeof(address)) == 0 && ::chmod(path.c_str(), 0666) == 0 &&
                         ::listen(listener.get(), 16) == 0;
  if (!listening) return fail(errno_error(errno, path.string()));
  return listener;
}

}  // namespace

Result<std::unique_ptr<IpcServer>> IpcServer::listen(const std::filesystem::path& socket, Handler handler) {
  const auto address = make_socket_address(socket);
  if (!address) return fail(address.error());
  const auto folder = socket.parent_path();
  if (!folder.empty() && ::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return fail(errno_error(errno, folder.string()));
  if (auto clear = clear_way(socket, *address); !clear) return fail(std::move(clear.error()));
  auto listener = bind_socket(socket, *address);
  if (!listener) return fail(std::move(listener.error()));
  return std::make_unique<SocketServer>(std::move(*listener), socket, std::move(handler));
}

}  // namespace hale
