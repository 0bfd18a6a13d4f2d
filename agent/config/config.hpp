#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.hpp"

namespace hale::agent {

/// What an administrator may set. Every default is what `{}` means; agent/schema/config.schema.json says the same to
/// editors.
struct Config {
  int sweep_interval_s{10};        ///< s, between two sweeps on mains
  std::string language{"auto"};    ///< "auto" = the desktop session's, else the system's
  std::string steps{"simple"};     ///< "simple" or "detailed": how guides say it, where the person has not chosen
  int quiet_from_minute{22 * 60};  ///< minute of the local day
  int quiet_to_minute{8 * 60};
  int tips_per_day{1};
  int upload_interval_minutes{15};
  std::string proxy;           ///< empty = from the environment, "direct" = none
  std::string consent{"ask"};  ///< "ask" the person at the PC, or "granted" by the administrator
  int store_max_mb{64};        ///< MB of readings, rollups and findings on disk
  int outbox_max_mb{16};       ///< MB of items that wait to be uploaded
  int battery_stretch{3};      ///< on battery every interval is this many times longer
};

/// One key of the file: the table below is the only list, the reader and the schema's test both walk it.
struct ConfigKey {
  struct Integer {
    int Config::*field;
    int minimum, maximum;
  };
  struct Choice {
    std::string Config::*field;
    std::vector<std::string_view> allowed;
  };  ///< no choices = any text
  struct TimeOfDay {
    int Config::*field;
  };                      ///< "HH:MM"
  std::string_view path;  ///< "upload.interval_minutes"
  std::variant<Integer, Choice, TimeOfDay> value;
};
std::span<const ConfigKey> config_keys();

/// Reads a config. Errors (invalid_input) read "FILE: upload.intervall: unknown key, did you mean
/// \"interval_minutes\"?".
Result<Config> parse_config(std::string_view text, std::string_view file_name);
/// The same from a file; not_found and permission are said with what to do.
Result<Config> read_config(const std::filesystem::path& file);

}  // namespace hale::agent
