#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/text.hpp"
#include "platform/crypto.hpp"
#include "platform/files.hpp"
#include "uploader/identity.hpp"

namespace hale {
namespace {

using std::filesystem::path;

/// What makers leave in DMI fields that they did not fill in (seen in dmidecode's bug lists and in the field).
constexpr std::array<std::string_view, 16> kPlaceholders{"to be filled by o.e.m.",
                                                         "default string",
                                                         "not specified",
                                                         "not applicable",
                                                         "none",
                                                         "n/a",
                                                         "na",
                                                         "unknown",
                                                         "system serial number",
                                                         "base board serial number",
                                                         "oem",
                                                         "o.e.m.",
                                                         "invalid",
                                                         "empty",
                                                         "123456789",
                                                         "03000200-0400-0500-0006-000700080009"};

bool means_nothing(std::string_view value) {
  if (value.size() < 3) return true;
  if (std::ranges::find(kPlaceholders, value) != kPlaceholders.end()) return true;
  // 00000000-0000-…, ffffffff-…, 0000000, xxxxxxx: one character all through.
  const auto differs = [&](char c) { return c != value.front() && c != '-' && c != ':' && c != ' '; };
  return std::ranges::none_of(value, differs);
}

std::string read_value(const path& file) {
  const auto text = read_file(file);
  if (!text) return {};
  // Device tree texts end in NUL.
  const auto value = to_lower_ascii(trim(std::string_view(*text).substr(0, text->find('\0'))));
  return means_nothing(value) ? std::string{} : value;
}

/// The lowest permanent address of the cards on the board: a dock or a USB stick comes and goes, a random address is
/// not the card's.
std::string network_card(const path& sys_root) {
  const auto folder = sys_root / "class/net";
  const auto names = list_directory(folder);
  if (!names) return {};
  std::string lowest;
  for (const auto& name : *names) {
    const auto bus = link_target_name(folder / name / "device/subsystem");
    if (!bus || *bus == "usb") continue;
    if (const auto assigned = read_file(folder / name / "addr_assign_type"); assigned && trim(*assigned) != "0")
      continue;
    const auto address = read_value(folder / name / "address");
    if (!address.empty() && (lowest.empty() || address < lowest)) lowest = address;
  }
  return lowest;
}

std::string battery(const path& sys_root) {
  const auto folder = sys_root / "class/power_supply";
  const auto names = list_directory(folder);
  if (!names) return {};
  for (const auto& name : *names) {
    if (read_value(folder / name / "type") != "battery" || read_value(folder / name / "scope") == "device") continue;
    if (auto serial = read_value(folder / name / "serial_number"); !serial.empty()) return serial;
  }
  return {};
}

std::string processor(const path& proc_root) {
  const auto text = read_file(proc_root / "cpuinfo", 64u << 10);
  if (!text) return {};
  std::string value;
  for (const auto line : split(*text, '\n')) {
    if (line.empty()) break;  // the first processor says it all
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto name = trim(line.substr(0, colon));
    if (name == "model name" || name == "cpu family" || name == "model" || name == "stepping" || name == "CPU part") {
      value += std::string(trim(line.substr(colon + 1))) + "/";
    }
  }
  return value;
}

std::map<std::string_view, std::string_view> parts_of(std::string_view fingerprint) {
  std::map<std::string_view, std::string_view> parts;
  for (const auto part : split(fingerprint, ';')) {
    const auto equals = part.find('=');
    if (equals != std::string_view::npos) parts[part.substr(0, equals)] = part.substr(equals + 1);
  }
  return parts;
}

}  // namespace

std::string hardware_fingerprint(const path& sys_root, const path& proc_root) {
  const auto dmi = sys_root / "class/dmi/id";
  auto product = read_value(dmi / "product_serial");
  if (product.empty()) product = read_value(proc_root / "device-tree/serial-number");
  const std::array<std::pair<std::string_view, std::string>, 6> parts{{{"uuid", read_value(dmi / "product_uuid")},
                                                                       {"board", read_value(dmi / "board_serial")},
                                                                       {"product", product},
                                                                       {"mac", network_card(sys_root)},
                                                                       {"battery", battery(sys_root)},
                                                                       {"cpu", processor(proc_root)}}};
  std::string fingerprint;
  for (const auto& [name, value] : parts) {
    if (value.empty()) continue;
    if (!fingerprint.empty()) fingerprint += ';';
    // 64 bits tell PCs apart; the name in the key keeps one part's value from matching another's.
    fingerprint +=
        std::string(name) + '=' + crypto::hash_hex(value, "hale hardware v1 " + std::string(name)).substr(0, 16);
  }
  return fingerprint;
}

bool same_hardware(std::string_view a, std::string_view b) {
  const auto ours = parts_of(a);
  const auto theirs = parts_of(b);
  std::size_t known = 0;
  std::size_t agree = 0;
  for (const auto& [name, value] : ours) {
    const auto found = theirs.find(name);
    if (name == "cpu" || found == theirs.end()) continue;
    ++known;
    if (found->second == value) ++agree;
  }
  if (known > 0) return 2 * agree >= known;
  const auto our_cpu = ours.find("cpu");
  const auto their_cpu = theirs.find("cpu");
  return our_cpu == ours.end() || their_cpu == theirs.end() || our_cpu->second == their_cpu->second;
}

}  // namespace hale
