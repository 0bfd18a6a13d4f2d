#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/codec.hpp"
#include "platform/errno_linux.hpp"
#include "platform/local_ipc.hpp"
#include "platform/local_socket_linux.hpp"

namespace hale {
namespace {

using Steady = std::chrono::steady_clock;
using Deadline = std::optional<Steady::time_point>;  // none = for ever

constexpr std::size_t kMaxReply = 16u << 20;
constexpr std::chrono::seconds kReplyPatience{60};

/// The server answers with a member "ok"; what it says by itself has none (docs/control.md).
bool is_reply(const std::string& line) {
  const auto document = parse_json(line, kMaxReply);
  return !document || !document->is_object() || document->contains("ok");
}

class SocketClient final : public IpcClient {
 public:
  explicit SocketClient(FileDescriptor fd) : fd_(std::move(fd)) {}

  Result<std::string> request(std::string_view line) override {
    if (auto sent = send(std::string(line) + '\n'); !sent) return fail(std::move(sent.error()));
    const auto deadline = Steady::now() + kReplyPatience;
    for (;;) {
      auto answer = read_line(deadline);
      if (!answer || is_reply(*answer)) return answer;
      unasked_.push_back(std::move(*answer));
    }
  }

  Result<std::string> receive(int timeout_ms) override {
    if (!unasked_.empty()) {
      std::string line = std::move(unasked_.front());
      unasked_.pop_front();
      return line;
    }
    return read_line(timeout_ms < 0 ? Deadline() : Steady::now() + std::chrono::milliseconds(timeout_ms));
  }

  int poll_fd() const override { return fd_.get(); }

 private:
  Result<> send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno == EAGAIN) return fail(Errc::timeout, "the agent does not take the request");
      if (sent < 0) return gone();
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
  }

  Result<std::string> read_line(Deadline deadline) {
    for (;;) {
      if (const auto end = received_.find('\n', searched_); end != std::string::npos) return take(end);
      searched_ = received_.size();
      if (received_.size() > kMaxReply) return fail(Errc::invalid_input, "the agent's answer is too long");
      if (auto more = read_more(deadline); !more) return fail(std::move(more.error()));
    }
  }

  std::string take(std::size_t end) {
    std::string line = received_.substr(0, end);
    received_.erase(0, end + 1);
    searched_ = 0;
    return line;
  }

  Result<> read_more(Deadline deadline) {
    pollfd event{fd_.get(), POLLIN, 0};
    int wait_ms = -1;
    if (deadline) wait_ms = static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(*deadline - Steady::now()).count()));
    const int ready = ::poll(&event, 1, wait_ms);
    if (ready < 0 && errno == EINTR) return {};
    if (ready < 0) return fail(errno_error(errno, "waiting for the agent"));
    if (ready == 0) return fail(Errc::timeout, "the agent did not answer in time");
    std::array<char, 16384> buffer;
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (count <= 0) return gone();
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return {};
  }

  static tl::unexpected<Error> gone() { return fail(Errc::unavailable, "the agent closed the connection"); }

  FileDescriptor fd_;
  std::string received_;
  std::size_t searched_{0};  ///< bytes of received_ known to hold no line end
  std::deque<std::string> unasked_;
};

}  // namespace

Result<std::unique_ptr<IpcClient>> IpcClient::connect(const std::filesystem::path& socket) {
  const auto address = make_socket_address(socket);
  if (!address) return fail(address.error());
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail(errno_error(errno, "opening a socket"));
  const timeval patience{10, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));  // bounds connect() as well
  if (::connect(fd.get(), socket_address(*address), sizeof(*address)) != 0) {
    const int code = errno;
    if (code == EACCES || code == EPERM) return fail(errno_error(code, socket.string()));
    return fail(Errc::unavailable, "the agent does not answer on " + socket.string() + "; is haled running?");
  }
  return std::make_unique<SocketClient>(std::move(fd));
}

}  // namespace hale
