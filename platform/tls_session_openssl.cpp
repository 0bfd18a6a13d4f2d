#include "platform/tls_session_openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <string_view>

#include "core/text.hpp"
#include "platform/crypto.hpp"

namespace hale {
namespace {

using Bio = std::unique_ptr<BIO, decltype([](BIO* p) { BIO_free(p); })>;
using Certificate = std::unique_ptr<X509, decltype([](X509* p) { X509_free(p); })>;
using Store = std::unique_ptr<X509_STORE, decltype([](X509_STORE* p) { X509_STORE_free(p); })>;
using Check = std::unique_ptr<X509_STORE_CTX, decltype([](X509_STORE_CTX* p) { X509_STORE_CTX_free(p); })>;

constexpr long long kLongest = 24 * 3600;  ///< s since certificates were shown; then they are shown again
constexpr std::string_view kFormat = "hale tls session v1";

/// Where a connection's context keeps its TlsSession.
int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

TlsSession* owner_of(const SSL* ssl) {
  return static_cast<TlsSession*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
}

/// The certificate that the server showed when the session began is good today, too.
bool server_still_good(X509* peer, const std::string& ca_pem) {
  const Bio bio(BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())));
  const Store store(X509_STORE_new());
  const Check check(X509_STORE_CTX_new());
  if (peer == nullptr || !bio || !store || !check) return false;
  while (const Certificate ca{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)})
    X509_STORE_add_cert(store.get(), ca.get());
  bool good = X509_STORE_CTX_init(check.get(), store.get(), peer, nullptr) == 1;
  if (good) X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_SERVER);
  good = good && X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace

TlsSession::TlsSession(std::string identity, std::string ca_pem, const std::string& kept)
    : identity_(crypto::hash_hex(identity)), ca_pem_(std::move(ca_pem)) {
  read(kept);
}

TlsSession::~TlsSession() { SSL_SESSION_free(session_); }

/// Three lines, then the session: format, identity, Unix s.
void TlsSession::read(const std::string& kept) {
  const auto first = kept.find('\n');
  const auto second = first == std::string::npos ? first : kept.find('\n', first + 1);
  const auto third = second == std::string::npos ? second : kept.find('\n', second + 1);
  if (third == std::string::npos || std::string_view(kept).substr(0, first) != kFormat) return;
  if (std::string_view(kept).substr(first + 1, second - first - 1) != identity_) return;
  const auto seconds = parse_uint(std::string_view(kept).substr(second + 1, third - second - 1));
  if (!seconds) return;
  const long long since = std::time(nullptr) - static_cast<long long>(*seconds);
  if (since < 0 || since >= kLongest) return;
  const auto* at = reinterpret_cast<const unsigned char*>(kept.data()) + third + 1;
  SSL_SESSION* session = d2i_SSL_SESSION(nullptr, &at, static_cast<long>(kept.size() - third - 1));
  ERR_clear_error();
  const bool usable = session != nullptr && SSL_SESSION_is_resumable(session) == 1 &&
                      SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION &&
                      server_still_good(SSL_SESSION_get0_peer(session), ca_pem_);
  if (!usable) return SSL_SESSION_free(session);
  session_ = session;
  full_handshake_s_ = static_cast<long long>(*seconds);
}

void TlsSession::install(SSL_CTX* context) {
  SSL_CTX_set_ex_data(context, context_index(), this);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &TlsSession::take_session);
  SSL_CTX_set_info_callback(context, &TlsSession::on_info);
}

/// libcurl makes the SSL after the context's callback: its handshake's start is the first moment to offer a session.
void TlsSession::on_info(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0 || SSL_is_init_finished(ssl) == 1) return;
  if (auto* self = owner_of(ssl)) self->offer(const_cast<SSL*>(ssl));
}

void TlsSession::offer(SSL* ssl) {
  if (session_ == nullptr || SSL_get_session(ssl) != nullptr) return;
  SSL_set_session(ssl, session_);
  ERR_clear_error();
}

int TlsSession::take_session(SSL* ssl, SSL_SESSION* session) {
  if (auto* self = owner_of(ssl)) self->take(ssl, session);
  return 0;  // OpenSSL keeps its reference
}

void TlsSession::take(SSL* ssl, SSL_SESSION* session) {
  if (SSL_SESSION_is_resumable(session) != 1 || SSL_get_verify_result(ssl) != X509_V_OK) return;
  if (SSL_session_reused(ssl) != 1 || full_handshake_s_ == 0) full_handshake_s_ = std::time(nullptr);
  const int size = i2d_SSL_SESSION(session, nullptr);
  if (size <= 0) return;
  std::string bytes(static_cast<std::size_t>(size), '\0');
  auto* at = reinterpret_cast<unsigned char*>(bytes.data());
  i2d_SSL_SESSION(session, &at);
  fresh_ = std::string(kFormat) + '\n' + identity_ + '\n' + std::to_string(full_handshake_s_) + '\n' + bytes;
  SSL_SESSION_up_ref(session);
  SSL_SESSION_free(session_);
  session_ = session;
}

std::optional<std::string> TlsSession::fresh_bytes() const {
  if (fresh_.empty()) return std::nullopt;
  return fresh_;
}

}  // namespace hale
