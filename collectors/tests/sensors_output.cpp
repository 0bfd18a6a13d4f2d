#include "collectors/tests/sensors_output.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/text.hpp"

namespace hale::test {
namespace {

/// "nct6798-isa-0290" -> name and address; the address begins at the last known bus.
std::optional<PrintedChip> parse_header(std::string_view line) {
  if (line.find(':') != std::string_view::npos && line.find("-isa-") == std::string_view::npos) return std::nullopt;
  if (line.find(' ') != std::string_view::npos) return std::nullopt;
  for (const std::string_view bus : {"-isa-", "-pci-", "-virtual-", "-acpi-", "-i2c-", "-hid-", "-usb-"}) {
    const auto at = line.rfind(bus);
    if (at == std::string_view::npos || at == 0) continue;
    return PrintedChip{std::string(line.substr(0, at)), std::string(line.substr(at + 1)), {}};
  }
  return std::nullopt;
}

struct Unit {
  std::string_view text;
  std::string_view prefix;
  double factor;
};
constexpr Unit kUnits[] = {{"\xC2\xB0"
                            "C",
                            "temp", 1e3},
                           {"C", "temp", 1e3},
                           {"RPM", "fan", 1},
                           {"W", "power", 1e6},
                           {"mW", "power", 1e3},
                           {"kJ", "energy", 1e9},
                           {"J", "energy", 1e6}};

/// An attribute's own name, as `sensors` prints where the driver gives no label.
bool is_attribute(std::string_view label, std::string_view prefix) {
  return label.starts_with(prefix) && parse_uint(label.substr(prefix.size())).has_value();
}

/// Gives the value the lowest free number of its kind.
void add_value(PrintedChip& chip, std::string_view prefix, const std::string& label, std::optional<long long> raw) {
  const auto taken = [&](const std::string& attribute) {
    return std::any_of(chip.values.begin(), chip.values.end(),
                       [&](const auto& value) { return value.attribute == attribute; });
  };
  if (is_attribute(label, prefix) && !taken(label)) return chip.values.push_back({label, "", raw});
  int number = 1;
  while (taken(fmt::format("{}{}", prefix, number))) ++number;
  chip.values.push_back({fmt::format("{}{}", prefix, number), label, raw});
}

void parse_value(PrintedChip& chip, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string label(trim(line.substr(0, colon)));
  auto rest = trim(line.substr(colon + 1));
  if (rest.starts_with("N/A")) {
    for (const std::string_view prefix : {"temp", "fan", "power"}) {
      if (is_attribute(label, prefix)) add_value(chip, prefix, label, std::nullopt);
    }
    return;
  }
  const auto end = rest.find_first_not_of("+-0123456789.");
  if (end == std::string_view::npos || end == 0) return;
  const auto number = parse_double(rest.substr(rest[0] == '+' ? 1 : 0, end - (rest[0] == '+' ? 1 : 0)));
  auto unit = trim(rest.substr(end));
  unit = unit.substr(0, unit.find_first_of(" (\t"));
  for (const auto& [text, prefix, factor] : kUnits) {
    if (number && unit == text) return add_value(chip, prefix, label, std::llround(*number * factor));
  }
}

std::vector<PrintedChip> parse_text(const std::string& text) {
  std::vector<PrintedChip> chips;
  std::istringstream lines(text);
  std::string raw;
  while (std::getline(lines, raw)) {
    const auto line = trim(raw);
    if (line.empty() || line.starts_with("Adapter:") || line.starts_with("(")) continue;
    if (auto chip = parse_header(line)) {
      chips.push_back(std::move(*chip));
    } else if (!chips.empty()) {
      parse_value(chips.back(), line);
    }
  }
  return chips;
}

std::vector<PrintedChip> parse_json_output(const std::string& text) {
  std::vector<PrintedChip> chips;
  const auto document = nlohmann::json::parse(text);
  for (const auto& [header, features] : document.items()) {
    auto chip = parse_header(header);
    if (!chip) continue;
    for (const auto& [label, feature] : features.items()) {
      if (!feature.is_object()) continue;
      for (const auto& [key, value] : feature.items()) {
        const std::string_view name(key);
        if (!name.ends_with("_input") && !name.ends_with("_average")) continue;
        const auto attribute = name.substr(0, name.rfind('_'));
        const bool temperature = attribute.starts_with("temp");
        if (!temperature && !attribute.starts_with("fan")) continue;
        const auto raw = std::llround(value.get<double>() * (temperature ? 1e3 : 1.0));
        chip->values.push_back({std::string(attribute), label == attribute ? "" : label, raw});
      }
    }
    chips.push_back(std::move(*chip));
  }
  return chips;
}

/// Where a device of that address sits below /sys; `twin` tells devices of one address apart, as two ACPI or virtual
/// ones are.
std::string device_path(const PrintedChip& chip, int twin) {
  const auto parts = split(chip.address, '-');
  const auto suffix = twin > 0 ? fmt::format("_{}", twin) : std::string();
  if (parts[0] == "isa") {
    const auto address = parse_hex(parts[1]).value_or(0);
    return fmt::format("devices/platform/{}{}.{}", chip.name, suffix, address);
  }
  if (parts[0] == "pci") {
    const auto address = parse_hex(parts[1]).value_or(0);
    return fmt::format("devices/pci0000:00/0000:00:01.{}/0000:{:02x}:{:02x}.{:x}", twin, address >> 8,
                       (address >> 3) & 31, address & 7);
  }
  if (parts[0] == "i2c" && parts.size() == 3) {
    return fmt::format("devices/pci0000:00/0000:00:1f.4/i2c-{}/{}-{:04x}", parts[1], parts[1],
                       parse_hex(parts[2]).value_or(0));
  }
  if (parts[0] == "acpi") return fmt::format("devices/LNXSYSTM:00/LNXSYBUS:00/{}:{:02}", chip.name, twin);
  return {};
}

bool is_gpu(const std::string& name) { return name == "amdgpu" || name == "nouveau" || name == "radeon"; }

std::string gpu_links(const PrintedChip& chip, const std::string& device, int number) {
  return fmt::format(
      "sys/bus/pci/drivers/{0}/\nsys/{1}/driver\t-> "
      "../../../../bus/pci/drivers/{0}\nsys/{1}/power/runtime_status\tactive\n"
      "sys/class/drm/card{2}\t-> ../../{1}/drm/card{2}\nsys/{1}/drm/card{2}/\nsys/{1}/drm/card{2}/device\t-> "
      "../../../{3}\n",
      chip.name, device, number, device.substr(device.rfind('/') + 1));
}

}  // namespace

std::vector<PrintedChip> parse_sensors(const std::string& text) {
  return trim(text).starts_with("{") ? parse_json_output(text) : parse_text(text);
}

std::string sensors_tree(const std::vector<PrintedChip>& chips, bool turned) {
  std::string tree;
  std::map<std::string, int> twins;
  int number = 0;
  for (const auto& chip : chips) {
    const int hwmon = turned ? static_cast<int>(chips.size()) - number : number;
    const auto device = device_path(chip, twins[chip.name + chip.address]++);
    auto folder = fmt::format("sys/class/hwmon/hwmon{}", hwmon);
    if (!device.empty()) {
      tree += fmt::format("{}\t-> ../../{}/hwmon/hwmon{}\n", folder, device, hwmon);
      folder = fmt::format("sys/{}/hwmon/hwmon{}", device, hwmon);
      tree += fmt::format("{}/\n{}/device\t-> ../../../{}\n", folder, folder, device.substr(device.rfind('/') + 1));
    }
    if (is_gpu(chip.name)) tree += gpu_links(chip, device, number);
    tree += fmt::format("{}/name\t{}\n", folder, chip.name);
    for (const auto& value : chip.values) {
      tree += fmt::format("{}/{}_input\t{}\n", folder, value.attribute, value.raw ? std::to_string(*value.raw) : "");
      if (!value.label.empty()) tree += fmt::format("{}/{}_label\t{}\n", folder, value.attribute, value.label);
    }
    ++number;
  }
  return tree;
}

}  // namespace hale::test
