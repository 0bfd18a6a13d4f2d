#include "collectors/temperature/roles.hpp"

#include <algorithm>
#include <array>

namespace hale {
namespace {

struct Role {
  std::string_view chip;   ///< a whole name, or a beginning when it ends in '*'
  std::string_view label;  ///< the same; "" = any
  int rank;
};

constexpr std::array kCpuRoles{
    Role{"coretemp", "Package id*", 0},
    Role{"coretemp", "Physical id*", 0},  // the latter up to Linux 4.14
    Role{"k10temp", "Tdie", 0},
    Role{"zenpower", "Tdie", 0},
    Role{"k10temp", "Tctl", 1},
    Role{"zenpower", "Tctl", 1},
    Role{"k10temp", "", 2},
    Role{"k8temp", "", 2},
    Role{"coretemp", "Core*", 3},
    Role{"via_cputemp", "", 3},
    Role{"x86_pkg_temp", "", 4},
    Role{"cpu_thermal", "", 5},
    Role{"cpu-thermal", "", 5},
    Role{"soc_dts*", "", 6},
    Role{"TCPU", "", 6},
};

constexpr std::array kBoardRoles{
    Role{"acpitz", "", 0},       Role{"asus*", "Motherboard", 1}, Role{"atk0110", "MB Temperature", 1},
    Role{"nct67*", "SYSTIN", 1}, Role{"it8*", "System*", 1},      Role{"dell_smm", "Ambient", 1},
    Role{"*", "Motherboard", 2}, Role{"*", "Board*", 3},
};

struct TctlOffset {
  std::string_view model;
  double kelvin;
};
constexpr std::array kTctlOffsets{
    TctlOffset{"AMD Ryzen 5 1600X", 20.0},         TctlOffset{"AMD Ryzen 7 1700X", 20.0},
    TctlOffset{"AMD Ryzen 7 1800X", 20.0},         TctlOffset{"AMD Ryzen 7 2700X", 10.0},
    TctlOffset{"AMD Ryzen Threadripper 19", 27.0},  // 19{00,20,50}X
    TctlOffset{"AMD Ryzen Threadripper 29", 27.0},  // 29{20,50,70,90}[W]X
};

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return true;
  if (pattern.back() != '*') return pattern == text;
  return text.starts_with(pattern.substr(0, pattern.size() - 1));
}

template <std::size_t N>
std::optional<int> rank_in(const std::array<Role, N>& roles, std::string_view chip, std::string_view label) {
  const auto found = std::find_if(roles.begin(), roles.end(), [&](const Role& role) {
    return matches(role.chip, chip) && matches(role.label, label);
  });
  if (found == roles.end()) return std::nullopt;
  return found->rank;
}

}  // namespace

std::optional<int> cpu_rank(std::string_view chip, std::string_view label) {
  // Tccd1.. are parts of the die that Tctl already covers.
  if (label.starts_with("Tccd")) return std::nullopt;
  return rank_in(kCpuRoles, chip, label);
}

std::optional<int> board_rank(std::string_view chip, std::string_view label) {
  return rank_in(kBoardRoles, chip, label);
}

double tctl_offset(std::string_view cpu_model) {
  for (const auto& [model, kelvin] : kTctlOffsets) {
    if (cpu_model.find(model) != std::string_view::npos) return kelvin;
  }
  return 0.0;
}

bool is_no_sensor(std::string_view zone_type) {
  static constexpr std::array<std::string_view, 2> kPolicies{"INT3400 Thermal", "INTC1040"};
  return std::find(kPolicies.begin(), kPolicies.end(), zone_type) != kPolicies.end();
}

bool is_disk_chip(std::string_view chip) { return chip == "nvme" || chip == "drivetemp"; }

}  // namespace hale
