#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace hale {

/// Mutual TLS identity and trust, all PEM. Keys are handed over in memory, never through a path. Exactly one of ca_pem
/// and ca_sha256 is given.
struct TlsOptions {
  std::string ca_pem;     ///< the only CA that is trusted (pinned); the system's own are never consulted
  std::string ca_sha256;  ///< first contact: hex SHA-256 of the CA's DER; that CA, found in the chain the server shows,
                          ///< is the only one trusted
  std::string certificate_pem;  ///< client certificate; empty before enrolment
  std::string private_key_pem;
  std::string
      session_for{};      ///< "https://host:port", the only server this client will talk to: its TLS session is kept
  std::string session{};  ///< what session() gave in an earlier run; ignored when it does not fit
};

struct ProxyOptions {
  std::string url;  ///< http://host:port; empty: from the environment (https_proxy, no_proxy); "direct": none
};

struct HttpRequest {
  std::string method{"POST"};
  std::string url;                   ///< https only
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
  std::uint32_t timeout_s{60};
  std::size_t max_response{4u << 20};
  const std::atomic<bool>* cancel{};  ///< once true the request ends within about a second, as unavailable
};

struct HttpResponse {
  int status{};  ///< redirects are not followed; a TLS alert "certificate revoked" reads as 401
  std::string body;
  std::optional<std::uint32_t> retry_after_s;  ///< from Retry-After, seconds or date
};

/// libcurl, TLS 1.3 only, keep-alive between requests. Errors: unavailable (no route, refused, DNS), timeout,
/// permission (certificate not accepted: the message says so, and names TLS inspection by a proxy when the chain ends
/// in another CA than the pinned one), invalid_input (too large). Belongs to one thread.
class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> make(TlsOptions tls, ProxyOptions proxy = {});
  virtual ~HttpClient() = default;
  virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
  /// With ca_sha256: the CA that the first successful handshake found, PEM; empty before.
  virtual std::string found_ca_pem() const { return {}; }
  /// With session_for: a session to resume in the next run, when there is a new one. A secret.
  virtual std::optional<std::string> session() const { return std::nullopt; }
};

}  // namespace hale
