#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/result.hpp"
#include "core/time.hpp"
#include "platform/database_sqlite.hpp"

namespace hale {

/// How uploading stands between runs of hale-upload, kept in the agent's database so that neither a restart nor a crash
/// hurries it.
struct UploadState {
  std::chrono::seconds delay{0};  ///< of the latest failure; 0 after a success
  Timestamp not_before{};         ///< nothing is tried before
  bool server_asked{false};       ///< not_before comes from the server's Retry-After
  bool revoked{false};            ///< the fleet refused this device (401)
  std::string error;              ///< of the latest failure, for people; empty after a success
  bool operator==(const UploadState&) const = default;
};

inline constexpr std::chrono::seconds kShortestDelay{30};
inline constexpr std::chrono::seconds kLongestDelay{6 * 3600};
/// A Retry-After beyond this is cut to it: no server may silence a device for longer.
inline constexpr std::chrono::seconds kLongestRetryAfter{24 * 3600};

/// A number in [0, 1).
using Random = std::function<double()>;

/// After a failure: decorrelated jitter (delay = random between 30 s and three times the last, at most 6 h), or what
/// the server asked. Pure but for `random`.
UploadState after_failure(const UploadState& before, Timestamp now, std::string error,
                          std::optional<std::uint32_t> retry_after_s, const Random& random);

/// How long nothing may be tried; 0 = now. A time that lies further away than it can honestly be (the clock was set
/// back) does not count.
std::chrono::seconds time_left(const UploadState& state, Timestamp now);

/// A default UploadState when nothing was kept yet.
Result<UploadState> read_upload_state(Database& database);
Result<> write_upload_state(Database& database, const UploadState& state);

}  // namespace hale
