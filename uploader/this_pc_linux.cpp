#include <string_view>

#include "core/text.hpp"
#include "platform/files.hpp"
#include "uploader/this_pc.hpp"

namespace hale {

Timestamp read_boot_time(const std::filesystem::path& proc_root) {
  // The line of interrupts before it grows with the machine.
  const auto text = read_file(proc_root / "stat", 1u << 20);
  if (!text) return {};
  for (const auto line : split(*text, '\n')) {
    if (!line.starts_with("btime ")) continue;
    const auto seconds = parse_int(trim(line.substr(6)));
    return seconds ? from_unix_ms(*seconds * 1000) : Timestamp{};
  }
  return {};
}

std::string read_system_name(const std::filesystem::path& os_release) {
  const auto text = read_file(os_release);
  if (!text) return "Linux";
  for (const auto line : split(*text, '\n')) {
    if (!line.starts_with("PRETTY_NAME=")) continue;
    auto value = trim(line.substr(12));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return sanitize_utf8(value, 100);
  }
  return "Linux";
}

}  // namespace hale
