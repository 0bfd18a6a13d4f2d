// Stable names for chips and sensors: the pure part of hwmon_linux.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "collectors/hwmon_linux.hpp"
#include "core/text.hpp"

namespace hale {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "0000:03:00.0" -> "0300"; another PCI domain comes in front.
std::optional<std::string> pci_address(std::string_view segment) {
  if (segment.size() < 12 || segment[segment.size() - 2] != '.') return std::nullopt;
  const auto parts = split(segment, ':');
  if (parts.size() != 3 || parts[2].size() != 4) return std::nullopt;
  const auto domain = parse_hex(parts[0]);
  const auto bus = parse_hex(parts[1]);
  const auto slot = parse_hex(parts[2].substr(0, 2));
  const auto function = parse_hex(parts[2].substr(3));
  if (!domain || !bus || !slot || !function) return std::nullopt;
  const auto address = (*bus << 8) | (*slot << 3) | *function;
  return *domain == 0 ? fmt::format("{:04x}", address) : fmt::format("{:x}{:04x}", *domain, address);
}

/// "12-0050" below "i2c-12" -> "50".
std::optional<std::string> i2c_address(std::string_view segment, std::string_view parent) {
  const auto dash = segment.find('-');
  if (dash == std::string_view::npos || !parent.starts_with("i2c-") || parent.substr(4) != segment.substr(0, dash))
    return std::nullopt;
  const auto address = parse_hex(segment.substr(dash + 1));
  if (!address) return std::nullopt;
  return fmt::format("{:02x}", *address);
}

/// "1-2.3" below "usb1": the port path.
bool is_usb_port_path(std::string_view segment) {
  const auto dash = segment.find('-');
  return dash != std::string_view::npos && all_digits(segment.substr(0, dash)) &&
         segment.find_first_not_of("0123456789.", dash + 1) == std::string_view::npos && segment.size() > dash + 1;
}

/// "nct6775.656" -> "0290"; a platform device without a number is 0000.
std::string platform_address(const std::vector<std::string_view>& segments, std::size_t platform) {
  for (std::size_t i = segments.size(); i-- > platform + 1;) {
    const auto dot = segments[i].rfind('.');
    if (dot == std::string_view::npos || !all_digits(segments[i].substr(dot + 1))) continue;
    if (const auto number = parse_uint(segments[i].substr(dot + 1))) return fmt::format("{:04x}", *number);
  }
  return "0000";
}

std::string bus_of(const std::vector<std::string_view>& segments, std::size_t count);

/// Adapter by what it hangs on; its own number only when nothing else is known.
std::string i2c_bus(const std::vector<std::string_view>& segments, std::size_t at, const std::string& address) {
  const auto parent = bus_of(segments, at - 1);
  const auto dash = parent.find('-');
  if (parent.empty() || parent == "virtual-0" || dash == std::string::npos)
    return fmt::format("{}-{}", segments[at - 1], address);
  return fmt::format("i2c-{}-{}", std::string_view(parent).substr(dash + 1), address);
}

/// The deepest segment that is an address wins; then what kind of root the path has.
std::string bus_of(const std::vector<std::string_view>& segments, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) {
    if (const auto pci = pci_address(segments[i])) return "pci-" + *pci;
    if (i > 0) {
      if (const auto i2c = i2c_address(segments[i], segments[i - 1])) return i2c_bus(segments, i, *i2c);
      if (is_usb_port_path(segments[i]) && !segments[i - 1].starts_with("i2c-"))
        return fmt::format("usb-{}", segments[i]);
    }
  }
  const auto has = [&](std::string_view name) {
    return std::find(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(count), name);
  };
  const auto end = segments.begin() + static_cast<std::ptrdiff_t>(count);
  if (std::any_of(segments.begin(), end, [](auto segment) { return segment.starts_with("wmi_bus"); }))
    return "virtual-0";
  if (has("virtual") != end) return "virtual-0";
  if (const auto platform = has("platform"); platform != end) {
    const std::vector<std::string_view> upto(segments.begin(), end);
    return "isa-" + platform_address(upto, static_cast<std::size_t>(platform - segments.begin()));
  }
  if (std::any_of(segments.begin(), end, [](auto segment) { return segment.starts_with("LNXSY"); })) return "acpi-0";
  return "virtual-0";
}

std::string last_segment(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

/// What a chip contains, so that chips without an address keep their order when hwmon numbers change.
std::string contents_of(const HwmonChip& chip) {
  std::string text = chip.device;
  for (const auto& channel : chip.channels) text += fmt::format("|{}={}", channel.attribute, channel.label);
  return text;
}

/// A device name that is not a running number of the kernel's ("hwmon3", "thermal_zone2" would be).
bool names_differ(const std::vector<HwmonChip*>& group) {
  std::set<std::string> names;
  for (const auto* chip : group) {
    const auto name = last_segment(chip->device);
    if (name.empty() || name.starts_with("thermal_zone") || name.starts_with("hwmon")) return false;
    names.insert(make_component_id(name, "", ""));
  }
  return names.size() == group.size();
}

void tell_apart(std::vector<HwmonChip*>& group) {
  if (group.size() < 2) return;
  if (names_differ(group)) {
    for (auto* chip : group) chip->bus += "-" + last_segment(chip->device);
    return;
  }
  std::stable_sort(group.begin(), group.end(),
                   [](const auto* a, const auto* b) { return contents_of(*a) < contents_of(*b); });
  for (std::size_t i = 1; i < group.size(); ++i) group[i]->bus += fmt::format("-{}", i + 1);
}

/// The part of a sensor's id after the chip: its label, with the kind in front where a label alone could be a
/// temperature's.
std::string channel_name(const HwmonChannel& channel) {
  if (channel.label.empty()) return channel.attribute;
  const auto label = to_lower_ascii(channel.label);
  switch (channel.kind) {
    case HwmonKind::temperature:
      return label;
    case HwmonKind::fan:
      return label.find("fan") != std::string::npos ? label : "fan_" + label;
    case HwmonKind::power:
      return "power_" + label;
    case HwmonKind::energy:
      return "energy_" + label;
  }
  return {};
}

void assign_channel_ids(HwmonChip& chip) {
  std::map<std::string, int> uses;
  for (const auto& channel : chip.channels) ++uses[make_component_id(chip.name, chip.bus, channel_name(channel))];
  for (auto& channel : chip.channels) {
    channel.id = make_component_id(chip.name, chip.bus, channel_name(channel));
    if (uses[channel.id] > 1)
      channel.id = make_component_id(chip.name, chip.bus, channel_name(channel) + "_" + channel.attribute);
  }
}

/// Whatever is still alike (a label that looks like another one's attribute) gets a number.
void force_unique(std::vector<HwmonChip>& chips) {
  std::set<std::string> taken;
  for (auto& chip : chips) {
    for (auto& channel : chip.channels) {
      const auto base = channel.id;
      for (int number = 2; !taken.insert(channel.id).second; ++number)
        channel.id = make_component_id(base, std::to_string(number), "");
    }
  }
}

}  // namespace

std::string hwmon_bus_path(std::string_view device_path) {
  const auto segments = split(device_path, '/');
  return bus_of(segments, segments.size());
}

bool is_gpu_driver(std::string_view driver) {
  static constexpr std::string_view kDrivers[] = {"amdgpu", "radeon", "nouveau", "nvidia", "i915", "xe"};
  return std::find(std::begin(kDrivers), std::end(kDrivers), driver) != std::end(kDrivers);
}

void assign_hwmon_ids(std::vector<HwmonChip>& chips) {
  std::map<std::string, std::vector<HwmonChip*>> groups;
  for (auto& chip : chips) {
    chip.bus = hwmon_bus_path(chip.device);
    groups[make_component_id(chip.name, chip.bus, "")].push_back(&chip);
  }
  for (auto& [id, group] : groups) tell_apart(group);
  for (auto& chip : chips) {
    chip.id = make_component_id(chip.name, chip.bus, "");
    assign_channel_ids(chip);
  }
  std::sort(chips.begin(), chips.end(),
            [](const auto& a, const auto& b) { return std::tie(a.id, a.device) < std::tie(b.id, b.device); });
  force_unique(chips);
}

}  // namespace hale
