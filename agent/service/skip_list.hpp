#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace hale::agent {

/// Collectors that hung, left out for a day: <state>/skipped.json. A damaged file reads as none.
std::vector<std::string> read_skip_list(const std::filesystem::path& state_folder, Timestamp now);
Result<> add_to_skip_list(const std::filesystem::path& state_folder, std::string_view collector, Timestamp now);

}  // namespace hale::agent
