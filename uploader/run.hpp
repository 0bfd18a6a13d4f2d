#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "platform/clock.hpp"
#include "platform/http_client.hpp"
#include "uploader/identity.hpp"

namespace hale {

/// Exit codes of hale-upload.
enum class UploadExit : int { done = 0, later = 1, usage = 2, revoked = 4 };

struct UploadOptions {
  std::filesystem::path state_folder;
  std::string hardware{};  ///< hardware_fingerprint() of this PC
  Timestamp boot_time{};   ///< what was queued before belongs, on a copied disk, to the other PC
  std::string system{};    ///< for a re-enrolment
  ProxyOptions proxy{};
  std::chrono::seconds session{0};  ///< stay and look again for that long (a support session); 0: drain once
  bool now{false};                  ///< a person asked: the own backoff does not hold, the server's Retry-After does
  const std::atomic<bool>* cancel{};
};

struct UploadReport {
  UploadExit exit{UploadExit::done};
  std::uint64_t sent{};
  std::uint64_t waiting{};
  std::optional<std::uint32_t> retry_after_s{};  ///< when to start again; absent when nothing waits
  std::string enrolled_as{};  ///< the new device id, when a copied disk was enrolled anew in this run: haled asks for
                              ///< consent again
  std::string error{};        ///< for people; empty when there was none
};

/// One run of hale-upload: identity and hardware, consent, renewal, outbox. Opens <state>/hale.db, which haled made.
/// Only one at a time (lock). Never throws away anything; its failures are in the report and, with the backoff, in the
/// database.
UploadReport run_upload(const UploadOptions& options, const Clock& clock);
/// {"sent":n,"waiting":n,"retry_after_s":n,"enrolled":"…","error":"…"}; what there is not is left out.
std::string to_json_line(const UploadReport& report);

/// On a copied disk: items from before `boot_time` are set aside, and so is the identity, whose key is left only to
/// prove it at the next enrolment.
Result<> leave_copied_identity(const std::filesystem::path& state_folder, const Identity& identity, Timestamp boot_time,
                               const Clock& clock);

/// A new enrolment starts without the waits and the revocation of the one before.
Result<> forget_failures(const std::filesystem::path& state_folder);

}  // namespace hale
