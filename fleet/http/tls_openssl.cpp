#include "fleet/http/tls_openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string>

#include "fleet/http/tls_tickets_openssl.hpp"
#include "fleet/service/certificates.hpp"

namespace hale::fleet {
namespace {

tl::unexpected<Error> openssl_error(std::string what) {
  char text[256] = "unknown";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(Errc::invalid_input, std::move(what) + ": " + text);
}

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Free>;

Bio memory_bio(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Result<> use_certificates(SSL_CTX* context, const std::string& pem) {
  const Bio bio = memory_bio(pem);
  bool leaf = true;
  while (X509* raw = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const std::unique_ptr<X509, Free> certificate(raw);
    const auto added = leaf ? SSL_CTX_use_certificate(context, raw) : SSL_CTX_add1_chain_cert(context, raw);
    if (added != 1) return openssl_error("using the server's certificate");
    leaf = false;
  }
  ERR_clear_error();
  if (leaf) return fail(Errc::invalid_input, "the server's certificate file holds no certificate");
  return {};
}

Result<> use_key(SSL_CTX* context, const std::string& pem) {
  const Bio bio = memory_bio(pem);
  const std::unique_ptr<EVP_PKEY, Free> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key) return openssl_error("reading the server's private key");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return openssl_error("the server's private key does not fit its certificate");
  }
  return {};
}

Result<> trust_clients_of(SSL_CTX* context, const std::string& pem) {
  const Bio bio = memory_bio(pem);
  const std::unique_ptr<X509, Free> ca(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!ca) return openssl_error("reading the CA's certificate");
  if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) != 1 ||
      SSL_CTX_add_client_CA(context, ca.get()) != 1) {
    return openssl_error("trusting the CA's certificate");
  }
  return {};
}

// Verification goes on after an error; the error stays in the store context and so in SSL_get_verify_result().
int accept_and_remember(int, X509_STORE_CTX*) { return 1; }

}  // namespace

Result<SslContext> make_server_context(const TlsFiles& files, ClientCertificates client_certificates) {
  ERR_clear_error();
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return openssl_error("making a TLS context");
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(raw, 1);
  static constexpr unsigned char kSessionContext[] = "hale-fleet";
  SSL_CTX_set_session_id_context(raw, kSessionContext, sizeof kSessionContext - 1);
  if (!use_rotating_tickets(raw)) return openssl_error("making session tickets");
  if (auto ok = use_certificates(raw, files.certificate_pem); !ok) return fail(ok.error());
  if (auto ok = use_key(raw, files.private_key_pem); !ok) return fail(ok.error());
  if (client_certificates == ClientCertificates::requested) {
    if (auto ok = trust_clients_of(raw, files.client_ca_pem); !ok) return fail(ok.error());
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, accept_and_remember);
  }
  return context;
}

std::shared_ptr<const PeerCertificate> read_peer(SSL* ssl) {
  const X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return nullptr;
  auto peer = std::make_shared<PeerCertificate>();
  const CertificateFacts facts = facts_of(certificate);
  peer->serial = facts.serial;
  peer->common_name = facts.common_name;
  peer->not_after = facts.not_after;
  const long verdict = SSL_get_verify_result(ssl);
  peer->trusted = verdict == X509_V_OK || verdict == X509_V_ERR_CERT_HAS_EXPIRED;
  if (!peer->trusted) peer->reason = X509_verify_cert_error_string(verdict);
  return peer;
}

}  // namespace hale::fleet
