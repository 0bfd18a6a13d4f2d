#pragma once
#include <filesystem>

#include "core/result.hpp"

namespace hale {

/// Started by root on a folder that belongs to another user (`sudo hale enroll`), the process becomes that user and
/// group for good, so that what it writes stays readable for the agent and root's rights never meet the network.
/// Otherwise nothing changes. Not undone; call it once, before threads start.
Result<> become_owner_of(const std::filesystem::path& folder);

}  // namespace hale
