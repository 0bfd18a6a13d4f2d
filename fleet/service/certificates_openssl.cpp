#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "fleet/service/certificates.hpp"
#include "platform/crypto.hpp"

namespace hale::fleet {
namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_REQ* p) const { X509_REQ_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr std::size_t kMaxPem = 64u << 10;
constexpr std::chrono::hours kClockSkew{24};  // PCs with a slow clock must be able to use a new certificate at once

tl::unexpected<Error> openssl_fail(Errc code, std::string what) {
  char text[256] = "";
  if (const unsigned long error = ERR_get_error(); error != 0) ERR_error_string_n(error, text, sizeof text);
  ERR_clear_error();
  return fail(code, text[0] == '\0' ? std::move(what) : std::move(what) + " (" + text + ")");
}

Owned<BIO> bio_of(std::string_view text) {
  return Owned<BIO>(text.size() > kMaxPem ? nullptr : BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A memory BIO's content after `write` filled it.
template <class Write>
Result<std::string> pem_of(Write write) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio || write(bio.get()) != 1) return openssl_fail(Errc::internal, "writing PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<Owned<X509>> read_certificate(std::string_view pem) {
  const auto bio = bio_of(pem);
  Owned<X509> certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) return openssl_fail(Errc::invalid_input, "this is no X.509 certificate in PEM form");
  return certificate;
}

Result<Owned<X509_REQ>> read_request(std::string_view pem) {
  const auto bio = bio_of(pem);
  Owned<X509_REQ> request(bio ? PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!request) return openssl_fail(Errc::invalid_input, "csr: this is no PKCS #10 certificate request in PEM form");
  return request;
}

Timestamp time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return Timestamp(std::chrono::seconds(timegm(&parts)));
}

std::string serial_of(const X509* certificate) {
  const Owned<BIGNUM> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return crypto::to_hex(bytes);
}

bool set_serial(X509* certificate) {
  std::string bytes = crypto::random_bytes(16);
  bytes[0] =
      static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x3f) | 0x40);  // positive, and never a leading zero
  const Owned<BIGNUM> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_life(X509* certificate, Timestamp now, std::chrono::days life) {
  const auto seconds = [](Timestamp time) { return static_cast<std::time_t>(to_unix_ms(time) / 1000); };
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(now - kClockSkew)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(now + life)) != nullptr;
}

bool add_name(X509_NAME* name, const char* field, std::string_view value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool acceptable_key(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return true;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
  char group[64] = "";
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) != 1) return false;
  const std::string_view name(group, size);
  return name == "prime256v1" || name == "P-256" || name == "secp384r1" || name == "P-384";
}

Result<std::string> der_of(const X509_REQ* request) {
  unsigned char* raw = nullptr;
  const int size = i2d_X509_REQ(request, &raw);
  if (size <= 0) return openssl_fail(Errc::invalid_input, "csr: cannot be written as DER");
  std::string der(reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size));
  OPENSSL_free(raw);
  return der;
}

bool signed_by(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const EVP_MD* digest = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  const bool good =
      context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  ERR_clear_error();
  return good;
}

bool is_address(const std::string& name) {
  in6_addr buffer{};
  return inet_pton(AF_INET, name.c_str(), &buffer) == 1 || inet_pton(AF_INET6, name.c_str(), &buffer) == 1;
}

bool is_host_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") ==
             std::string::npos;
}

std::shared_ptr<X509> share(Owned<X509> certificate) { return {certificate.release(), X509_free}; }
std::shared_ptr<EVP_PKEY> share(Owned<EVP_PKEY> key) { return {key.release(), EVP_PKEY_free}; }

}  // namespace

CertificateFacts facts_of(const x509_st* certificate) {
  CertificateFacts facts;
  facts.serial = serial_of(certificate);
  char name[128] = "";
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  if (size > 0) facts.common_name.assign(name, static_cast<std::size_t>(size));
  facts.not_before = time_of(X509_get0_notBefore(certificate));
  facts.not_after = time_of(X509_get0_notAfter(certificate));
  return facts;
}

Result<CertificateFacts> facts_of_pem(std::string_view pem) {
  auto certificate = read_certificate(pem);
  if (!certificate) return fail(certificate.error());
  return facts_of(certificate->get());
}

CertificateAuthority::CertificateAuthority(std::string certificate_pem, std::shared_ptr<x509_st> certificate,
                                           std::shared_ptr<evp_pkey_st> key)
    : certificate_pem_(std::move(certificate_pem)), certificate_(std::move(certificate)), key_(std::move(key)) {}

Result<CertificateAuthority> CertificateAuthority::create(std::string_view organization, Timestamp now) {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  Owned<X509> certificate(X509_new());
  if (!key || !certificate) return openssl_fail(Errc::internal, "making the CA's key");
  X509* raw = certificate.get();
  X509_NAME* name = X509_get_subject_name(raw);
  const bool made = X509_set_version(raw, 2) == 1 && set_serial(raw) && set_life(raw, now, kCaLife) &&
                    add_name(name, "O", organization.substr(0, 64)) && add_name(name, "CN", "Hale fleet CA") &&
                    X509_set_issuer_name(raw, name) == 1 && X509_set_pubkey(raw, key.get()) == 1 &&
                    add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    add_extension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add_extension(raw, raw, NID_subject_key_identifier, "hash") &&
                    X509_sign(raw, key.get(), EVP_sha256()) > 0;
  if (!made)
    return openssl_fail(Errc::invalid_input, "making the CA's certificate: the organization's name must be UTF-8 text");
  auto pem = pem_of([raw](BIO* bio) { return PEM_write_bio_X509(bio, raw); });
  if (!pem) return fail(pem.error());
  return CertificateAuthority(std::move(*pem), share(std::move(certificate)), share(std::move(key)));
}

Result<CertificateAuthority> CertificateAuthority::load(std::string_view certificate_pem, std::string_view key_pem) {
  auto certificate = read_certificate(certificate_pem);
  if (!certificate) return fail(std::move(certificate.error()).with_context("the CA's certificate"));
  const auto bio = bio_of(key_pem);
  Owned<EVP_PKEY> key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!key) return openssl_fail(Errc::invalid_input, "the CA's key is no private key in PEM form");
  if (X509_check_private_key(certificate->get(), key.get()) != 1) {
    return openssl_fail(Errc::invalid_input, "the CA's key does not belong to its certificate");
  }
  return CertificateAuthority(std::string(certificate_pem), share(std::move(*certificate)), share(std::move(key)));
}

Result<std::string> CertificateAuthority::key_pem() const {
  return pem_of([this](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Result<std::string> CertificateAuthority::fingerprint() const {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate_.get(), EVP_sha256(), digest, &size) != 1)
    return openssl_fail(Errc::internal, "hashing the CA's certificate");
  return crypto::to_hex(std::string_view(reinterpret_cast<const char*>(digest), size));
}

Result<IssuedCertificate> CertificateAuthority::issue(evp_pkey_st* subject_key, std::string_view common_name,
                                                      const std::string& alternative_names, bool server, Timestamp now,
                                                      std::chrono::days life) const {
  const Owned<X509> certificate(X509_new());
  X509* raw = certificate.get();
  X509* issuer = certificate_.get();
  const bool made =
      raw != nullptr && X509_set_version(raw, 2) == 1 && set_serial(raw) && set_life(raw, now, life) &&
      add_name(X509_get_subject_name(raw), "CN", common_name) &&
      X509_set_issuer_name(raw, X509_get_subject_name(issuer)) == 1 && X509_set_pubkey(raw, subject_key) == 1 &&
      add_extension(raw, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(raw, issuer, NID_key_usage, "critical,digitalSignature") &&
      add_extension(raw, issuer, NID_ext_key_usage, server ? "serverAuth" : "clientAuth") &&
      add_extension(raw, issuer, NID_subject_key_identifier, "hash") &&
      add_extension(raw, issuer, NID_authority_key_identifier, "keyid:always") &&
      (alternative_names.empty() || add_extension(raw, issuer, NID_subject_alt_name, alternative_names)) &&
      X509_sign(raw, key_.get(), EVP_sha256()) > 0;
  if (!made) return openssl_fail(Errc::internal, "issuing a certificate");
  auto pem = pem_of([raw](BIO* bio) { return PEM_write_bio_X509(bio, raw); });
  if (!pem) return fail(pem.error());
  return IssuedCertificate{std::move(*pem), {}, facts_of(raw)};
}

Result<IssuedCertificate> CertificateAuthority::issue_server(const std::vector<std::string>& names,
                                                             Timestamp now) const {
  std::string alternatives;
  for (const auto& name : names) {
    if (!is_address(name) && !is_host_name(name)) {
      return fail(Errc::invalid_input, "'" + name + "' is neither a host name nor an IP address");
    }
    if (!alternatives.empty()) alternatives += ',';
    alternatives += (is_address(name) ? "IP:" : "DNS:") + name;
  }
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (!key || names.empty()) return openssl_fail(Errc::internal, "making the server's key");
  auto issued =
      issue(key.get(), std::string_view(names.front()).substr(0, 64), alternatives, true, now, kServerCertificateLife);
  if (!issued) return issued;
  auto key_text = pem_of([&key](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  if (!key_text) return fail(key_text.error());
  issued->private_key_pem = std::move(*key_text);
  return issued;
}

Result<IssuedCertificate> CertificateAuthority::issue_device(std::string_view csr_pem, std::string_view device,
                                                             Timestamp now) const {
  auto request = read_request(csr_pem);
  if (!request) return fail(request.error());
  EVP_PKEY* key = X509_REQ_get0_pubkey(request->get());
  if (key == nullptr || !acceptable_key(key)) {
    return openssl_fail(Errc::invalid_input, "csr: the key must be EC P-256, EC P-384 or Ed25519; make a new one");
  }
  if (X509_REQ_verify(request->get(), key) != 1) {
    return openssl_fail(Errc::invalid_input, "csr: the request is not signed by its own key; make a new request");
  }
  return issue(key, device, {}, false, now, kDeviceCertificateLife);
}

Result<CertificateFacts> CertificateAuthority::check_renewal(std::string_view certificate_pem, std::string_view csr_pem,
                                                             std::string_view proof) const {
  return check_proof(certificate_pem, csr_pem, proof, [](const std::string& der) { return der; });
}

Result<CertificateFacts> CertificateAuthority::check_proof(std::string_view certificate_pem, std::string_view csr_pem,
                                                           std::string_view proof, const Statement& statement) const {
  auto certificate = read_certificate(certificate_pem);
  if (!certificate) return fail(std::move(certificate.error()).with_context("certificate"));
  auto request = read_request(csr_pem);
  if (!request) return fail(request.error());
  EVP_PKEY* ca_key = X509_get0_pubkey(certificate_.get());
  if (X509_verify(certificate->get(), ca_key) != 1) {
    return openssl_fail(Errc::permission, "the certificate was not issued by this fleet; enrol again with a new token");
  }
  auto der = der_of(request->get());
  if (!der) return fail(der.error());
  EVP_PKEY* old_key = X509_get0_pubkey(certificate->get());
  if (old_key == nullptr || !acceptable_key(old_key) || !signed_by(old_key, statement(*der), proof)) {
    return openssl_fail(Errc::permission,
                        "proof: not a signature of the old certificate's key over what docs/wire.md says; sign again");
  }
  return facts_of(certificate->get());
}

}  // namespace hale::fleet
