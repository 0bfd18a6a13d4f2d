#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"

namespace hale::agent {

/// What the person at the PC said about uploading. `not_asked` until they answer; nothing is uploaded unless `granted`.
enum class ConsentState : std::uint8_t { not_asked, granted, refused, withdrawn };
std::string_view to_string(ConsentState state);

struct Consent {
  ConsentState state{ConsentState::not_asked};
  Timestamp since{};
  std::optional<Timestamp> paused_until;  ///< granted, but nothing is sent before this
  std::string device;                     ///< the enrolment it was given for: another fleet asks again
};

/// <state>/consent.json. Nothing there, or a damaged file, reads as not_asked: silence is no consent.
Consent read_consent(const std::filesystem::path& state_folder);
Result<> write_consent(const std::filesystem::path& state_folder, const Consent& consent);
Result<> erase_consent(const std::filesystem::path& state_folder);

}  // namespace hale::agent
