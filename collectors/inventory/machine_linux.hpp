#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace hale {

/// What the firmware says of the PC (SMBIOS, as /sys/class/dmi/id shows it). Placeholders that makers leave in ("To Be
/// Filled By O.E.M.") are absent.
struct MachineInfo {
  std::string vendor;
  std::string model;
  std::string serial;  ///< readable by root only; the collector hashes it
  std::string bios_version;
  std::string bios_date;
  std::string chassis;  ///< laptop, desktop, mini, server, tablet, vm; empty = unknown

  bool operator==(const MachineInfo&) const = default;
};

MachineInfo read_machine(const std::filesystem::path& sys, const std::filesystem::path& proc);

/// SMBIOS chassis type (table 17 of the specification, 1..36) in Hale's six words; empty for "other", "unknown" and
/// what is not a PC. Pure.
std::string_view chassis_word(unsigned type);

/// True when the maker's or product's name is a hypervisor's. Pure.
bool names_virtual_machine(std::string_view vendor, std::string_view product);

}  // namespace hale
