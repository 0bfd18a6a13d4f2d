#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <utility>

/// For the HTTP server's own .cpp files only: Asio's headers are heavy.
namespace hale::fleet {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// A thin TLS server stream: OpenSSL reads and writes the socket itself (SSL_set_fd) and Asio only waits for readiness,
/// so that an idle connection keeps no staging buffers (26 KB instead of 84 KB with asio::ssl::stream). One operation
/// at a time; belongs to the thread of its executor.
class TlsStream {
 public:
  using executor_type = tcp::socket::executor_type;
  using lowest_layer_type = tcp::socket;

  TlsStream(tcp::socket socket, SSL_CTX* context) : socket_(std::move(socket)), ssl_(SSL_new(context), SSL_free) {
    boost::system::error_code ignored;
    socket_.native_non_blocking(true, ignored);
    if (ssl_) {
      SSL_set_fd(ssl_.get(), socket_.native_handle());
      SSL_set_accept_state(ssl_.get());
    }
  }

  executor_type get_executor() { return socket_.get_executor(); }
  tcp::socket& socket() { return socket_; }
  SSL* ssl() { return ssl_.get(); }

  /// Bytes that OpenSSL holds decrypted: the socket will not become readable for them.
  bool has_pending() const { return SSL_has_pending(ssl_.get()) == 1; }

  /// An expired stream ends every operation with operation_aborted, also one that starts only after its deadline has
  /// passed.
  void set_expired(bool expired) { expired_ = expired; }

  template <class Token>
  auto async_handshake(Token&& token) {
    return operate([](SSL* ssl) { return SSL_do_handshake(ssl); }, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    const asio::mutable_buffer target = *asio::buffer_sequence_begin(buffers);
    return operate([target](SSL* ssl) { return SSL_read(ssl, target.data(), clamp(target.size())); },
                   std::forward<Token>(token));
  }

  /// Gathers up to one TLS record, so that a small header and its body leave in one packet.
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    record_.clear();
    for (auto at = asio::buffer_sequence_begin(buffers);
         at != asio::buffer_sequence_end(buffers) && record_.size() < kRecord; ++at) {
      const asio::const_buffer part = *at;
      record_.append(static_cast<const char*>(part.data()), std::min(part.size(), kRecord - record_.size()));
    }
    return operate(
        [this](SSL* ssl) { return record_.empty() ? 1 : SSL_write(ssl, record_.data(), clamp(record_.size())); },
        std::forward<Token>(token));
  }

  /// Says goodbye without waiting for the other side, and gives back the write buffer.
  void shutdown() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  void release_buffers() { std::string().swap(record_); }

 private:
  static constexpr std::size_t kRecord = 16384;

  static int clamp(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, 1u << 30)); }

  // Tries `step`; while OpenSSL wants the socket, waits for it and tries again. Never completes inside the initiating
  // call.
  template <class Step, class Token>
  auto operate(Step step, Token&& token) {
    return asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
        [this, step, waited = false](auto& self, boost::system::error_code error = {}) mutable {
          if (!error && expired_) error = asio::error::operation_aborted;
          if (error && waited) return self.complete(error, 0);
          if (error)
            return asio::post(socket_.get_executor(),
                              [self = std::move(self), error]() mutable { self.complete(error, 0); });
          ERR_clear_error();
          const int result = step(ssl_.get());
          boost::system::error_code outcome;
          if (result <= 0) {
            switch (SSL_get_error(ssl_.get(), result)) {
              case SSL_ERROR_WANT_READ:
                waited = true;
                return socket_.async_wait(tcp::socket::wait_read, std::move(self));
              case SSL_ERROR_WANT_WRITE:
                waited = true;
                return socket_.async_wait(tcp::socket::wait_write, std::move(self));
              case SSL_ERROR_ZERO_RETURN:
                outcome = asio::error::eof;
                break;
              default:
                outcome = asio::error::connection_reset;
                break;
            }
          }
          const std::size_t count = result > 0 ? static_cast<std::size_t>(result) : 0;
          if (waited) return self.complete(outcome, count);
          asio::post(socket_.get_executor(),
                     [self = std::move(self), outcome, count]() mutable { self.complete(outcome, count); });
        },
        token, socket_);
  }

  tcp::socket socket_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  std::string record_;
  bool expired_{false};
};

}  // namespace hale::fleet
