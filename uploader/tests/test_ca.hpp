#pragma once
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace hale::test {

using KeyPtr = std::shared_ptr<EVP_PKEY>;
using CertificatePtr = std::shared_ptr<X509>;

/// What an issued certificate says. Days count from today; negative = past.
struct Issue {
  std::string name{"localhost"};
  std::string alternative_name{"DNS:localhost"};  ///< empty: none (clients)
  bool server{true};
  double from_days{-1};
  double to_days{90};
};

/// A certificate authority made for one test.
class TestCa {
 public:
  explicit TestCa(const std::string& name);
  struct Issued {
    CertificatePtr certificate;
    KeyPtr key;
  };
  Issued issue(const Issue& what) const;
  CertificatePtr issue_for(EVP_PKEY* key, const Issue& what) const;
  std::string pem() const;
  std::string sha256() const;
  X509* certificate() const { return certificate_.get(); }

 private:
  KeyPtr key_;
  CertificatePtr certificate_;
};

KeyPtr make_key();
std::string to_pem(X509* certificate);
std::string to_pem(EVP_PKEY* key);
KeyPtr public_key_of_request(const std::string& csr_pem, std::string* der = nullptr);
CertificatePtr certificate_from_pem(const std::string& pem);
bool verify_signature(EVP_PKEY* key, const std::string& bytes, const std::string& signature);
std::string common_name(X509* certificate);

}  // namespace hale::test
