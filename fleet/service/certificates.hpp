#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

struct x509_st;
struct evp_pkey_st;

namespace hale::fleet {

inline constexpr std::chrono::days kDeviceCertificateLife{90};
inline constexpr std::chrono::days kServerCertificateLife{
    820};  ///< under 825, the most that browsers take from a private CA
inline constexpr std::chrono::days kCaLife{20 * 365};
inline constexpr std::chrono::days kMaxRenewalAge{
    400};  ///< docs/wire.md: an expired certificate renews for so long after it was made

/// What is read from a certificate. `serial` is lower-case hex.
struct CertificateFacts {
  std::string serial;
  std::string common_name;
  Timestamp not_before{};
  Timestamp not_after{};
};
CertificateFacts facts_of(const x509_st* certificate);
Result<CertificateFacts> facts_of_pem(std::string_view pem);

struct IssuedCertificate {
  std::string pem;
  std::string private_key_pem;  ///< only of a server certificate: a device's key never leaves the device
  CertificateFacts facts;
};

/// The fleet's own CA (EC P-256, SHA-256). Constant after construction: thread-safe.
class CertificateAuthority {
 public:
  static Result<CertificateAuthority> create(std::string_view organization, Timestamp now);
  static Result<CertificateAuthority> load(std::string_view certificate_pem, std::string_view key_pem);

  const std::string& certificate_pem() const { return certificate_pem_; }
  Result<std::string> key_pem() const;
  /// SHA-256 of the DER form, lower-case hex: what enrolment tokens carry.
  Result<std::string> fingerprint() const;

  /// A certificate for TLS servers of these names (DNS names and IP addresses), with a new key.
  Result<IssuedCertificate> issue_server(const std::vector<std::string>& names, Timestamp now) const;
  /// A certificate for TLS clients, CN = device. Of the request only its key is used, after its signature (proof of
  /// possession) was checked; keys other than EC P-256, P-384 and Ed25519 are refused. Errors: invalid_input with what
  /// to do.
  Result<IssuedCertificate> issue_device(std::string_view csr_pem, std::string_view device, Timestamp now) const;
  /// The facts of a certificate that this CA issued to a device (expiry is not judged), once `proof` (raw bytes) is its
  /// key's signature over the DER of the request. Errors: permission (not ours, or the proof is wrong), invalid_input
  /// (does not parse).
  Result<CertificateFacts> check_renewal(std::string_view certificate_pem, std::string_view csr_pem,
                                         std::string_view proof) const;
  /// The same for any statement over the request: `statement` makes what was signed from the request's DER.
  using Statement = std::function<std::string(const std::string& request_der)>;
  Result<CertificateFacts> check_proof(std::string_view certificate_pem, std::string_view csr_pem,
                                       std::string_view proof, const Statement& statement) const;

 private:
  CertificateAuthority(std::string certificate_pem, std::shared_ptr<x509_st> certificate,
                       std::shared_ptr<evp_pkey_st> key);
  Result<IssuedCertificate> issue(evp_pkey_st* subject_key, std::string_view common_name,
                                  const std::string& alternative_names, bool server, Timestamp now,
                                  std::chrono::days life) const;

  std::string certificate_pem_;
  std::shared_ptr<x509_st> certificate_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace hale::fleet
