#pragma once
#include <filesystem>
#include <string>

#include "core/result.hpp"

/// What a person has chosen for themselves, in their own home: it needs no rights and says nothing about other users.
namespace hale::agent::cli {

struct Preferences {
  std::string steps;  ///< "simple" | "detailed"; empty = as the agent's configuration says
};

/// $XDG_CONFIG_HOME/hale/preferences.json, else ~/.config/hale/preferences.json. Error: not_found without a home.
Result<std::filesystem::path> preferences_file();
/// No file = nothing chosen. Error: invalid_input names the file, the key and what it may be.
Result<Preferences> read_preferences(const std::filesystem::path& file);
Result<> write_preferences(const std::filesystem::path& file, const Preferences& preferences);

/// What this person chose, for a page or an explanation; a file that cannot be read counts as nothing chosen and is
/// told on stderr.
Preferences my_preferences();

}  // namespace hale::agent::cli
