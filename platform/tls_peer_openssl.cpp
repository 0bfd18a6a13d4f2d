#include "platform/tls_peer_openssl.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "core/text.hpp"

namespace hale {
namespace {

using Bio = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free(bio); })>;
/// The certificates in it are not owned.
using Stack = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>;

std::string text_of(const Bio& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string{};
}

std::string name_of(const X509_NAME* name) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0)
    return "?";
  return sanitize_utf8(text_of(bio), 200);
}

std::string time_of(const ASN1_TIME* time) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || ASN1_TIME_print_ex(bio.get(), time, ASN1_DTFLGS_ISO8601) != 1) return "?";
  return text_of(bio);
}

std::string sha256_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  return bio && PEM_write_bio_X509(bio.get(), certificate) == 1 ? text_of(bio) : std::string{};
}

/// Who signed the chain the server showed: from the leaf up as far as the shown certificates go.
std::string topmost_issuer(X509_STORE_CTX* chain) {
  X509* current = X509_STORE_CTX_get0_cert(chain);
  const STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(chain);
  const int count = shown != nullptr ? sk_X509_num(shown) : 0;
  for (int step = 0; step < count; ++step) {
    X509* issuer = nullptr;
    for (int i = 0; i < count && issuer == nullptr; ++i) {
      X509* candidate = sk_X509_value(shown, i);
      if (candidate != current && X509_check_issued(candidate, current) == X509_V_OK) issuer = candidate;
    }
    if (issuer == nullptr) break;
    current = issuer;
  }
  return name_of(X509_get_issuer_name(current));
}

}  // namespace

void TlsPeer::install(SSL_CTX* context) { SSL_CTX_set_cert_verify_callback(context, &TlsPeer::verify, this); }

int TlsPeer::verify(X509_STORE_CTX* chain, void* self) { return static_cast<TlsPeer*>(self)->judge(chain); }

int TlsPeer::judge(X509_STORE_CTX* chain) {
  const int accepted = ca_sha256_.empty() ? X509_verify_cert(chain) : judge_by_fingerprint(chain);
  if (accepted != 1) explain(chain);
  return accepted;
}

int TlsPeer::judge_by_fingerprint(X509_STORE_CTX* chain) {
  const STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(chain);
  const int count = shown != nullptr ? sk_X509_num(shown) : 0;
  for (int i = 0; i < count; ++i) {
    X509* candidate = sk_X509_value(shown, i);
    if (sha256_of(candidate) != ca_sha256_) continue;
    const Stack trusted(sk_X509_new_null());
    if (!trusted || sk_X509_push(trusted.get(), candidate) == 0) return 0;
    X509_STORE_CTX_set0_trusted_stack(chain, trusted.get());
    const int accepted = X509_verify_cert(chain);
    if (accepted == 1) ca_pem_ = pem_of(candidate);
    return accepted;
  }
  X509_STORE_CTX_set_error(chain, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
  return 0;
}

void TlsPeer::explain(X509_STORE_CTX* chain) {
  const int error = X509_STORE_CTX_get_error(chain);
  const X509* at = X509_STORE_CTX_get_current_cert(chain);
  if (at == nullptr) at = X509_STORE_CTX_get0_cert(chain);
  if (error == X509_V_ERR_CERT_HAS_EXPIRED) {
    refusal_ = "the server's certificate \"" + name_of(X509_get_subject_name(at)) + "\" expired at " +
               time_of(X509_get0_notAfter(at)) + " (or this PC's clock is wrong); the fleet's administrator renews it";
  } else if (error == X509_V_ERR_CERT_NOT_YET_VALID) {
    refusal_ = "the server's certificate \"" + name_of(X509_get_subject_name(at)) + "\" is valid only from " +
               time_of(X509_get0_notBefore(at)) + ": check this PC's clock";
  } else if (error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT || error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
             error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN || error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
             error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE || error == X509_V_ERR_CERT_SIGNATURE_FAILURE ||
             error == X509_V_ERR_CERT_UNTRUSTED) {
    refusal_ = "the certificate shown was issued by \"" + topmost_issuer(chain) +
               "\", not by the fleet's own CA. Most likely a proxy or security product on the way opens TLS "
               "connections (TLS inspection). Hale "
               "does not weaken its check, and sent nothing: ask for this address to be excepted from inspection, or, "
               "if the fleet was set up "
               "anew, enrol again";
  } else {
    refusal_ = std::string("the server's certificate was refused: ") + X509_verify_cert_error_string(error);
  }
}

}  // namespace hale
