#include "agent/service/skip_list.hpp"

#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "platform/files.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr auto kSkippedFor = std::chrono::hours(24);

json read(const std::filesystem::path& file, Timestamp now) {
  json kept = json::object();
  const auto text = read_file(file, 16 << 10);
  if (!text) return kept;
  const auto document = parse_json(*text, 16 << 10, 4);
  if (!document || !document->is_object()) return kept;
  for (const auto& [name, until] : document->items()) {
    const auto time =
        until.is_string() ? parse_rfc3339(until.get<std::string>()) : Result<Timestamp>(fail(Errc::invalid_input, ""));
    // A time further off than a day comes from a clock that was wrong.
    if (time && *time > now && *time <= now + kSkippedFor) kept[name] = until;
  }
  return kept;
}

}  // namespace

std::vector<std::string> read_skip_list(const std::filesystem::path& state_folder, Timestamp now) {
  std::vector<std::string> names;
  const auto all = read(state_folder / "skipped.json", now);
  for (const auto& [name, until] : all.items()) names.push_back(name);
  return names;
}

Result<> add_to_skip_list(const std::filesystem::path& state_folder, std::string_view collector, Timestamp now) {
  auto all = read(state_folder / "skipped.json", now);
  all[std::string(collector)] = to_rfc3339(now + kSkippedFor);
  return write_file_atomically(state_folder / "skipped.json", all.dump() + "\n");
}

}  // namespace hale::agent
