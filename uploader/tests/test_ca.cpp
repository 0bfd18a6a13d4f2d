#include "uploader/tests/test_ca.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>

#include "platform/crypto.hpp"

namespace hale::test {
namespace {

using Bio = std::unique_ptr<BIO, decltype([](BIO* p) { BIO_free(p); })>;

void must(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("test CA: ") + what);
}

std::string text_of(const Bio& bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "extension");
  X509_EXTENSION_free(extension);
}

CertificatePtr start(const std::string& name, double from_days, double to_days, EVP_PKEY* key) {
  CertificatePtr certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  std::array<unsigned char, 8> serial{};
  RAND_bytes(serial.data(), static_cast<int>(serial.size()));
  serial[0] &= 0x7f;
  BIGNUM* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), static_cast<long>(from_days * 86'400));
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), static_cast<long>(to_days * 86'400));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  must(X509_set_pubkey(certificate.get(), key) == 1, "public key");
  return certificate;
}

}  // namespace

KeyPtr make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

TestCa::TestCa(const std::string& name) : key_(make_key()), certificate_(start(name, -400, 3650, key_.get())) {
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  add_extension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate_.get(), certificate_.get(), NID_subject_key_identifier, "hash");
  must(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0, "signing");
}

CertificatePtr TestCa::issue_for(EVP_PKEY* key, const Issue& what) const {
  auto certificate = start(what.name, what.from_days, what.to_days, key);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  add_extension(certificate.get(), certificate_.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), certificate_.get(), NID_ext_key_usage, what.server ? "serverAuth" : "clientAuth");
  if (!what.alternative_name.empty())
    add_extension(certificate.get(), certificate_.get(), NID_subject_alt_name, what.alternative_name);
  must(X509_sign(certificate.get(), key_.get(), EVP_sha256()) > 0, "signing");
  return certificate;
}

TestCa::Issued TestCa::issue(const Issue& what) const {
  auto key = make_key();
  return {issue_for(key.get(), what), key};
}

std::string TestCa::pem() const { return to_pem(certificate_.get()); }

std::string TestCa::sha256() const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(certificate_.get(), EVP_sha256(), digest.data(), &size);
  return crypto::to_hex(std::string(digest.begin(), digest.begin() + size));
}

std::string to_pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_X509(bio.get(), certificate) == 1, "PEM");
  return text_of(bio);
}

std::string to_pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "PEM");
  return text_of(bio);
}

KeyPtr public_key_of_request(const std::string& csr_pem, std::string* der) {
  const Bio bio(BIO_new_mem_buf(csr_pem.data(), static_cast<int>(csr_pem.size())));
  X509_REQ* request = PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr);
  must(request != nullptr, "request does not parse");
  KeyPtr key(X509_REQ_get_pubkey(request), EVP_PKEY_free);
  must(X509_REQ_verify(request, key.get()) == 1, "request's own signature");
  if (der != nullptr) {
    const Bio out(BIO_new(BIO_s_mem()));
    i2d_X509_REQ_bio(out.get(), request);
    *der = text_of(out);
  }
  X509_REQ_free(request);
  return key;
}

CertificatePtr certificate_from_pem(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free};
}

bool verify_signature(EVP_PKEY* key, const std::string& bytes, const std::string& signature) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good =
      EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()) == 1;
  EVP_MD_CTX_free(context);
  return good;
}

std::string common_name(X509* certificate) {
  std::array<char, 256> text{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text.data(),
                            static_cast<int>(text.size()));
  return text.data();
}

}  // namespace hale::test
