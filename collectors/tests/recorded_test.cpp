// Sensors of real machines, from the recorded data beside the checkout: every chip must give sane components.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <map>
#include <regex>
#include <set>

#include "collectors/temperature/roles.hpp"
#include "collectors/tests/machine.hpp"
#include "collectors/tests/sensors_output.hpp"
#include "collectors/tests/ttar.hpp"

namespace hale::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKinds[] = {"temperature", "fan", "power", "gpu"};

/// What all sensor collectors make of a tree: components by id, and values of single sensors by id, without those that
/// stand for a whole.
struct Seen {
  std::map<std::string, ComponentType> components;
  std::map<std::string, double> values;
};

Seen see(const std::string& tree) {
  Machine machine(tree);
  Seen seen;
  std::set<std::string> columns;
  for (const char* kind : kKinds) {
    const auto collector = find_collector(machine.environment(), kind);
    const auto sweep = machine.sweep(*collector);
    for (const auto& component : sweep.components) {
      INFO("component given twice: " << component.id);
      CHECK(seen.components.emplace(component.id, component.type).second);
      CHECK_FALSE(std::regex_search(component.id, std::regex("hwmon[0-9]")));
    }
    for (const auto& reading : sweep.readings) {
      INFO("reading given twice: " << column(reading));
      CHECK(columns.insert(column(reading)).second);
      const bool whole =
          reading.component == "cpu" || reading.component == "acpi" ||
          (seen.components.contains(reading.component) && seen.components[reading.component] == ComponentType::gpu);
      const bool single = reading.metric == Metric::hw_temperature || reading.metric == Metric::hw_fan_speed ||
                          reading.metric == Metric::hw_power;
      if (single && !whole) seen.values[reading.component] = reading.value;
    }
  }
  return seen;
}

/// What `sensors` printed, in the units of our metrics, with the type that its component should have.
std::multiset<std::pair<ComponentType, long long>> printed(const std::vector<PrintedChip>& chips) {
  std::multiset<std::pair<ComponentType, long long>> values;
  for (const auto& chip : chips) {
    if (is_disk_chip(chip.name)) continue;
    for (const auto& value : chip.values) {
      if (!value.raw || value.attribute.starts_with("energy")) continue;
      if (value.attribute.starts_with("temp")) values.emplace(ComponentType::temperature, *value.raw);
      if (value.attribute.starts_with("fan")) values.emplace(ComponentType::fan, *value.raw * 1000);
      if (value.attribute.starts_with("power")) values.emplace(ComponentType::power_supply, *value.raw / 1000);
    }
  }
  return values;
}

std::multiset<std::pair<ComponentType, long long>> collected(const Seen& seen) {
  std::multiset<std::pair<ComponentType, long long>> values;
  for (const auto& [id, value] : seen.values) {
    INFO("a value without a component: " << id);
    REQUIRE(seen.components.contains(id));
    values.emplace(seen.components.at(id), std::llround(value * 1000));
  }
  return values;
}

TEST_CASE(
    "every chip in the recorded outputs of sensors gives the same components after every boot, with its values "
    "unchanged") {
  const auto folder = data_or_skip("sensors");
  int chips = 0;
  int sensors = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    INFO(file.path().string());
    const auto machine = parse_sensors(read_all(file.path()));
    CHECK_FALSE(machine.empty());
    const auto seen = see(sensors_tree(machine, false));
    CHECK(collected(seen) == printed(machine));
    const auto other_boot = see(sensors_tree(machine, true));
    CHECK(other_boot.values == seen.values);
    CHECK(other_boot.components == seen.components);
    chips += static_cast<int>(machine.size());
    sensors += static_cast<int>(seen.values.size());
  }
  CHECK(chips > 100);
  CHECK(sensors > 300);
}

TEST_CASE("recorded laptops have a cpu temperature, Ryzens by their die") {
  const auto folder = data_or_skip("sensors");
  const auto cpu_of = [&](const char* name) {
    Machine machine(sensors_tree(parse_sensors(read_all(folder / name)), false));
    const auto collector = find_collector(machine.environment(), "temperature");
    return value_of(machine.sweep(*collector), "hw.temperature/cpu");
  };
  CHECK(cpu_of("linuxhw_XPS9570_2567DAB1C757.txt") == 66.0);
  CHECK(cpu_of("linuxhw_PRIMEA320M_823079E8BEC6.txt") == 42.6);
  CHECK(cpu_of("sbc_4kFQ.txt") == 37.0);
}

TEST_CASE("recorded sysfs trees are read without a failure that is not in them, and give the same components twice") {
  const auto folder = data_or_skip("sysfs");
  for (const auto& [file, root] :
       std::map<std::string, std::string>{{"node_exporter_sys.ttar.gz", ""}, {"procfs_fixtures.ttar.gz", "fixtures"}}) {
    INFO(file);
    std::set<std::string> ids[2];
    for (auto& seen : ids) {
      Machine machine;
      const int entries = unpack_ttar(folder / file, machine.path());
      CHECK(entries > 500);
      auto environment = machine.environment();
      environment.roots.sys = machine.path() / root / "sys";
      environment.roots.proc = machine.path() / root / "proc";
      int readings = 0;
      for (const char* kind : {"temperature", "fan", "power", "cpu", "gpu", "battery", "memory"}) {
        const auto collector = find_collector(environment, kind);
        const auto sweep = machine.sweep(*collector);
        readings += static_cast<int>(sweep.readings.size());
        for (const auto& component : sweep.components) {
          INFO(component.id);
          CHECK(seen.insert(component.id).second);
        }
      }
      CHECK(readings > 8);
    }
    CHECK(ids[0] == ids[1]);
    CHECK(ids[0].contains("battery"));
  }
}

TEST_CASE("the recorded tree of node_exporter gives the readings that are in it") {
  const auto folder = data_or_skip("sysfs");
  Machine machine;
  unpack_ttar(folder / "node_exporter_sys.ttar.gz", machine.path());
  const auto sweep_of = [&](const char* kind) { return machine.sweep(*find_collector(machine.environment(), kind)); };
  const auto temperatures = sweep_of("temperature");
  CHECK(value_of(temperatures, "hw.temperature/cpu").has_value());
  CHECK(value_of(temperatures, "hw.temperature/coretemp-isa-0000.core_0").has_value());
  CHECK(value_of(temperatures, "hw.temperature/coretemp-isa-0001.core_0").has_value());
  const auto fans = sweep_of("fan");
  CHECK(value_of(fans, "hw.fan.speed/nct6779-isa-0290.fan2") == 1098.0);
  CHECK(value_of(fans, "hw.fan.speed/applesmc-isa-0300.fan_left_side") == 0.0);
  const auto memory = sweep_of("memory");
  CHECK_FALSE(memory.readings.empty());
}

}  // namespace
}  // namespace hale::test
