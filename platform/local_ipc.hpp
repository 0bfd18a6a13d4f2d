#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/result.hpp"

/// Local control: one JSON object a line, request then reply, over a Unix socket (Windows: named pipe). Never TCP.
namespace hale {

/// Who is at the other end, as the kernel says (SO_PEERCRED).
struct Peer {
  std::uint32_t uid{};
  std::uint32_t gid{};
  std::int32_t pid{};
  bool administrator{};  ///< root, the service's own user
};

/// Serves requests one line at a time on its own thread's poll loop. At most 32 connections, 16 of one unprivileged user, 64 KiB a line; peers that are
/// greedier or slower (10 s for a line begun, 10 s for an answer to be taken) are dropped. Replies may be longer than 64 KiB.
class IpcServer {
 public:
  /// What a connection may be told later, unasked: hale-desktop waits for messages with it. Thread-safe, never blocks; false once the peer is gone.
  /// A peer that leaves more than 256 KiB unread is dropped.
  class Connection {
   public:
    virtual ~Connection() = default;
    virtual bool send_line(std::string_view line) = 0;
    virtual const Peer& peer() const = 0;
  };
  using Handler = std::function<std::string(std::string_view line, const std::shared_ptr<Connection>& connection)>;

  /// Errors: conflict (another agent answers there, or the path is not a socket), permission, invalid_input (path too long for a socket).
  /// The socket's folder is made if missing; a socket on which nobody answers is replaced. The socket is reachable by every local user (requests are
  /// checked by their handler).
  static Result<std::unique_ptr<IpcServer>> listen(const std::filesystem::path& socket, Handler handler);
  virtual ~IpcServer() = default;
  /// Also waits for this descriptor (signalfd, timerfd, pidfd, a child's pipe) and calls `readable` on run()'s thread while it is readable or hung up.
  /// Call before run(), or from inside a handler or a `readable`. The caller keeps owning the descriptor and unwatches it before closing it.
  virtual void watch(int fd, std::function<void()> readable) = 0;
  virtual void unwatch(int fd) = 0;
  /// Runs until stop is requested. Sleeps in poll(): no wake-ups while nobody talks.
  virtual void run(std::stop_token stop) = 0;
  /// Wakes run() so that it sees the stop request.
  virtual void wake() = 0;
};

/// The client's end.
class IpcClient {
 public:
  /// Errors: unavailable (agent not running), permission.
  static Result<std::unique_ptr<IpcClient>> connect(const std::filesystem::path& socket);
  virtual ~IpcClient() = default;
  /// The reply to one line. Lines that the server sent by itself meanwhile (no member "ok") are kept for receive(). Waits at most 60 s.
  virtual Result<std::string> request(std::string_view line) = 0;
  /// For poll(): readable when receive() has something to look at. A line may already be buffered: call receive(0) until it says timeout first.
  virtual int poll_fd() const = 0;
  /// Waits for a line the server sends by itself. timeout_ms < 0 = for ever.
  /// Errors: timeout, unavailable (the agent has gone).
  virtual Result<std::string> receive(int timeout_ms) = 0;
};

}  // namespace hale
