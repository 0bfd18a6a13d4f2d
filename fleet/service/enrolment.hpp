#pragma once
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "fleet/service/certificates.hpp"
#include "fleet/store/store.hpp"

namespace hale::fleet {

struct EnrolRequest {
  std::string token, csr, hardware, previous;
  std::string agent_version, agent_os;
};
struct RenewRequest {
  std::string csr, certificate, proof;  ///< proof: raw bytes
};

/// A new identity, ready to be stored: signed before the transaction, so that the writer's thread does no cryptography.
struct PreparedIdentity {
  Device device;  ///< number 0 when new
  IssuedCertificate certificate;
  std::string token_id;  ///< empty: a renewal
  std::string previous;  ///< the identity that this disk carried before; empty = none
};

/// Checks a request and signs. Reads only. Errors: permission (token or certificate not good; the words say what to
/// do), invalid_input.
Result<PreparedIdentity> prepare_enrolment(Store& store, const CertificateAuthority& authority,
                                           const EnrolRequest& request, Timestamp now);
Result<PreparedIdentity> prepare_renewal(Store& store, const CertificateAuthority& authority,
                                         const RenewRequest& request, Timestamp now);

/// Stores it, inside a transaction: counts the token's use (conflict when it was used up meanwhile), marks both of a
/// cloned pair.
Result<> store_identity(Store& store, const PreparedIdentity& identity, Timestamp now);

}  // namespace hale::fleet
