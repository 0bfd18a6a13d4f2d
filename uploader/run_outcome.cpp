// How a run ended, and when to try again: kept in the database for the next one.
#include <algorithm>
#include <utility>

#include "platform/crypto.hpp"
#include "uploader/run_steps.hpp"

namespace hale {
namespace {

/// A refused device looks again, in case that it was a mistake.
constexpr std::chrono::hours kRevokedPause{6};

double random_fraction() {
  std::uint64_t bits = 0;
  for (const char byte : crypto::random_bytes(7)) bits = bits << 8 | static_cast<unsigned char>(byte);
  return static_cast<double>(bits >> 3) / 9007199254740992.0;  // 53 bits
}

}  // namespace

/// Everything went well, and the server wants no more for now.
void Run::asked_to_wait(std::uint32_t seconds) {
  const auto wait = std::min(std::chrono::seconds{seconds}, kLongestRetryAfter);
  keep_state({.delay = {}, .not_before = clock_.now() + wait, .server_asked = true, .revoked = false, .error = {}});
  report_.retry_after_s = static_cast<std::uint32_t>(wait.count());
  report_.exit = UploadExit::later;
}

void Run::failed(std::string error, std::optional<std::uint32_t> retry_after_s) {
  const auto state = after_failure(state_, clock_.now(), std::move(error), retry_after_s, random_fraction);
  keep_state(state);
  report_.exit = UploadExit::later;
  report_.error = state.error;
  report_.retry_after_s = static_cast<std::uint32_t>(time_left(state, clock_.now()).count());
}

void Run::revoked(std::string error) {
  UploadState state{.delay = {},
                    .not_before = clock_.now() + kRevokedPause,
                    .server_asked = false,
                    .revoked = true,
                    .error = std::move(error)};
  keep_state(state);
  report_.exit = UploadExit::revoked;
  report_.error = state.error;
  report_.retry_after_s = static_cast<std::uint32_t>(std::chrono::seconds{kRevokedPause}.count());
}

/// A copy that the fleet does not take by itself: looks again, in case that its policy changes.
void Run::turned_away(std::string error) {
  keep_state({.delay = kLongestDelay,
              .not_before = clock_.now() + kRevokedPause,
              .server_asked = false,
              .revoked = false,
              .error = std::move(error)});
  report_.exit = UploadExit::later;
  report_.error = state_.error;
  report_.retry_after_s = static_cast<std::uint32_t>(std::chrono::seconds{kRevokedPause}.count());
}

void Run::blocked(std::string error) {
  report_.exit = UploadExit::later;
  if (report_.error.empty()) report_.error = std::move(error);
}

void Run::succeeded() {
  if (state_ != UploadState{}) keep_state({});
}

void Run::keep_state(const UploadState& state) {
  state_ = state;
  if (auto done = write_upload_state(database_, state); !done)
    blocked("keeping the time of the next try: " + done.error().message);
}

}  // namespace hale
