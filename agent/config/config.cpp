#include "agent/config/config.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr std::size_t kMaxConfigBytes = 256 << 10;

std::string joined(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : fmt::format("{}.{}", parent, name);
}

const ConfigKey* find_key(std::string_view path) {
  for (const auto& key : config_keys())
    if (key.path == path) return &key;
  return nullptr;
}

bool is_section(std::string_view path) {
  for (const auto& key : config_keys())
    if (key.path.size() > path.size() && key.path.starts_with(path) && key.path[path.size()] == '.') return true;
  return false;
}

/// Names that may stand in an object: the next part of every key below it.
std::vector<std::string_view> names_in(std::string_view section) {
  std::vector<std::string_view> names;
  for (const auto& key : config_keys()) {
    std::string_view rest = key.path;
    if (!section.empty()) {
      if (!rest.starts_with(section) || rest.size() <= section.size() || rest[section.size()] != '.') continue;
      rest.remove_prefix(section.size() + 1);
    }
    rest = rest.substr(0, rest.find('.'));
    if (names.empty() || names.back() != rest) names.push_back(rest);
  }
  return names;
}

Result<> unknown_key(std::string_view section, std::string_view name) {
  const auto known = names_in(section);
  if (const auto near = nearest(name, known); !near.empty())
    return fail(Errc::invalid_input, fmt::format("{}: unknown key, did you mean \"{}\"?", joined(section, name), near));
  return fail(Errc::invalid_input,
              fmt::format("{}: unknown key; known here: {}", joined(section, name), fmt::join(known, ", ")));
}

Result<int> parse_time_of_day(const json& value) {
  const auto text = value.is_string() ? value.get<std::string>() : std::string();
  const auto parts = split(text, ':');
  if (parts.size() == 2 && parts[0].size() == 2 && parts[1].size() == 2) {
    const auto hour = parse_uint(parts[0]);
    const auto minute = parse_uint(parts[1]);
    if (hour && minute && *hour < 24 && *minute < 60) return static_cast<int>(*hour * 60 + *minute);
  }
  return fail(Errc::invalid_input, "must be a time of day like \"22:00\"");
}

Result<> set(Config& config, const ConfigKey& key, const json& value) {
  if (const auto* integer = std::get_if<ConfigKey::Integer>(&key.value)) {
    const bool fits = value.is_number_integer() && value >= integer->minimum && value <= integer->maximum;
    if (!fits)
      return fail(Errc::invalid_input, fmt::format("{}: must be a whole number from {} to {}, is {}", key.path,
                                                   integer->minimum, integer->maximum, value.dump()));
    config.*(integer->field) = value.get<int>();
    return {};
  }
  if (const auto* choice = std::get_if<ConfigKey::Choice>(&key.value)) {
    if (!value.is_string())
      return fail(Errc::invalid_input, fmt::format("{}: must be a text, is {}", key.path, value.dump()));
    auto text = value.get<std::string>();
    bool allowed = choice->allowed.empty();
    for (const auto each : choice->allowed) allowed = allowed || each == text;
    if (!allowed)
      return fail(Errc::invalid_input,
                  fmt::format("{}: must be one of {}, is \"{}\"", key.path, fmt::join(choice->allowed, ", "), text));
    config.*(choice->field) = std::move(text);
    return {};
  }
  const auto minute = parse_time_of_day(value);
  if (!minute) return fail(Error(minute.error()).with_context(key.path));
  config.*(std::get<ConfigKey::TimeOfDay>(key.value).field) = *minute;
  return {};
}

Result<> read_object(Config& config, const json& object, std::string_view section) {
  for (const auto& [name, value] : object.items()) {
    const auto path = joined(section, name);
    if (path == "$schema") continue;  // editors want it
    if (const auto* key = find_key(path)) {
      if (auto done = set(config, *key, value); !done) return done;
    } else if (is_section(path)) {
      if (!value.is_object()) return fail(Errc::invalid_input, fmt::format("{}: must be an object {{…}}", path));
      if (auto done = read_object(config, value, path); !done) return done;
    } else {
      return unknown_key(section, name);
    }
  }
  return {};
}

}  // namespace

std::span<const ConfigKey> config_keys() {
  using Integer = ConfigKey::Integer;
  using Choice = ConfigKey::Choice;
  using TimeOfDay = ConfigKey::TimeOfDay;
  static const std::vector<ConfigKey> keys{
      {"sweep_interval_s", Integer{&Config::sweep_interval_s, 1, 3600}},
      {"language", Choice{&Config::language, {"auto", "en", "zh-CN"}}},
      {"steps", Choice{&Config::steps, {"simple", "detailed"}}},
      {"notifications.quiet_hours.from", TimeOfDay{&Config::quiet_from_minute}},
      {"notifications.quiet_hours.to", TimeOfDay{&Config::quiet_to_minute}},
      {"notifications.tips_per_day", Integer{&Config::tips_per_day, 0, 24}},
      {"upload.interval_minutes", Integer{&Config::upload_interval_minutes, 1, 1440}},
      {"upload.proxy", Choice{&Config::proxy, {}}},
      {"upload.consent", Choice{&Config::consent, {"ask", "granted"}}},
      {"store.max_mb", Integer{&Config::store_max_mb, 8, 4096}},
      {"store.outbox_max_mb", Integer{&Config::outbox_max_mb, 1, 1024}},
      {"battery.stretch", Integer{&Config::battery_stretch, 1, 10}},
  };
  return keys;
}

Result<Config> parse_config(std::string_view text, std::string_view file_name) {
  auto document = parse_json(text, kMaxConfigBytes, 8);
  if (!document) return fail(std::move(document.error()).with_context(file_name));
  if (!document->is_object())
    return fail(Errc::invalid_input,
                fmt::format("{}: a configuration is an object; the smallest one is {{}}", file_name));
  Config config;
  if (auto done = read_object(config, *document, {}); !done)
    return fail(std::move(done.error()).with_context(file_name));
  return config;
}

Result<Config> read_config(const std::filesystem::path& file) {
  auto text = read_file(file, kMaxConfigBytes + 1);
  if (!text) return fail(std::move(text.error()).with_context("reading the configuration"));
  return parse_config(*text, file.string());
}

}  // namespace hale::agent
