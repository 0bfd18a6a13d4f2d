#include "collectors/disk/probe_client_linux.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/text.hpp"
#include "platform/errno_linux.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"

namespace hale {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kDeadline{8000};
constexpr std::size_t kMaxReply = 16U << 10U;

std::size_t answer_bytes(std::string_view query) {
  if (query == "nvme-identify") return 4096;
  return query == "rapl" || query == "ata-smart-status" || query == "ata-power-mode" ? 64 : 512;
}

Errc code_of(std::string_view message) {
  if (message.find("Permission denied") != std::string_view::npos ||
      message.find("not permitted") != std::string_view::npos)
    return Errc::permission;
  return Errc::unsupported;
}

class CapturedAnswers final : public ProbeClient {
 public:
  explicit CapturedAnswers(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Result<ProbeAnswer> ask(std::string_view query, std::string_view node) override {
    auto bytes = read_file(folder_ / fmt::format("{}.{}", node, query), 8192);
    if (!bytes) return fail(bytes.error());
    // A tree written as text ends every file with a line break.
    const auto size = answer_bytes(query);
    if (bytes->size() == size + 1 && bytes->back() == '\n') bytes->pop_back();
    return ProbeAnswer{false, std::move(*bytes)};
  }

 private:
  std::filesystem::path folder_;
};

class ChildProbe final : public ProbeClient {
 public:
  explicit ChildProbe(std::filesystem::path program) : program_(std::move(program)) {}
  Result<ProbeAnswer> ask(std::string_view query, std::string_view node) override {
    ProcessSpec spec;
    spec.program = program_;
    spec.arguments = {std::string(query), fmt::format("/dev/{}", node)};
    spec.deadline = kDeadline;
    spec.max_output = kMaxReply;
    auto result = run_process(spec);
    if (!result) return fail(std::move(result.error()).with_context("hale-probe"));
    if (result->exit_code == 0) return ProbeAnswer{false, std::move(result->output)};
    if (result->exit_code == 3) return ProbeAnswer{true, {}};
    const auto reason = sanitize_utf8(trim(result->error_output));
    return fail(code_of(reason), reason.empty() ? fmt::format("hale-probe ended with {}", result->exit_code) : reason);
  }

 private:
  std::filesystem::path program_;
};

// One connection a question: systemd starts a hale-probe for each.
class SocketProbe final : public ProbeClient {
 public:
  explicit SocketProbe(std::filesystem::path socket) : socket_(std::move(socket)) {}
  Result<ProbeAnswer> ask(std::string_view query, std::string_view node) override {
    const auto until = Steady::now() + kDeadline;
    const FileDescriptor peer(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!peer) return fail(errno_error(errno, "socket"));
    if (auto ok = connect_to(peer.get()); !ok) return fail(ok.error());
    const auto request = fmt::format("{} /dev/{}\n", query, node);
    if (::send(peer.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
      return fail(errno_error(errno, socket_.string()));
    }
    auto reply = read_reply(peer.get(), until);
    if (!reply) return fail(reply.error());
    return parse(*reply);
  }

 private:
  Result<> connect_to(int descriptor) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = socket_.string();
    if (path.size() >= sizeof address.sun_path) return fail(Errc::invalid_input, "the probe's socket path is too long");
    std::copy(path.begin(), path.end(), address.sun_path);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
    return fail(errno_error(errno, path));
  }

  Result<std::string> read_reply(int descriptor, Steady::time_point until) const {
    std::string reply;
    std::array<char, 4096> buffer{};
    while (reply.size() < kMaxReply) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now()).count();
      pollfd wait{descriptor, POLLIN, 0};
      if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0)
        return fail(Errc::timeout, "hale-probe did not answer within 8 s");
      const auto got = ::read(descriptor, buffer.data(), buffer.size());
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) return fail(errno_error(errno, socket_.string()));
      if (got == 0) break;
      reply.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return reply;
  }

  static Result<ProbeAnswer> parse(const std::string& reply) {
    const auto end = reply.find('\n');
    const auto line = std::string_view(reply).substr(0, end);
    if (end == std::string::npos) return fail(Errc::io, "hale-probe ended without an answer");
    if (line.starts_with("asleep")) return ProbeAnswer{true, {}};
    if (line.starts_with("failed ")) {
      const auto reason = sanitize_utf8(line.substr(7));
      return fail(code_of(reason), reason);
    }
    const auto size = line.starts_with("ok ") ? parse_uint(line.substr(3)) : std::nullopt;
    if (!size || reply.size() - end - 1 != *size) return fail(Errc::io, "hale-probe's answer is cut or malformed");
    return ProbeAnswer{false, reply.substr(end + 1)};
  }

  std::filesystem::path socket_;
};

class NoProbe final : public ProbeClient {
 public:
  Result<ProbeAnswer> ask(std::string_view, std::string_view) override {
    return fail(Errc::unavailable, "hale-probe is not installed: disks are named, their SMART data not read");
  }
};

}  // namespace

std::unique_ptr<ProbeClient> make_probe_client(const CollectorEnvironment& environment, std::filesystem::path socket) {
  if (environment.roots.captured) return std::make_unique<CapturedAnswers>(environment.roots.dev);
  std::error_code error;
  if (std::filesystem::is_socket(socket, error)) return std::make_unique<SocketProbe>(std::move(socket));
  if (!environment.probe.empty()) return std::make_unique<ChildProbe>(environment.probe);
  return std::make_unique<NoProbe>();
}

}  // namespace hale
