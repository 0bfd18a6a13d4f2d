#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>
#include <vector>

#include "platform/crypto.hpp"
#include "uploader/device_key.hpp"

namespace hale {
namespace {

using Bio = std::unique_ptr<BIO, decltype([](BIO* p) { BIO_free(p); })>;
using Key = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* p) { EVP_PKEY_free(p); })>;
using Certificate = std::unique_ptr<X509, decltype([](X509* p) { X509_free(p); })>;
using Request = std::unique_ptr<X509_REQ, decltype([](X509_REQ* p) { X509_REQ_free(p); })>;
using Digest = std::unique_ptr<EVP_MD_CTX, decltype([](EVP_MD_CTX* p) { EVP_MD_CTX_free(p); })>;
using Store = std::unique_ptr<X509_STORE, decltype([](X509_STORE* p) { X509_STORE_free(p); })>;
using Check = std::unique_ptr<X509_STORE_CTX, decltype([](X509_STORE_CTX* p) { X509_STORE_CTX_free(p); })>;
using Stack = std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * p) { sk_X509_free(p); })>;

constexpr std::size_t kMaxCertificates = 16;

tl::unexpected<Error> openssl_failed(const char* doing) {
  std::array<char, 200> words{};
  ERR_error_string_n(ERR_peek_last_error(), words.data(), words.size());
  ERR_clear_error();
  return fail(Errc::internal, std::string(doing) + ": " + words.data());
}

Bio bio_over(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string text_of(const Bio& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Result<Key> read_key(std::string_view pem) {
  const auto bio = bio_over(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!key) return fail(Errc::invalid_input, "the device's private key does not parse");
  return key;
}

Result<std::vector<Certificate>> read_certificates(std::string_view pem) {
  const auto bio = bio_over(pem);
  std::vector<Certificate> certificates;
  while (certificates.size() < kMaxCertificates) {
    Certificate one(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!one) break;
    certificates.push_back(std::move(one));
  }
  ERR_clear_error();
  if (certificates.empty()) return fail(Errc::invalid_input, "not a PEM certificate");
  return certificates;
}

Result<Timestamp> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return fail(Errc::invalid_input, "the certificate holds no valid time");
  const std::chrono::sys_days day{std::chrono::year{parts.tm_year + 1900} / (parts.tm_mon + 1) / parts.tm_mday};
  return Timestamp{day} + std::chrono::hours{parts.tm_hour} + std::chrono::minutes{parts.tm_min} +
         std::chrono::seconds{parts.tm_sec};
}

Result<std::string> sha256_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return openssl_failed("hashing a certificate");
  return crypto::to_hex(std::string(digest.begin(), digest.begin() + size));
}

Result<> check_chain(const std::vector<Certificate>& shown, const std::vector<Certificate>& trusted) {
  const Store store(X509_STORE_new());
  const Check check(X509_STORE_CTX_new());
  const Stack others(sk_X509_new_null());
  if (!store || !check || !others) return openssl_failed("checking the certificate");
  for (const auto& ca : trusted) X509_STORE_add_cert(store.get(), ca.get());
  for (const auto& one : shown) sk_X509_push(others.get(), one.get());
  if (X509_STORE_CTX_init(check.get(), store.get(), shown.front().get(), others.get()) != 1)
    return openssl_failed("checking the certificate");
  X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_CLIENT);
  X509_STORE_CTX_set_flags(check.get(), X509_V_FLAG_NO_CHECK_TIME);
  if (X509_verify_cert(check.get()) == 1) return {};
  const auto* words = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
  ERR_clear_error();
  return fail(Errc::invalid_input, std::string("the certificate does not chain to the fleet's CA: ") + words);
}

}  // namespace

Result<std::string> make_device_key() {
  const Key key(EVP_EC_gen("P-256"));
  const Bio bio(BIO_new(BIO_s_secmem()));
  if (!key || !bio) return openssl_failed("making the device's key");
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_failed("writing the device's key");
  }
  return text_of(bio);
}

Result<SigningRequest> make_signing_request(std::string_view key_pem) {
  const auto key = read_key(key_pem);
  if (!key) return fail(key.error());
  const Request request(X509_REQ_new());
  const Bio pem(BIO_new(BIO_s_mem()));
  const Bio der(BIO_new(BIO_s_mem()));
  if (!request || !pem || !der) return openssl_failed("making the signing request");
  static constexpr unsigned char kName[] = "hale device";
  if (X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8, kName, -1, -1, 0) !=
          1 ||
      X509_REQ_set_pubkey(request.get(), key->get()) != 1 ||
      X509_REQ_sign(request.get(), key->get(), EVP_sha256()) <= 0 ||
      PEM_write_bio_X509_REQ(pem.get(), request.get()) != 1 || i2d_X509_REQ_bio(der.get(), request.get()) != 1) {
    return openssl_failed("making the signing request");
  }
  return SigningRequest{text_of(pem), text_of(der)};
}

Result<std::string> sign_with_device_key(std::string_view key_pem, std::string_view bytes) {
  const auto key = read_key(key_pem);
  if (!key) return fail(key.error());
  const Digest digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  if (!digest || EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key->get()) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &size, data, bytes.size()) != 1) {
    return openssl_failed("signing");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data, bytes.size()) !=
      1) {
    return openssl_failed("signing");
  }
  signature.resize(size);
  return signature;
}

Result<CertificateLife> read_certificate_life(std::string_view certificate_pem) {
  const auto certificates = read_certificates(certificate_pem);
  if (!certificates) return fail(certificates.error());
  const auto from = time_of(X509_get0_notBefore(certificates->front().get()));
  const auto to = time_of(X509_get0_notAfter(certificates->front().get()));
  if (!from) return fail(from.error());
  if (!to) return fail(to.error());
  return CertificateLife{*from, *to};
}

Result<> check_device_certificate(std::string_view certificate_pem, std::string_view key_pem, std::string_view ca_pem) {
  const auto shown = read_certificates(certificate_pem);
  if (!shown) return fail(shown.error());
  const auto trusted = read_certificates(ca_pem);
  if (!trusted) return fail(Error(trusted.error()).with_context("ca"));
  const auto key = read_key(key_pem);
  if (!key) return fail(key.error());
  const bool ours = X509_check_private_key(shown->front().get(), key->get()) == 1;
  ERR_clear_error();
  if (!ours) return fail(Errc::invalid_input, "the certificate is not for the key that was made on this PC");
  return check_chain(*shown, *trusted);
}

Result<bool> holds_ca(std::string_view ca_pem, std::string_view sha256_hex) {
  const auto certificates = read_certificates(ca_pem);
  if (!certificates) return fail(certificates.error());
  for (const auto& certificate : *certificates) {
    const auto fingerprint = sha256_of(certificate.get());
    if (!fingerprint) return fail(fingerprint.error());
    if (*fingerprint == sha256_hex) return true;
  }
  return false;
}

Result<std::string> certificate_sha256(std::string_view certificate_pem) {
  const auto certificates = read_certificates(certificate_pem);
  if (!certificates) return fail(certificates.error());
  return sha256_of(certificates->front().get());
}

}  // namespace hale
