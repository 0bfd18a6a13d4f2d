#include "uploader/identity.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fstream>

#include "platform/files.hpp"
#include "platform/secrets.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using hale::test::TemporaryFolder;

namespace {

Identity example() {
  Identity identity;
  identity.device_id = "7d3c";
  identity.fleet_url = "https://fleet.example:8443";
  identity.ca_pem = "ca";
  identity.certificate_pem = "cert";
  identity.certificate_not_after = parse_rfc3339("2027-01-01T00:00:00Z").value();
  identity.command_key = "a2V5";
  identity.hardware = "uuid=1;mac=2";
  identity.organization = "北京 School";
  identity.consent_required = false;
  identity.key_name = "client-key.b";
  return identity;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

/// A laptop's /sys and /proc, as far as the fingerprint looks.
void make_pc(const std::filesystem::path& root, const std::string& mark, const std::string& placeholder = "") {
  const auto dmi = root / "sys/class/dmi/id";
  write(dmi / "product_uuid", placeholder.empty() ? "4c4c4544-0042-" + mark + "\n" : placeholder);
  write(dmi / "board_serial", placeholder.empty() ? "BS" + mark + "\n" : placeholder);
  write(root / "sys/devices/pci/net/eth0/address", "00:11:22:33:" + mark + "\n");
  write(root / "sys/devices/pci/net/eth0/addr_assign_type", "0\n");
  std::filesystem::create_directories(root / "sys/bus/pci");
  std::filesystem::create_directories(root / "sys/devices/pci/net/eth0/device");
  std::filesystem::create_symlink("../../../../../bus/pci", root / "sys/devices/pci/net/eth0/device/subsystem");
  std::filesystem::create_directories(root / "sys/class/net");
  std::filesystem::create_symlink("../../devices/pci/net/eth0", root / "sys/class/net/eth0");
  write(root / "proc/cpuinfo",
        "processor\t: 0\ncpu family\t: 6\nmodel\t\t: 142\nmodel name\t: Some CPU\nstepping\t: 10\n\nprocessor\t: 1\n");
}

std::string fingerprint(const TemporaryFolder& folder) {
  return hardware_fingerprint(folder.path() / "sys", folder.path() / "proc");
}

}  // namespace

TEST_CASE("An identity is read back as it was written, and only its user and group may read it") {
  TemporaryFolder folder;
  CHECK(read_identity(folder.path()).error().code == Errc::not_found);
  REQUIRE(write_identity(folder.path(), example()));
  const auto identity = read_identity(folder.path()).value();
  CHECK(identity.device_id == "7d3c");
  CHECK(identity.organization == "北京 School");
  CHECK(identity.certificate_not_after == example().certificate_not_after);
  CHECK(identity.hardware == "uuid=1;mac=2");
  CHECK_FALSE(identity.consent_required);
  CHECK(identity.key_name == "client-key.b");
  const auto mode = std::filesystem::status(folder.path() / "identity.json").permissions();
  CHECK((mode & std::filesystem::perms::others_all) == std::filesystem::perms::none);
}

TEST_CASE("A damaged identity file is named with what is wrong and what to do") {
  TemporaryFolder folder;
  REQUIRE(write_identity(folder.path(), example()));
  const auto whole = read_file(folder.path() / "identity.json", 1u << 20).value();
  for (const std::string& text :
       {std::string(), whole.substr(0, whole.size() / 2), std::string("[]"), std::string(100, '\0'),
        std::string("{\"version\":1}"), std::string("{\"version\":\"x\"}"), std::string("\xff\xfe{}")}) {
    write(folder.path() / "identity.json", text);
    const auto read = read_identity(folder.path());
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::invalid_input);
    CHECK(read.error().message.find("identity.json") != std::string::npos);
    CHECK(read.error().message.find("enrol") != std::string::npos);
  }
  write(folder.path() / "identity.json", "{\"version\":2}");
  CHECK(read_identity(folder.path()).error().code == Errc::unsupported);
}

TEST_CASE("An identity set aside is in no use, can be named at the next enrolment, and is erased with its key") {
  TemporaryFolder folder;
  auto identity = example();
  REQUIRE(write_identity(folder.path(), identity));
  REQUIRE(Secrets(folder.path()).put("client-key.b", "key"));
  REQUIRE(set_identity_aside(folder.path(), identity));
  CHECK(read_identity(folder.path()).error().code == Errc::not_found);
  CHECK(read_previous_identity(folder.path())->device_id == "7d3c");
  identity.standing = "forbidden";
  REQUIRE(set_identity_aside(folder.path(), identity));
  CHECK(read_previous_identity(folder.path())->standing == "forbidden");
  CHECK(Secrets(folder.path()).get("client-key.b"));
  REQUIRE(erase_previous_identity(folder.path()));
  CHECK(Secrets(folder.path()).get("client-key.b").error().code == Errc::not_found);
  REQUIRE(set_identity_aside(folder.path(), identity));
  REQUIRE(erase_identity(folder.path()));
  CHECK(read_previous_identity(folder.path()).error().code == Errc::not_found);
  REQUIRE(erase_identity(folder.path()));
}

TEST_CASE("A PC has the same fingerprint each time, another PC of the same model another") {
  TemporaryFolder one;
  TemporaryFolder two;
  make_pc(one.path(), "aa:01");
  make_pc(two.path(), "bb:02");
  CHECK(fingerprint(one) == fingerprint(one));
  CHECK(fingerprint(one).find("uuid=") != std::string::npos);
  CHECK(fingerprint(one).find("mac=") != std::string::npos);
  CHECK(fingerprint(one).find("aa:01") == std::string::npos);
  CHECK(same_hardware(fingerprint(one), fingerprint(one)));
  CHECK_FALSE(same_hardware(fingerprint(one), fingerprint(two)));
}

TEST_CASE("Makers' placeholders are no identity") {
  TemporaryFolder one;
  make_pc(one.path(), "aa:01", "To Be Filled By O.E.M.\n");
  CHECK(fingerprint(one).find("uuid=") == std::string::npos);
  CHECK(fingerprint(one).find("board=") == std::string::npos);
  TemporaryFolder two;
  make_pc(two.path(), "aa:01", "00000000-0000-0000-0000-000000000000\n");
  CHECK(fingerprint(one) == fingerprint(two));
}

TEST_CASE("A random or plugged-in network address is not the PC's") {
  TemporaryFolder folder;
  make_pc(folder.path(), "aa:01");
  write(folder.path() / "sys/class/net/eth0/addr_assign_type", "3\n");
  CHECK(fingerprint(folder).find("mac=") == std::string::npos);
}

TEST_CASE("A replaced part is still the same PC, a copied disk is not") {
  CHECK(same_hardware("uuid=1;board=2;mac=3;cpu=4", "uuid=1;board=2;mac=9;cpu=4"));
  CHECK(same_hardware("uuid=1;board=2;mac=3", "uuid=1;board=8;mac=9;product=1") == false);
  CHECK(same_hardware("uuid=1;board=2", "uuid=1;board=9"));
  // The CPU is shared by thousands: it neither proves nor hides a copy.
  CHECK_FALSE(same_hardware("mac=1;cpu=4", "mac=2;cpu=4"));
  CHECK(same_hardware("mac=1;cpu=4", "mac=1;cpu=5"));
  // Rights lost to read the DMI fields: what both sides know decides.
  CHECK(same_hardware("uuid=1;board=2;mac=3;cpu=4", "mac=3;cpu=4"));
  CHECK_FALSE(same_hardware("cpu=4", "cpu=5"));
  CHECK(same_hardware("cpu=4", "cpu=4"));
  CHECK(same_hardware("", "cpu=4"));
}
