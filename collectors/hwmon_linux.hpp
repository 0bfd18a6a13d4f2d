#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/sweep.hpp"

namespace hale {

enum class HwmonKind : std::uint8_t { temperature, fan, power, energy };

/// One sensor of a chip.
struct HwmonChannel {
  HwmonKind kind{};
  std::string attribute;     ///< "temp1", "fan2", "power1": what the file names begin with
  std::string input;         ///< the file with the value: "temp1_input", "power1_average"
  std::string label;         ///< for people, valid UTF-8; empty when the driver gives none
  std::string id;            ///< component id, unique on this machine
  bool has_critical{false};  ///< <attribute>_crit exists
  bool has_high{false};      ///< <attribute>_max exists
};

/// One hwmon device, named by what it is and where it sits, never by its number.
struct HwmonChip {
  std::string name;              ///< "nct6798"
  std::string bus;               ///< "isa-0290"
  std::string id;                ///< make_component_id(name, bus, ""), made unique
  std::filesystem::path folder;  ///< where its attributes are
  std::string device;            ///< path of its device below /sys, "devices/pci0000:00/0000:00:18.3"; empty = none
  std::string gpu;  ///< path below /sys of the GPU it belongs to; then its files were not touched: it may sleep
  std::vector<HwmonChannel> channels;  ///< sorted by kind, then number
};

/// Where a device sits, from its path below /sys: "pci-00c3", "isa-0290", "i2c-00fc-50", "usb-1-2", "acpi-0",
/// "virtual-0". The addresses are those that lm-sensors shows, except that an I2C adapter is named by the device it
/// hangs on, not by its number, which changes from boot to boot. Pure.
std::string hwmon_bus_path(std::string_view device_path);

/// Gives chips and channels their ids. Chips that would share one are told apart by their device's name, else numbered
/// in the order of what they contain; channels of a chip with the same label get their attribute's name. Pure.
void assign_hwmon_ids(std::vector<HwmonChip>& chips);

/// Reads name, labels and channels of a chip whose folder is set. Only known attribute names are read. False when it
/// vanished meanwhile.
bool describe_hwmon_chip(HwmonChip& chip);

/// True for drivers of GPUs, which may put their device to sleep.
bool is_gpu_driver(std::string_view driver);

/// All hwmon chips of the machine, found once and shared by the collectors of a sweep. Used from one thread.
class HwmonTree {
 public:
  explicit HwmonTree(const CollectorEnvironment& environment);
  /// Looks for changes once a minute, or at once after `suspect()`.
  void refresh(Collection& out);
  /// A read said that the device is gone. Looks again now; true when the set of chips did change.
  bool suspect(Collection& out);
  /// Goes up when chips() changed: collectors then build their sensors anew.
  unsigned generation() const { return generation_; }
  /// Goes up with every look: limits and the like are read again then.
  unsigned looks() const { return looks_; }
  const std::vector<HwmonChip>& chips() const { return chips_; }
  /// Empty, or why the class folder cannot be read.
  const std::string& trouble() const { return trouble_; }

 private:
  bool look(Collection& out, bool thoroughly);
  std::vector<HwmonChip> discover();

  std::filesystem::path sys_;
  const Clock& clock_;
  EverySoOften due_{kRescanInterval};
  EverySoOften suspicion_due_{kRescanInterval};
  FaultLog faults_{"hwmon"};
  std::vector<std::string> listing_;
  std::vector<HwmonChip> chips_;
  std::string trouble_;
  unsigned generation_{0};
  unsigned looks_{0};
  bool incomplete_{false};
};

}  // namespace hale
