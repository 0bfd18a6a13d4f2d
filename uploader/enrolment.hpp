#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"
#include "platform/http_client.hpp"
#include "uploader/identity.hpp"
#include "uploader/token.hpp"

namespace hale {

struct EnrolmentOptions {
  std::filesystem::path state_folder;
  std::string url;       ///< empty: the token's
  std::string hardware;  ///< hardware_fingerprint() of this PC
  std::string previous;  ///< device id that a copied disk brought along, else empty
  std::string system;    ///< "Debian GNU/Linux 12", for the fleet's list
  ProxyOptions proxy;
  const std::atomic<bool>* cancel{};
};

/// Makes a key on this PC, has the fleet certify it, and stores the identity; the first contact is pinned by the
/// token's fingerprint. An identity that was there is replaced, and only once the new one is complete. Errors:
/// permission (the fleet refuses the token, or the server's certificate is not the pinned one), invalid_input (an
/// answer that does not hold), unavailable, timeout.
Result<Identity> enroll(const EnrolmentOptions& options, const EnrolmentToken& token);

/// How the fleet took a copied disk that asked for an identity of its own.
enum class CopyAnswer : std::uint8_t {
  enrolled,
  forbidden,  ///< the fleet's policy: an administrator enrols it
  refused,    ///< the old identity is revoked, unknown or too old
};
struct CopyEnrolled {
  CopyAnswer answer{CopyAnswer::enrolled};
  Identity identity;   ///< when enrolled
  std::string reason;  ///< what the fleet said otherwise, for people
};
/// Enrols this PC, whose disk carries the identity `copied` of another, without a token: a new key, and the old key's
/// signature over the fleet's fresh challenge, this hardware and the new key. The old key is used for nothing else and
/// erased once the new identity is complete. Errors as for enroll().
Result<CopyEnrolled> enroll_copy(const EnrolmentOptions& options, const Identity& copied);

/// A third of the certificate's life or less is left. An unreadable certificate is due.
bool renewal_due(const Identity& identity, Timestamp now);

struct Renewed {
  Identity identity;
  bool revoked{false};   ///< the fleet answered 401: this device is revoked or unknown; `identity` is unchanged
  std::string reason{};  ///< what it said about that, for people
};
/// A new key and certificate for the same device, by proof of possession of the old key; works with an expired
/// certificate. The old ones stay in use when it fails.
Result<Renewed> renew(const std::filesystem::path& state_folder, const Identity& identity, const ProxyOptions& proxy,
                      const std::atomic<bool>* cancel);

/// What enroll and renew answer, put into an identity. `base` holds what the answer does not say. Pure.
Result<Identity> read_enrolment_answer(const std::string& body, Identity base);
/// "503: detail of the problem document" for people, bounded and clean.
std::string describe_answer(const HttpResponse& response);
/// `type` of the problem document; empty when it is none.
std::string problem_type(const HttpResponse& response);

}  // namespace hale
