#include "core/component.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

using namespace hale;

TEST_CASE("a component id says chip, bus and label in lower case") {
  CHECK(make_component_id("nct6798", "isa-0290", "SYSTIN") == "nct6798-isa-0290.systin");
  CHECK(make_component_id("k10temp", "pci-00c3", "Tctl") == "k10temp-pci-00c3.tctl");
  CHECK(make_component_id("coretemp", "isa-0000", "Package id 0") == "coretemp-isa-0000.package_id_0");
}

TEST_CASE("a component id leaves out what is not known") {
  CHECK(make_component_id("acpitz", "", "") == "acpitz");
  CHECK(make_component_id("acpitz", "", "temp1") == "acpitz.temp1");
  CHECK(make_component_id("acpitz", " ", " temp1 \n") == "acpitz.temp1");
}

TEST_CASE("runs of odd characters fold into one underscore") { CHECK(make_component_id("x", "", "CPU  (core) / #1") == "x.cpu_core_1"); }

TEST_CASE("two sensors of one chip type on different buses do not collide") {
  std::set<std::string> ids;
  for (const char* bus : {"pci-0100", "pci-0200", "nvme-0", "nvme-1"}) ids.insert(make_component_id("nvme", bus, "Composite"));
  CHECK(ids.size() == 4);
}

TEST_CASE("labels that differ only in non-ASCII characters stay apart and stay the same next time") {
  const auto processor = make_component_id("chip", "isa-0", "处理器");
  const auto graphics = make_component_id("chip", "isa-0", "显卡");
  CHECK(processor != graphics);
  CHECK(processor == make_component_id("chip", "isa-0", "处理器"));
  CHECK(make_component_id("chip", "isa-0", "\xff\xfe") != make_component_id("chip", "isa-0", "\xfe\xff"));
}

TEST_CASE("a long id is cut to 96 bytes and keeps apart what differs behind the cut") {
  const std::string label(200, 'a');
  const auto one = make_component_id("chip", "bus", label + "1");
  const auto two = make_component_id("chip", "bus", label + "2");
  CHECK(one.size() == 96);
  CHECK(two.size() == 96);
  CHECK(one != two);
}

TEST_CASE("the usual ids of a recording tell their type") {
  CHECK(guess_component_type("cpu") == ComponentType::cpu);
  CHECK(guess_component_type("fan2") == ComponentType::fan);
  CHECK(guess_component_type("disk0") == ComponentType::physical_disk);
  CHECK(guess_component_type("battery") == ComponentType::battery);
  CHECK(guess_component_type("acpi") == ComponentType::temperature);
  CHECK(guess_component_type("host") == ComponentType::host);
  CHECK(guess_component_type("gpu") == ComponentType::gpu);
}

TEST_CASE("a longer word that begins like a usual id is not mistaken for one") {
  CHECK(guess_component_type("fantasy") == ComponentType::other);
  CHECK(guess_component_type("hostile") == ComponentType::other);
  CHECK(guess_component_type("") == ComponentType::other);
}

TEST_CASE("every component type has a word that reads back") {
  for (int i = 0; i <= static_cast<int>(ComponentType::other); ++i) {
    const auto type = static_cast<ComponentType>(i);
    CHECK_FALSE(to_string(type).empty());
    CHECK(parse_component_type(to_string(type)) == type);
  }
  CHECK_FALSE(parse_component_type("toaster"));
  CHECK_FALSE(parse_component_type(""));
}
