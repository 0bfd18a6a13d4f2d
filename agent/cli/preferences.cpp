#include "agent/cli/preferences.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "platform/files.hpp"

namespace hale::agent::cli {

using nlohmann::json;

Result<std::filesystem::path> preferences_file() {
  std::filesystem::path base;
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/')
    base = config;
  else if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    base = std::filesystem::path(home) / ".config";
  else
    return fail(Errc::not_found, "neither XDG_CONFIG_HOME nor HOME is set: nowhere to keep a preference");
  return base / "hale" / "preferences.json";
}

Result<Preferences> read_preferences(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) {
    if (text.error().code == Errc::not_found) return Preferences{};
    return fail(text.error());
  }
  const auto document = parse_json(*text);
  if (!document) return fail(Error(document.error()).with_context(file.string()));
  if (!document->is_object()) return fail(Errc::invalid_input, file.string() + ": expected an object {…}");
  Preferences preferences;
  const auto steps = document->find("steps");
  if (steps == document->end()) return preferences;
  if (*steps != "simple" && *steps != "detailed")
    return fail(Errc::invalid_input,
                fmt::format("{}: steps: must be \"simple\" or \"detailed\", is {}", file.string(), steps->dump()));
  preferences.steps = steps->get<std::string>();
  return preferences;
}

Result<> write_preferences(const std::filesystem::path& file, const Preferences& preferences) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) return fail(Errc::io, fmt::format("making {}: {}", file.parent_path().string(), error.message()));
  return write_file_atomically(file, json{{"steps", preferences.steps}}.dump() + "\n", 0600);
}

Preferences my_preferences() {
  const auto file = preferences_file();
  if (!file) return {};
  auto preferences = read_preferences(*file);
  if (preferences) return *preferences;
  std::fputs(("hale: " + preferences.error().message + "\n").c_str(), stderr);
  return {};
}

}  // namespace hale::agent::cli
