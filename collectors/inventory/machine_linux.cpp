#include "collectors/inventory/machine_linux.hpp"

#include <algorithm>
#include <array>

#include "collectors/sensor_file_linux.hpp"
#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

// In lower case; what boards carry whose maker did not fill the fields in.
constexpr auto kPlaceholders = std::to_array<std::string_view>({
    "to be filled by o.e.m.",
    "to be filled by oem",
    "default string",
    "system product name",
    "system manufacturer",
    "system version",
    "system serial number",
    "not specified",
    "not applicable",
    "none",
    "n/a",
    "unknown",
    "o.e.m.",
    "oem",
    "invalid",
    "empty",
    "undefined",
    "0",
    "0123456789",
    "123456789",
    "12345678",
});

std::string field(const fs::path& folder, const char* name) {
  auto text = text_or_empty(folder / name);
  const auto lower = to_lower_ascii(text);
  const bool placeholder = std::find(kPlaceholders.begin(), kPlaceholders.end(), lower) != kPlaceholders.end();
  return placeholder ? std::string() : text;
}

struct Hypervisor {
  std::string_view vendor;
  std::string_view product;
};
// Beginning of the maker's and of the product's name; empty = any.
constexpr auto kHypervisors = std::to_array<Hypervisor>({
    {"QEMU", ""},
    {"VMware", ""},
    {"innotek GmbH", "VirtualBox"},
    {"Oracle Corporation", "VirtualBox"},
    {"Microsoft Corporation", "Virtual Machine"},
    {"Xen", ""},
    {"Bochs", ""},
    {"Parallels", ""},
    {"Google", "Google Compute Engine"},
    {"Amazon EC2", ""},
    {"Alibaba Cloud", ""},
    {"OpenStack Foundation", ""},
    {"Red Hat", "KVM"},
    {"", "KVM"},
    {"DigitalOcean", ""},
    {"Hetzner", "vServer"},
    {"BHYVE", ""},
    {"Apple Inc.", "Apple Virtualization"},
});

// Bare metal never sets this flag.
bool has_hypervisor_flag(const fs::path& proc) {
  const auto text = read_file(proc / "cpuinfo", 16'384);
  if (!text) return false;
  const auto flags = text->find("\nflags");
  if (flags == std::string::npos) return false;
  const auto line = std::string_view(*text).substr(flags + 1, text->find('\n', flags + 1) - flags - 1);
  return line.find(" hypervisor") != std::string_view::npos;
}

// A PC whose firmware does not say what it is, but which runs on a battery of its own.
bool has_system_battery(const fs::path& sys) {
  const auto names = list_directory(sys / "class" / "power_supply", 256);
  return names && std::any_of(names->begin(), names->end(), [](const std::string& name) {
           return name.starts_with("BAT") || name.starts_with("CMB");
         });
}

}  // namespace

std::string_view chassis_word(unsigned type) {
  switch (type & 0x7fU) {  // bit 7: there is a lock
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 13:
    case 15:
    case 16:
    case 24:
      return "desktop";
    case 8:
    case 9:
    case 10:
    case 12:
    case 14:
    case 31:
    case 32:
      return "laptop";
    case 11:
    case 30:
      return "tablet";
    case 17:
    case 23:
    case 25:
    case 28:
    case 29:
      return "server";
    case 33:
    case 34:
    case 35:
    case 36:
      return "mini";
    default:
      return {};
  }
}

bool names_virtual_machine(std::string_view vendor, std::string_view product) {
  return std::any_of(kHypervisors.begin(), kHypervisors.end(), [&](const Hypervisor& known) {
    return vendor.starts_with(known.vendor) && product.starts_with(known.product);
  });
}

MachineInfo read_machine(const fs::path& sys, const fs::path& proc) {
  const auto folder = sys / "class" / "dmi" / "id";
  MachineInfo machine;
  machine.vendor = field(folder, "sys_vendor");
  machine.model = field(folder, "product_name");
  // Lenovo's product name is an order number; what people call the machine is its version.
  if (machine.vendor == "LENOVO") {
    if (auto version = field(folder, "product_version"); !version.empty()) machine.model = std::move(version);
  }
  if (machine.vendor.empty()) machine.vendor = field(folder, "board_vendor");
  if (machine.model.empty()) machine.model = field(folder, "board_name");
  machine.serial = field(folder, "product_serial");
  machine.bios_version = field(folder, "bios_version");
  machine.bios_date = field(folder, "bios_date");
  if (names_virtual_machine(machine.vendor, machine.model) || has_hypervisor_flag(proc)) {
    machine.chassis = "vm";
  } else if (const auto type = parse_uint(text_or_empty(folder / "chassis_type")); type && *type < 256) {
    machine.chassis = chassis_word(static_cast<unsigned>(*type));
  }
  if (machine.chassis.empty() && has_system_battery(sys)) machine.chassis = "laptop";
  return machine;
}

}  // namespace hale
