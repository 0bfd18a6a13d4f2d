#pragma once
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "fleet/service/certificates.hpp"
#include "fleet/service/challenges.hpp"
#include "fleet/store/store.hpp"

namespace hale::fleet {

/// How many copies of one disk may enrol in 24 hours: a classroom made from one image, not a flood. [own]
inline constexpr std::int64_t kCopiesADay = 50;

struct EnrolRequest {
  std::string token, csr, hardware, previous;
  std::string agent_version, agent_os;
  std::string certificate, challenge, proof;  ///< in the token's place: a copied disk proves the key it carries
};
struct RenewRequest {
  std::string csr, certificate, proof;  ///< proof: raw bytes
};

/// A new identity, ready to be stored: signed before the transaction, so that the writer's thread does no cryptography.
struct PreparedIdentity {
  Device device;  ///< number 0 when new
  IssuedCertificate certificate;
  std::string token_id;  ///< empty: a renewal, or a copy that proved the old key
  std::string previous;  ///< the identity that this disk carried before; empty = none
};

/// Checks a request and signs. Reads only. Errors: permission (token or certificate not good; the words say what to
/// do), invalid_input.
Result<PreparedIdentity> prepare_enrolment(Store& store, const CertificateAuthority& authority,
                                           const EnrolRequest& request, Timestamp now);
Result<PreparedIdentity> prepare_renewal(Store& store, const CertificateAuthority& authority,
                                         const RenewRequest& request, Timestamp now);

/// A copied disk's own enrolment: by the old key over a fresh challenge, without a token. Errors besides: conflict (the
/// fleet's policy forbids it).
Result<PreparedIdentity> prepare_copy(Store& store, const CertificateAuthority& authority, Challenges& challenges,
                                      const EnrolRequest& request, Timestamp now);

/// Stores it, inside a transaction: counts the token's use (conflict when it was used up meanwhile), marks both of a
/// cloned pair. unavailable: too many copies of that disk today.
Result<> store_identity(Store& store, const PreparedIdentity& identity, Timestamp now);

}  // namespace hale::fleet
