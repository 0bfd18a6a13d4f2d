// Every collectors/<kind>/testdata/<machine>/ is a case: tree.txt is what the machine shows (tree.2.txt, tree.3.txt:
// what changes, each 10 s later or as "@after" says), expected.json what that kind's collector makes of it.
// HALE_UPDATE_GOLDEN=1 writes expected.json anew: read the difference.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "collectors/tests/machine.hpp"

namespace hale::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Six significant digits: enough for every sensor, and no dispute about the last bit.
double rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return std::strtod(text, nullptr);
}

json describe(const Component& component) {
  json out{{"type", to_string(component.type)}, {"name", component.name}};
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  };
  add("parent", component.parent);
  add("vendor", component.vendor);
  add("model", component.model);
  add("serial_hash", component.serial_hash);
  return out;
}

json describe(const Collection& sweep) {
  json out = json::object();
  for (const auto& component : sweep.components) out["components"][component.id] = describe(component);
  for (const auto& reading : sweep.readings) {
    INFO("given twice: " << column(reading));
    CHECK_FALSE(out["readings"].contains(column(reading)));
    CHECK(reading.time == sweep.time);
    out["readings"][column(reading)] = rounded(reading.value);
  }
  for (const auto& error : sweep.partial_errors) out["errors"][error.what] = name_of(error.error.code);
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) out["context"][key] = value;
  };
  add("boot_id", sweep.context.boot_id);
  add("os.build", sweep.context.os_build);
  add("platform.profile", sweep.context.platform_profile);
  add("bios.version", sweep.context.bios_version);
  add("host.chassis", sweep.context.host_chassis);
  for (const auto& event : sweep.events) {
    CHECK(event.time == sweep.time);
    const auto name = event.component + "/" + event.source + "." + event.code;
    out["events"].push_back({{"event", name}, {"count", event.count}, {"fields", event.fields}});
  }
  return out;
}

json run_case(const fs::path& folder, const std::string& kind) {
  Machine machine(read_all(folder / "tree.txt"));
  const auto collector = find_collector(machine.environment(), kind);
  json sweeps = json::array({describe(machine.sweep(*collector))});
  for (int step = 2; fs::exists(folder / ("tree." + std::to_string(step) + ".txt")); ++step) {
    machine.change(read_all(folder / ("tree." + std::to_string(step) + ".txt")));
    sweeps.push_back(describe(machine.sweep(*collector)));
  }
  return {{"sweeps", sweeps}, {"status", to_string(collector->status().state)}};
}

TEST_CASE("every captured machine gives the components, readings and errors written beside it") {
  std::set<std::string> kinds;
  for (const auto& kind : fs::directory_iterator(source_dir() / "collectors")) {
    if (!fs::is_directory(kind.path() / "testdata")) continue;
    for (const auto& machine : fs::directory_iterator(kind.path() / "testdata")) {
      if (!fs::exists(machine.path() / "tree.txt")) continue;
      const auto name = kind.path().filename().string();
      kinds.insert(name);
      INFO(name << "/testdata/" << machine.path().filename().string());
      const auto got = run_case(machine.path(), name);
      const auto file = machine.path() / "expected.json";
      if (std::getenv("HALE_UPDATE_GOLDEN") != nullptr)
        std::ofstream(file) << got.dump(1, ' ', false, json::error_handler_t::replace) << '\n';
      REQUIRE(fs::exists(file));
      const auto expected = json::parse(read_all(file));
      INFO("difference: " << json::diff(expected, got).dump(1));
      CHECK(got == expected);
    }
  }
  for (const char* kind : {"temperature", "fan", "power", "cpu", "gpu", "battery", "memory", "disk", "events", "inventory"}) {
    INFO(kind << " has no captured machine");
    CHECK(kinds.contains(kind));
  }
}

}  // namespace
}  // namespace hale::test
