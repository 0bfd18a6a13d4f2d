#pragma once
#include <optional>
#include <string_view>

/// Which sensors stand for the CPU and for the board, and which are no sensors at all. Facts about drivers, kept as
/// tables. Pure.
namespace hale {

/// How well a sensor speaks for the CPU's die: 0 is best. nullopt = it does not. `label` as the driver writes it, empty
/// = none; a thermal zone's type is its chip. Sources: Documentation/hwmon/{coretemp,k10temp}.rst,
/// drivers/thermal/intel/x86_pkg_temp_thermal.c.
std::optional<int> cpu_rank(std::string_view chip, std::string_view label);

/// The same for the board or chassis: acpitz, then a board chip's "SYSTIN", "Motherboard", "MB Temperature".
std::optional<int> board_rank(std::string_view chip, std::string_view label);

/// K by which Tctl lies above the die's temperature on early Zen parts, by /proc/cpuinfo's model name
/// (tctl_offset_table of drivers/hwmon/k10temp.c). Newer kernels subtract it themselves and show Tdie.
double tctl_offset(std::string_view cpu_model);

/// Thermal zones that report a policy's constant, not a temperature.
bool is_no_sensor(std::string_view zone_type);

/// Chips whose temperatures belong to a disk: the disk collector reads them.
bool is_disk_chip(std::string_view chip);

}  // namespace hale
