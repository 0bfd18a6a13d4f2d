#include "core/component.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "core/text.hpp"
#include "core/words.hpp"

namespace hale {
namespace {

constexpr std::size_t kMaxIdBytes = 96;

bool has_id_prefix(std::string_view id, std::string_view prefix) {
  if (!id.starts_with(prefix)) return false;
  const auto rest = id.substr(prefix.size());
  return rest.empty() || rest[0] == '.' || rest[0] == '-' || rest[0] == '_' || (rest[0] >= '0' && rest[0] <= '9');
}

void append_clean(std::string& id, std::string_view part) {
  for (const char raw : part) {
    const char c = raw >= 'A' && raw <= 'Z' ? static_cast<char>(raw - 'A' + 'a') : raw;
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (plain) {
      id += c;
    } else if (id.empty() || id.back() != '_') {
      id += '_';
    }
  }
}

std::string fnv1a_hex(std::string_view bytes) {
  std::uint32_t hash = 2166136261u;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", hash);
  return text.data();
}

bool has_non_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(ComponentType type) {
  switch (type) {
    case ComponentType::host: return "host";
    case ComponentType::battery: return "battery";
    case ComponentType::cpu: return "cpu";
    case ComponentType::disk_controller: return "disk_controller";
    case ComponentType::enclosure: return "enclosure";
    case ComponentType::fan: return "fan";
    case ComponentType::gpu: return "gpu";
    case ComponentType::logical_disk: return "logical_disk";
    case ComponentType::memory: return "memory";
    case ComponentType::network: return "network";
    case ComponentType::physical_disk: return "physical_disk";
    case ComponentType::power_supply: return "power_supply";
    case ComponentType::temperature: return "temperature";
    case ComponentType::voltage: return "voltage";
    case ComponentType::usb_port: return "usb_port";
    case ComponentType::other: return "other";
  }
  return {};
}

std::optional<ComponentType> parse_component_type(std::string_view text) { return find_word(text, ComponentType::other); }

ComponentType guess_component_type(std::string_view id) {
  static constexpr std::array<std::pair<std::string_view, ComponentType>, 14> kPrefixes{{
      {"host", ComponentType::host},
      {"cpu", ComponentType::cpu},
      {"gpu", ComponentType::gpu},
      {"fan", ComponentType::fan},
      {"disk", ComponentType::physical_disk},
      {"nvme", ComponentType::physical_disk},
      {"battery", ComponentType::battery},
      {"bat", ComponentType::battery},
      {"memory", ComponentType::memory},
      {"dimm", ComponentType::memory},
      {"acpi", ComponentType::temperature},
      {"psu", ComponentType::power_supply},
      {"filesystem", ComponentType::logical_disk},
      {"usb", ComponentType::usb_port},
  }};
  for (const auto& [prefix, type] : kPrefixes) {
    if (has_id_prefix(id, prefix)) return type;
  }
  return ComponentType::other;
}

std::string make_component_id(std::string_view chip, std::string_view bus_path, std::string_view label) {
  std::string whole(trim(chip));
  if (!trim(bus_path).empty()) (whole += '-') += trim(bus_path);
  if (!trim(label).empty()) (whole += '.') += trim(label);
  std::string id;
  append_clean(id, whole);
  if (id.size() <= kMaxIdBytes && !has_non_ascii(whole)) return id;
  const std::string hash = fnv1a_hex(whole);
  if (id.size() + 1 + hash.size() > kMaxIdBytes) id.resize(kMaxIdBytes - 1 - hash.size());
  return id + '-' + hash;
}

}  // namespace hale
