#pragma once
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"

/// The device's own key and certificate (OpenSSL). All PEM unless said otherwise. Pure but for randomness; thread-safe.
namespace hale {

/// EC P-256, PKCS#8, made here and never sent.
Result<std::string> make_device_key();

struct SigningRequest {
  std::string pem;
  std::string der;
};
/// PKCS#10 for that key; the fleet chooses the name in the certificate.
Result<SigningRequest> make_signing_request(std::string_view key_pem);

/// ECDSA with SHA-256, DER encoded.
Result<std::string> sign_with_device_key(std::string_view key_pem, std::string_view bytes);

struct CertificateLife {
  Timestamp not_before;
  Timestamp not_after;
};
Result<CertificateLife> read_certificate_life(std::string_view certificate_pem);

/// The certificate is for this key, chains to one of the CAs, and may be used by a TLS client. Times are not judged.
Result<> check_device_certificate(std::string_view certificate_pem, std::string_view key_pem, std::string_view ca_pem);

/// One of the certificates in `ca_pem` has this SHA-256 (hex, of its DER).
Result<bool> holds_ca(std::string_view ca_pem, std::string_view sha256_hex);
/// Hex SHA-256 of the first certificate's DER.
Result<std::string> certificate_sha256(std::string_view certificate_pem);

}  // namespace hale
