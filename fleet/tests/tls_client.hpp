#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;

namespace hale::fleet::test {

struct Reply {
  int status{0};                                             ///< 0: the connection ended without an answer
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;
  std::string header(std::string_view name) const;
};

struct ClientIdentity {
  std::string certificate_pem, private_key_pem;
};

/// A small blocking HTTPS client that can also send what no good client would. Trusts one CA.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, const std::string& ca_pem, ClientIdentity identity = {});
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// A request over the kept connection (made anew when it ended).
  Reply send(std::string_view method, std::string_view target, std::string_view body = {},
             const std::vector<std::string>& headers = {});
  /// Bytes as they are; then one answer.
  Reply raw(std::string_view bytes);
  /// What comes until `needle` was seen or the time is up.
  std::string read_until(std::string_view needle, std::chrono::milliseconds limit);
  bool write(std::string_view bytes);
  bool connect();
  void close();
  bool connected() const { return ssl_ != nullptr; }
  bool resumed() const;
  /// The chain that the server showed, PEM.
  std::vector<std::string> server_chain() const;

 private:
  Reply read_reply(bool head_only = false);
  bool fill(std::chrono::milliseconds limit);

  std::uint16_t port_;
  ssl_ctx_st* context_{};
  ssl_st* ssl_{};
  ssl_session_st* session_{};
  int socket_{-1};
  std::string buffer_;
};

struct KeyPair {
  std::string private_key_pem;
  std::string csr_pem;
};
/// `type`: "P-256", "P-384", "ED25519" or "RSA".
KeyPair make_key_and_csr(const std::string& type = "P-256");
/// Base64 signature of a key over the DER of a request, or over what `statement` makes of it.
std::string sign_csr(const std::string& private_key_pem, const std::string& csr_pem,
                     const std::function<std::string(const std::string& der)>& statement = {});
/// The request with one bit of its signature turned.
std::string spoil_signature(const std::string& csr_pem);

}  // namespace hale::fleet::test
