#include <catch2/catch_test_macros.hpp>
#include <set>

#include "collectors/hwmon_linux.hpp"
#include "collectors/tests/machine.hpp"

namespace hale::test {
namespace {

HwmonChip chip(std::string name, std::string device, std::vector<HwmonChannel> channels = {}) {
  HwmonChip made;
  made.name = std::move(name);
  made.device = std::move(device);
  made.channels = std::move(channels);
  return made;
}

HwmonChannel channel(HwmonKind kind, std::string attribute, std::string label = {}) {
  HwmonChannel made;
  made.kind = kind;
  made.attribute = std::move(attribute);
  made.label = std::move(label);
  return made;
}

TEST_CASE("a device's path gives the address that lm-sensors shows") {
  CHECK(hwmon_bus_path("devices/pci0000:00/0000:00:18.3") == "pci-00c3");
  CHECK(hwmon_bus_path("devices/pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0") == "pci-3d00");
  CHECK(hwmon_bus_path("devices/platform/nct6775.656") == "isa-0290");
  CHECK(hwmon_bus_path("devices/platform/coretemp.0") == "isa-0000");
  CHECK(hwmon_bus_path("devices/platform/thinkpad_hwmon") == "isa-0000");
  CHECK(hwmon_bus_path("devices/virtual/thermal/thermal_zone3") == "virtual-0");
  CHECK(hwmon_bus_path("devices/LNXSYSTM:00/LNXSYBUS:00/ATK0110:00") == "acpi-0");
  CHECK(hwmon_bus_path("devices/platform/PNP0C14:01/wmi_bus/wmi_bus-PNP0C14:01/DEADBEEF-2001-0000-00A0-C90629100000") ==
        "virtual-0");
  CHECK(hwmon_bus_path("") == "virtual-0");
}

TEST_CASE("another PCI domain is part of the address") {
  CHECK(hwmon_bus_path("devices/pci10000:e0/10000:e1:00.0/nvme/nvme0") == "pci-10000e100");
}

TEST_CASE("an I2C sensor is named by what its adapter hangs on, not by the adapter's number") {
  CHECK(hwmon_bus_path("devices/pci0000:00/0000:00:1f.4/i2c-12/12-001b") == "i2c-00fc-1b");
  CHECK(hwmon_bus_path("devices/pci0000:00/0000:00:1f.4/i2c-0/0-001b") == "i2c-00fc-1b");
  CHECK(hwmon_bus_path("devices/virtual/i2c-3/3-0048") == "i2c-3-48");
}

TEST_CASE("a USB sensor is named by the port it is plugged into") {
  CHECK(hwmon_bus_path("devices/pci0000:00/0000:00:14.0/usb3/3-2/3-2.1/3-2.1:1.0/0003:1B1C:0C10.0004") == "usb-3-2.1");
}

TEST_CASE("two NVMe drives are two chips by their PCI addresses") {
  std::vector<HwmonChip> chips{chip("nvme", "devices/pci0000:00/0000:01:00.0/nvme/nvme0",
                                    {channel(HwmonKind::temperature, "temp1", "Composite")}),
                               chip("nvme", "devices/pci0000:00/0000:02:00.0/nvme/nvme1",
                                    {channel(HwmonKind::temperature, "temp1", "Composite")})};
  assign_hwmon_ids(chips);
  CHECK(chips[0].channels[0].id == "nvme-pci-0100.composite");
  CHECK(chips[1].channels[0].id == "nvme-pci-0200.composite");
}

TEST_CASE("identical chips without an address keep their ids when they are listed in another order") {
  const auto make = [](bool turned) {
    std::vector<HwmonChip> chips{chip("x", "", {channel(HwmonKind::temperature, "temp1", "inlet")}),
                                 chip("x", "", {channel(HwmonKind::temperature, "temp1", "outlet")})};
    if (turned) std::swap(chips[0], chips[1]);
    assign_hwmon_ids(chips);
    std::set<std::string> ids;
    for (const auto& made : chips) ids.insert(made.channels[0].id);
    return ids;
  };
  CHECK(make(false) == std::set<std::string>{"x-virtual-0.inlet", "x-virtual-0-2.outlet"});
  CHECK(make(true) == make(false));
}

TEST_CASE("sensors of a chip with one label are told apart by their attribute, and kinds never share an id") {
  std::vector<HwmonChip> chips{
      chip("ec", "devices/platform/ec",
           {channel(HwmonKind::temperature, "temp1", "CPU"), channel(HwmonKind::temperature, "temp2", "CPU"),
            channel(HwmonKind::temperature, "temp3", "VRM"), channel(HwmonKind::fan, "fan1", "VRM"),
            channel(HwmonKind::power, "power1", "VRM"), channel(HwmonKind::fan, "fan2", "CPU Fan")})};
  assign_hwmon_ids(chips);
  std::vector<std::string> ids;
  for (const auto& made : chips[0].channels) ids.push_back(made.id);
  CHECK(ids == std::vector<std::string>{"ec-isa-0000.cpu_temp1", "ec-isa-0000.cpu_temp2", "ec-isa-0000.vrm",
                                        "ec-isa-0000.fan_vrm", "ec-isa-0000.power_vrm", "ec-isa-0000.cpu_fan"});
}

TEST_CASE("a label that looks like another sensor's name does not take its id") {
  std::vector<HwmonChip> chips{
      chip("ec", "", {channel(HwmonKind::temperature, "temp1", "temp2"), channel(HwmonKind::temperature, "temp2")})};
  assign_hwmon_ids(chips);
  CHECK(chips[0].channels[0].id != chips[0].channels[1].id);
}

TEST_CASE("a chip that another program is unloading while we look is left for the next look") {
  Machine machine(
      "sys/class/hwmon/hwmon0/name\tgood\nsys/class/hwmon/hwmon0/temp1_input\t1000\nsys/class/hwmon/hwmon1/\n");
  HwmonTree tree(machine.environment());
  Collection out;
  tree.refresh(out);
  REQUIRE(tree.chips().size() == 1);
  CHECK(tree.chips()[0].name == "good");
  machine.change("@after\t61\nsys/class/hwmon/hwmon1/name\tlate\nsys/class/hwmon/hwmon1/fan1_input\t900\n");
  tree.refresh(out);
  CHECK(tree.chips().size() == 2);
  CHECK(out.partial_errors.empty());
}

TEST_CASE("files with unknown names are never read") {
  // A pipe would give an error if it were read, and only known names are.
  Machine machine(
      "sys/class/hwmon/hwmon0/name\tchip\nsys/class/hwmon/hwmon0/temp1_input\t40000\nsys/class/hwmon/hwmon0/"
      "temp1_reset_history\t!fifo\n"
      "sys/class/hwmon/hwmon0/uevent\t!fifo\nsys/class/hwmon/hwmon0/tempX_input\t!fifo\nsys/class/hwmon/hwmon0/"
      "temp9999_input\t!fifo\n");
  const auto collector = find_collector(machine.environment(), "temperature");
  const auto sweep = machine.sweep(*collector);
  CHECK(sweep.partial_errors.empty());
  CHECK(sweep.readings.size() == 1);
}

}  // namespace
}  // namespace hale::test
