#pragma once
#include <string>

struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace hale {

/// Judges the certificate chain a server shows, in the place of OpenSSL's own check (which it calls), and remembers why
/// it refused. Installed into each SSL_CTX; must outlive the connections. Belongs to one thread.
class TlsPeer {
 public:
  /// `ca_sha256`: hex SHA-256 of the DER of the only CA to trust; empty: what the SSL_CTX's store holds.
  explicit TlsPeer(std::string ca_sha256) : ca_sha256_(std::move(ca_sha256)) {}
  void install(ssl_ctx_st* context);
  /// Forgets the last refusal.
  void begin() { refusal_.clear(); }
  /// Why the chain was refused, for people; empty when it was not.
  const std::string& refusal() const { return refusal_; }
  /// The CA found by its fingerprint, PEM.
  const std::string& ca_pem() const { return ca_pem_; }

 private:
  static int verify(x509_store_ctx_st* chain, void* self);
  int judge(x509_store_ctx_st* chain);
  int judge_by_fingerprint(x509_store_ctx_st* chain);
  void explain(x509_store_ctx_st* chain);

  std::string ca_sha256_;
  std::string ca_pem_;
  std::string refusal_;
};

}  // namespace hale
