#pragma once
#include <optional>
#include <string>

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

namespace hale {

/// A TLS session kept between two runs of a program, so that the second handshake needs no certificates (TLS 1.3 PSK
/// with ephemeral Diffie-Hellman, so forward secret all the same). It is offered only to the server it is from, with
/// the same pinned CA and client certificate, for a day after the handshake that showed certificates; the server's
/// certificate in it is checked against the CA and the clock again first. What does not fit is simply not offered.
/// Installed into each SSL_CTX after libcurl's own callbacks; must outlive the connections. Belongs to one thread.
class TlsSession {
 public:
  /// `identity` names server, CA and client certificate. `kept`: what bytes() gave in an earlier run, or empty.
  TlsSession(std::string identity, std::string ca_pem, const std::string& kept);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  void install(ssl_ctx_st* context);
  /// The newest session when there is one that was not there before; a secret: keep it like a key.
  std::optional<std::string> fresh_bytes() const;

 private:
  static int take_session(ssl_st* ssl, ssl_session_st* session);
  static void on_info(const ssl_st* ssl, int where, int result);
  void read(const std::string& kept);
  void offer(ssl_st* ssl);
  void take(ssl_st* ssl, ssl_session_st* session);

  std::string identity_;
  std::string ca_pem_;
  ssl_session_st* session_{};
  long long full_handshake_s_{};  ///< Unix s of the handshake that showed certificates
  std::string fresh_;
};

}  // namespace hale
