#include "uploader/tests/tls_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>

#include "core/text.hpp"

namespace hale::test {
namespace {

int listen_on_loopback(int& port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(descriptor, 64) != 0 ||
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  port = ntohs(address.sin_port);
  return descriptor;
}

bool wait_readable(int descriptor, const std::atomic<bool>& stopping) {
  pollfd waiting{descriptor, POLLIN, 0};
  while (!stopping) {
    if (::poll(&waiting, 1, 20) > 0) return true;
  }
  return false;
}

ServerRequest parse_head(std::string_view head) {
  ServerRequest request;
  const auto lines = split(head, '\n');
  const auto words = split(trim(lines.front()), ' ');
  request.method = words[0];
  if (words.size() > 1) request.path = words[1];
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto colon = lines[i].find(':');
    if (colon != std::string_view::npos)
      request.headers[to_lower_ascii(lines[i].substr(0, colon))] = trim(lines[i].substr(colon + 1));
  }
  return request;
}

std::string to_text(const ServerReply& reply) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Said\r\n";
  for (const auto& header : reply.headers) text += header + "\r\n";
  return text + "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
}

}  // namespace

TlsServer::TlsServer(const ServerSettings& settings, Handler handler)
    : handler_(std::move(handler)), context_(SSL_CTX_new(TLS_server_method())) {
  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context_, settings.newest_tls);
  SSL_CTX_use_certificate(context_, settings.identity.certificate.get());
  SSL_CTX_use_PrivateKey(context_, settings.identity.key.get());
  for (X509* certificate : settings.chain) SSL_CTX_add1_chain_cert(context_, certificate);
  SSL_CTX_set_mode(context_, SSL_MODE_NO_AUTO_CHAIN);
  if (settings.client_ca != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), settings.client_ca);
    // Asked for, judged by the handler: enrolment and renewal come without one.
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  }
  static constexpr unsigned char kContext[] = "test";
  SSL_CTX_set_session_id_context(context_, kContext, sizeof kContext);
  listener_ = listen_on_loopback(port_);
  acceptor_ = std::thread([this] { accept_all(); });
}

TlsServer::~TlsServer() {
  stopping_ = true;
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
  }
  for (auto& handler : handlers_) handler.join();
  ::close(listener_);
  SSL_CTX_free(context_);
}

void TlsServer::accept_all() {
  while (wait_readable(listener_, stopping_)) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) continue;
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.insert(descriptor);
    handlers_.emplace_back([this, descriptor] { serve(descriptor); });
  }
}

void TlsServer::serve(int descriptor) {
  SSL* tls = SSL_new(context_);
  SSL_set_fd(tls, descriptor);
  if (SSL_accept(tls) == 1) {
    while (!stopping_ && serve_one(tls)) {
    }
  }
  SSL_free(tls);
  // Closing with unread bytes would reset the connection, and the last alert or answer with it.
  ::shutdown(descriptor, SHUT_WR);
  std::array<char, 4096> rest{};
  while (wait_readable(descriptor, stopping_) && ::recv(descriptor, rest.data(), rest.size(), 0) > 0) {
  }
  const std::lock_guard lock(mutex_);
  open_.erase(descriptor);
  ::close(descriptor);
}

bool TlsServer::serve_one(SSL* tls) {
  std::string bytes;
  std::array<char, 16'384> buffer{};
  std::size_t wanted = std::string::npos;
  std::size_t head_end = std::string::npos;
  ServerRequest request;
  while (wanted == std::string::npos || bytes.size() < wanted) {
    const int count = SSL_read(tls, buffer.data(), static_cast<int>(buffer.size()));
    if (count <= 0) return false;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (head_end == std::string::npos && (head_end = bytes.find("\r\n\r\n")) != std::string::npos) {
      request = parse_head(std::string_view(bytes).substr(0, head_end));
      const auto length = parse_uint(request.headers["content-length"]);
      wanted = head_end + 4 + length.value_or(0);
    }
  }
  request.body = bytes.substr(head_end + 4);
  X509* client = SSL_get1_peer_certificate(tls);
  if (client != nullptr) request.client = common_name(client);
  X509_free(client);
  const auto reply = handler_(request);
  while (reply.hang && !stopping_) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  if (reply.hang || reply.cut) return false;
  const auto text = reply.raw.empty() ? to_text(reply) : reply.raw;
  if (SSL_write(tls, text.data(), static_cast<int>(text.size())) <= 0) return false;
  if (!reply.raw.empty()) SSL_shutdown(tls);
  return reply.raw.empty();
}

ConnectProxy::ConnectProxy(int target_port) : target_port_(target_port), listener_(listen_on_loopback(port_)) {
  acceptor_ = std::thread([this] { accept_all(); });
}

ConnectProxy::~ConnectProxy() {
  stopping_ = true;
  acceptor_.join();
  for (auto& tunnel : tunnels_) tunnel.join();
  ::close(listener_);
}

std::vector<std::string> ConnectProxy::asked() {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void ConnectProxy::accept_all() {
  while (wait_readable(listener_, stopping_)) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    tunnels_.emplace_back([this, client] { tunnel(client); });
  }
}

void ConnectProxy::tunnel(int client) {
  std::string head;
  std::array<char, 16'384> buffer{};
  while (head.find("\r\n\r\n") == std::string::npos) {
    const auto count = ::recv(client, buffer.data(), 1, 0);
    if (count <= 0) break;
    head.append(buffer.data(), 1);
  }
  {
    const std::lock_guard lock(mutex_);
    asked_.emplace_back(split(split(head, '\n').front(), ' ').at(1));
  }
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(target_port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected =
      head.starts_with("CONNECT ") && ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  const std::string_view answer =
      connected ? "HTTP/1.1 200 Connected\r\nRetry-After: 777\r\n\r\n" : "HTTP/1.1 502 Bad Gateway\r\n\r\n";
  bool open = ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) > 0 && connected;
  std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
  while (open && !stopping_) {
    if (::poll(ends.data(), 2, 20) <= 0) continue;
    for (std::size_t i = 0; i < 2 && open; ++i) {
      if (ends[i].revents == 0) continue;
      const auto count = ::recv(ends[i].fd, buffer.data(), buffer.size(), 0);
      open = count > 0 && ::send(ends[1 - i].fd, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
    }
  }
  ::close(server);
  ::close(client);
}

int free_port() {
  int port = 0;
  ::close(listen_on_loopback(port));
  return port;
}

}  // namespace hale::test
