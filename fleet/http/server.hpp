#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "core/result.hpp"
#include "fleet/http/message.hpp"

namespace hale::fleet {

enum class ClientCertificates : std::uint8_t { ignored, requested };

struct TlsFiles {
  std::string certificate_pem;  ///< server certificate, then the CA (a pinning client looks for the CA in the chain)
  std::string private_key_pem;
  std::string client_ca_pem;  ///< what client certificates are checked against
};

struct ListenerOptions {
  std::string name;  ///< "device" or "console", for logs and metrics
  std::string address{"127.0.0.1"};
  std::uint16_t port{0};  ///< 0: any free one
  int threads{1};         ///< an io_context and an SO_REUSEPORT socket each
  ClientCertificates client_certificates{ClientCertificates::ignored};
  std::size_t max_body{1u << 20};       ///< B, as sent
  std::size_t max_header{16u << 10};    ///< B
  std::size_t max_connections{50'000};  ///< over all threads; more are closed at once
  std::chrono::seconds handshake_timeout{10};
  std::chrono::seconds request_timeout{
      30};                                 ///< from the first byte of a request to its last, and for writing an answer
  std::chrono::seconds idle_timeout{300};  ///< between requests
};

/// Read by /metrics while the listener runs.
struct ListenerCounters {
  std::atomic<std::uint64_t> connections{0};  ///< open now
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};  ///< over max_connections
  std::atomic<std::uint64_t> handshakes_failed{0};
  std::atomic<std::uint64_t> handshakes_resumed{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> in_flight{0};    ///< handed to the handler, not yet answered
  std::atomic<std::uint64_t> responses[6]{};  ///< by first digit of the status
};

/// An HTTPS listener (TLS 1.3) with its threads. start() binds, so that a taken port is an error with words; the
/// handler is called on the threads of the listener.
class Listener {
 public:
  static Result<std::unique_ptr<Listener>> start(ListenerOptions options, const TlsFiles& tls, Handler handler);
  virtual ~Listener() = default;

  virtual std::uint16_t port() const = 0;
  virtual const ListenerCounters& counters() const = 0;
  /// Stops accepting, closes idle connections, lets accepted requests be answered for at most `grace`, then closes and
  /// joins.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace hale::fleet
