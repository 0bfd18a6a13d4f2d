#include <catch2/catch_test_macros.hpp>

#include "collectors/inventory/filesystems_linux.hpp"
#include "collectors/inventory/machine_linux.hpp"
#include "collectors/tests/machine.hpp"

namespace hale::test {
namespace {

TEST_CASE("a chassis type is one of six words or unknown") {
  CHECK(chassis_word(10) == "laptop");
  CHECK(chassis_word(10 | 0x80) == "laptop");
  CHECK(chassis_word(3) == "desktop");
  CHECK(chassis_word(30) == "tablet");
  CHECK(chassis_word(35) == "mini");
  CHECK(chassis_word(23) == "server");
  CHECK(chassis_word(1).empty());
  CHECK(chassis_word(77).empty());
}

TEST_CASE("a hypervisor is told by its maker, and a maker of both by the product") {
  CHECK(names_virtual_machine("QEMU", "Standard PC"));
  CHECK(names_virtual_machine("Microsoft Corporation", "Virtual Machine"));
  CHECK_FALSE(names_virtual_machine("Microsoft Corporation", "Surface Laptop 5"));
  CHECK_FALSE(names_virtual_machine("Dell Inc.", "XPS 15"));
  CHECK_FALSE(names_virtual_machine("", ""));
}

TEST_CASE("malformed mount lines are passed over, escapes read, one file system counted once") {
  const auto found = parse_mountinfo(
      "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n26 25 8:1 / /var/lib/bind rw - ext4 /dev/sda1 rw\n\nx\n - \n1 2 3 4 5 - "
      "ext4\n"
      "27 25 8:2 / /a\\040b\\134c rw - xfs /dev/sda2 rw\n28 25 8:3 / /ro ro,noatime - ext4 /dev/sda3 ro\n29 25 0:9 / "
      "/p rw - zfs pool/a rw\n30 25 0:10 / /p/b rw - zfs pool/b rw\n"
      "31 25 8:4 / /bad\\9 rw - ext4 /dev/sda4 rw\n");
  REQUIRE(found.size() == 4);
  CHECK(found[0].mount_point == "/");
  CHECK(found[1].mount_point == "/p");
  CHECK(found[2].mount_point == "/a b\\c");
  CHECK(found[3].mount_point == "/bad\\9");
}

TEST_CASE("the space of this machine's own root is a share of its size") {
  const auto space = read_space("/");
  REQUIRE(space.has_value());
  CHECK(space->utilization > 0.0);
  CHECK(space->utilization <= 1.0);
  CHECK(space->size > 1e6);
  CHECK(read_space("/nonexistent").error().code == Errc::not_found);
}

TEST_CASE("no name of a user's own folder leaves in a component") {
  Machine machine(read_all(source_dir() / "collectors/inventory/testdata/thinkpad/tree.txt"));
  const auto collector = find_collector(machine.environment(), "inventory");
  for (const auto& component : machine.sweep(*collector).components) {
    CHECK((component.id + component.name + component.model).find("anna") == std::string::npos);
    CHECK((component.name + component.serial_hash).find("PF0TEST1") == std::string::npos);
  }
}

}  // namespace
}  // namespace hale::test
