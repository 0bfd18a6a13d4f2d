#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hale {

/// OpenTelemetry `hw.type` values, and `host` for the PC itself.
enum class ComponentType : std::uint8_t {
  host,
  battery,
  cpu,
  disk_controller,
  enclosure,
  fan,
  gpu,
  logical_disk,
  memory,
  network,
  physical_disk,
  power_supply,
  temperature,
  voltage,
  usb_port,
  other,
};

std::string_view to_string(ComponentType type);
std::optional<ComponentType> parse_component_type(std::string_view text);

/// What a component of a recording is when nothing says so: by its id (`cpu`, `gpu`, `fan2`, `disk0`, `battery`,
/// `acpi`, `host`).
ComponentType guess_component_type(std::string_view id);

/// A part of the PC. `id` is stable across reboots and kernel updates; serial numbers are hashed where they are read.
struct Component {
  std::string id;
  std::string parent;  ///< id, empty for the host
  ComponentType type{ComponentType::other};
  std::string name;  ///< for people: "CPU package", "Samsung SSD 980"
  std::string vendor;
  std::string model;
  std::string firmware;
  std::string serial_hash;  ///< hex, empty when unknown
  std::string bus{};        ///< how a disk is attached: "usb", "ata", "nvme", "scsi"; empty when unknown

  bool operator==(const Component&) const = default;
};

/// A stable id from where a sensor sits and what it is called: "nct6798-isa-0290.systin", "k10temp-pci-00c3.tctl".
/// Pure. Characters outside [a-z0-9_.-] become '_', letters are lowered, runs of '_' are folded; a result over 96 bytes
/// is cut and gets an 8-digit hash of the whole, and so does one that lost non-ASCII bytes (labels in Chinese stay
/// apart). `bus_path` is the bus address ("isa-0290", "pci-00c3", "virtual-0"), never a hwmon number.
std::string make_component_id(std::string_view chip, std::string_view bus_path, std::string_view label);

}  // namespace hale
