#include "platform/local_ipc.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>

#include "platform/local_socket_linux.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace std::chrono_literals;

namespace {

/// A server that answers {"ok":true,"echo":<length>}, keeps every connection, and stops with the test.
class EchoServer {
 public:
  explicit EchoServer(std::filesystem::path socket) : path_(std::move(socket)) {
    auto server = IpcServer::listen(path_, [this](std::string_view line, const std::shared_ptr<IpcServer::Connection>& connection) {
      const std::lock_guard lock(mutex_);
      last_ = connection;
      if (line == "big") return "{\"ok\":true,\"text\":\"" + std::string(2'000'000, 'x') + "\"}";
      return "{\"ok\":true,\"length\":" + std::to_string(line.size()) + "}";
    });
    if (!server) FAIL(server.error().message);
    server_ = std::move(*server);
    thread_ = std::jthread([this](const std::stop_token& stop) { server_->run(stop); });
  }
  ~EchoServer() {
    thread_.request_stop();
    server_->wake();
  }
  const std::filesystem::path& path() const { return path_; }
  std::shared_ptr<IpcServer::Connection> last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  std::filesystem::path path_;
  std::mutex mutex_;
  std::shared_ptr<IpcServer::Connection> last_;
  std::unique_ptr<IpcServer> server_;
  std::jthread thread_;
};

std::unique_ptr<IpcClient> connect(const EchoServer& server) {
  auto client = IpcClient::connect(server.path());
  if (!client) FAIL(client.error().message);
  return std::move(*client);
}

/// A peer that does not keep to the protocol.
class RawPeer {
 public:
  explicit RawPeer(const std::filesystem::path& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = make_socket_address(path);
    REQUIRE(address);
    REQUIRE(::connect(fd_, socket_address(*address), sizeof(*address)) == 0);
    const timeval patience{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  ~RawPeer() { ::close(fd_); }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  bool send(std::string_view bytes) const { return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()); }
  std::string receive() const {
    char buffer[65536];
    const ssize_t count = ::recv(fd_, buffer, sizeof(buffer), 0);
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
  }
  /// True when the server closed the connection within five seconds.
  bool is_dropped() const {
    char buffer[65536];
    for (;;) {
      const ssize_t count = ::recv(fd_, buffer, sizeof(buffer), 0);
      if (count == 0) return true;
      if (count < 0) return errno == ECONNRESET;
    }
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

TEST_CASE("a request gets its reply, one after the other") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  auto client = connect(server);
  CHECK(client->request("abc") == "{\"ok\":true,\"length\":3}");
  CHECK(client->request("") == "{\"ok\":true,\"length\":0}");
  auto other = connect(server);
  CHECK(other->request("abcd") == "{\"ok\":true,\"length\":4}");
  CHECK(client->request("abcde") == "{\"ok\":true,\"length\":5}");
}

TEST_CASE("a reply may be longer than a request may") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  const auto reply = connect(server)->request("big");
  REQUIRE(reply);
  CHECK(reply->size() > 2'000'000);
}

TEST_CASE("the kernel says who the peer is") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  auto client = connect(server);
  REQUIRE(client->request("hello"));
  CHECK(server.last()->peer().uid == ::geteuid());
  CHECK(server.last()->peer().pid == ::getpid());
  CHECK(server.last()->peer().administrator);
}

TEST_CASE("every local user reaches the socket, and its folder is made") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "run" / "hale.sock";
  EchoServer server(path);
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0666);
  REQUIRE(::stat(path.parent_path().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0755);
}

TEST_CASE("a socket that nobody answers on is replaced, one with an agent behind it is not") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "hale.sock";
  const auto handler = [](std::string_view, const std::shared_ptr<IpcServer::Connection>&) { return std::string("{\"ok\":true}"); };
  {
    const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const auto address = make_socket_address(path);
    REQUIRE(::bind(stale, socket_address(*address), sizeof(*address)) == 0);
    ::close(stale);
  }
  EchoServer server(path);
  const auto second = IpcServer::listen(path, handler);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::conflict);
  CHECK(connect(server)->request("still here"));
  std::ofstream(folder.path() / "plain") << "precious";
  CHECK(IpcServer::listen(folder.path() / "plain", handler).error().code == Errc::conflict);
  CHECK(std::filesystem::file_size(folder.path() / "plain") == 8);
  CHECK(IpcServer::listen(folder.path() / std::string(120, 'x'), handler).error().code == Errc::invalid_input);
}

TEST_CASE("the socket goes with the server, and then the agent is unavailable") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "hale.sock";
  {
    EchoServer server(path);
    CHECK(connect(server)->request("x"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
  const auto client = IpcClient::connect(path);
  REQUIRE_FALSE(client);
  CHECK(client.error().code == Errc::unavailable);
  CHECK(client.error().message.find("is haled running?") != std::string::npos);
}

TEST_CASE("a client notices that the agent has gone while it waits") {
  const test::TemporaryFolder folder;
  auto server = std::make_unique<EchoServer>(folder.path() / "hale.sock");
  auto client = connect(*server);
  REQUIRE(client->request("x"));
  auto waiting = std::async(std::launch::async, [&client] { return client->receive(10'000); });
  server.reset();
  CHECK(waiting.get().error().code == Errc::unavailable);
  CHECK(client->request("x").error().code == Errc::unavailable);
}

TEST_CASE("lines that the server sends by itself are not mistaken for replies") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  auto client = connect(server);
  REQUIRE(client->request("desktop"));
  auto connection = server.last();
  CHECK(connection->send_line("{\"show\":1}"));
  CHECK(connection->send_line("{\"show\":2}"));
  CHECK(client->request("presence") == "{\"ok\":true,\"length\":8}");
  CHECK(client->receive(1000) == "{\"show\":1}");
  CHECK(client->receive(1000) == "{\"show\":2}");
  CHECK(client->receive(0).error().code == Errc::timeout);
  CHECK(connection->send_line("two\nlines"));
  CHECK(client->receive(1000) == "two lines");
}

TEST_CASE("a message reaches a client that is already waiting for it") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  auto client = connect(server);
  REQUIRE(client->request("desktop"));
  auto waiting = std::async(std::launch::async, [&client] { return client->receive(-1); });
  std::this_thread::sleep_for(20ms);
  CHECK(server.last()->send_line("{\"show\":1}"));
  CHECK(waiting.get() == "{\"show\":1}");
}

TEST_CASE("telling a peer that has gone is false, not fatal") {
  const test::TemporaryFolder folder;
  std::shared_ptr<IpcServer::Connection> connection;
  {
    EchoServer server(folder.path() / "hale.sock");
    auto client = connect(server);
    REQUIRE(client->request("desktop"));
    connection = server.last();
    client.reset();
    for (int i = 0; i < 500 && connection->send_line("x"); ++i) std::this_thread::sleep_for(10ms);
    CHECK_FALSE(connection->send_line("x"));
  }
  CHECK_FALSE(connection->send_line("x"));  // the server has gone as well
}

TEST_CASE("garbage without a line end is dropped at 64 KiB, and others are still served") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  const RawPeer peer(server.path());
  const std::string garbage(10'000, '\xff');
  for (int i = 0; i < 20 && peer.send(garbage); ++i) continue;
  CHECK(peer.is_dropped());
  CHECK(connect(server)->request("x"));
}

TEST_CASE("a line of 64 KiB is served and lines in pieces are put together") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  const RawPeer peer(server.path());
  REQUIRE(peer.send(std::string(65'000, 'x') + "\r\n"));
  CHECK(peer.receive() == "{\"ok\":true,\"length\":65000}\n");
  for (const char c : std::string("abc\nde")) REQUIRE(peer.send(std::string(1, c)));
  CHECK(peer.receive() == "{\"ok\":true,\"length\":3}\n");
  REQUIRE(peer.send("f\n"));
  CHECK(peer.receive() == "{\"ok\":true,\"length\":3}\n");
}

TEST_CASE("a peer that does not take its messages is dropped before it costs memory, and the sender never blocks") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  const RawPeer peer(server.path());
  REQUIRE(peer.send("desktop\n"));
  REQUIRE_FALSE(peer.receive().empty());
  auto connection = server.last();
  const std::string line(10'000, 'x');
  std::size_t sent = 0;
  const auto before = std::chrono::steady_clock::now();
  while (sent < 10'000'000 && connection->send_line(line)) sent += line.size();
  CHECK(sent < 2'000'000);
  CHECK(std::chrono::steady_clock::now() - before < 5s);
  CHECK(peer.is_dropped());
  CHECK(connect(server)->request("x"));
}

TEST_CASE("a peer that begins a line and does not end it is dropped after ten seconds, one that is quiet is not") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  auto quiet = connect(server);
  REQUIRE(quiet->request("desktop"));
  const RawPeer slow(server.path());
  REQUIRE(slow.send("{\"do\":"));
  const timeval patience{20, 0};
  ::setsockopt(slow.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const auto before = std::chrono::steady_clock::now();
  CHECK(slow.is_dropped());
  CHECK(std::chrono::steady_clock::now() - before > 8s);
  CHECK(quiet->request("x"));
}

TEST_CASE("more than 32 connections are turned away, and a free place is given again") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  std::vector<std::unique_ptr<IpcClient>> clients;
  for (int i = 0; i < 32; ++i) {
    clients.push_back(connect(server));
    REQUIRE(clients.back()->request("x"));
  }
  const RawPeer excess(server.path());
  CHECK(excess.is_dropped());
  clients.pop_back();
  bool served = false;
  for (int i = 0; i < 100 && !served; ++i) {
    served = connect(server)->request("x").has_value();
    if (!served) std::this_thread::sleep_for(10ms);
  }
  CHECK(served);
}

TEST_CASE("many threads tell one peer at once and every line arrives whole") {
  const test::TemporaryFolder folder;
  EchoServer server(folder.path() / "hale.sock");
  auto client = connect(server);
  REQUIRE(client->request("desktop"));
  auto connection = server.last();
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&connection, t] {
      for (int i = 0; i < 50; ++i) connection->send_line(std::string(100, static_cast<char>('a' + t)));
    });
  }
  for (int i = 0; i < 200; ++i) {
    const auto line = client->receive(5000);
    REQUIRE(line);
    CHECK(*line == std::string(100, line->front()));
  }
}

TEST_CASE("the server also waits for other descriptors, and a watcher may take itself away") {
  const test::TemporaryFolder folder;
  auto server = IpcServer::listen(folder.path() / "hale.sock", [](std::string_view, const auto&) { return std::string("{\"ok\":true}"); });
  REQUIRE(server);
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::atomic<int> calls{0};
  (*server)->watch(event, [&] {
    ++calls;
    (*server)->unwatch(event);  // though it stays readable
  });
  std::jthread thread([&](const std::stop_token& stop) { (*server)->run(stop); });
  const std::uint64_t one = 1;
  REQUIRE(::write(event, &one, sizeof(one)) == sizeof(one));
  for (int i = 0; i < 500 && calls == 0; ++i) std::this_thread::sleep_for(10ms);
  auto client = IpcClient::connect(folder.path() / "hale.sock");
  REQUIRE(client);
  CHECK((*client)->request("x"));
  CHECK(calls == 1);
  thread.request_stop();
  (*server)->wake();
  thread.join();
  ::close(event);
}
