#pragma once
#include <filesystem>

#include "core/result.hpp"

namespace hale::agent {

/// Writes into the file that a service manager's path unit watches: it reacts to a write, not to a changed time stamp
/// alone. Errors: io.
Result<> touch_trigger_file(const std::filesystem::path& file);

}  // namespace hale::agent
