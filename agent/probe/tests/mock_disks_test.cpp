// hale-probe, unmodified, against the kernel's ioctl interface as umockdev plays it: an NVMe drive, a SATA disk that
// works and one that sleeps.
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <umockdev.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "platform/parse/ata.hpp"
#include "platform/parse/nvme.hpp"
#include "platform/tests/drive_pages.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace hale::test;

namespace {

/// One disk's firmware: what it answers, and which ATA commands it was given.
struct Firmware {
  bool asleep{false};
  std::vector<int> commands;
};

void complete(UMockdevIoctlClient* client, long result, int error) {
  umockdev_ioctl_client_complete(client, result, error);
}

UMockdevIoctlData* resolve(UMockdevIoctlData* data, std::size_t offset, std::size_t size) {
  GError* error = nullptr;
  auto* resolved = umockdev_ioctl_data_resolve(data, offset, size, &error);
  REQUIRE(error == nullptr);
  return resolved;
}

template <class T>
T read_struct(UMockdevIoctlData* data) {
  guint8* bytes = nullptr;
  gint size = 0;
  umockdev_ioctl_data_retrieve(data, &bytes, &size);
  REQUIRE(static_cast<std::size_t>(size) >= sizeof(T));
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void write_bytes(UMockdevIoctlData* data, const std::string& bytes) {
  umockdev_ioctl_data_update(data, 0, reinterpret_cast<guint8*>(const_cast<char*>(bytes.data())),
                             static_cast<gint>(bytes.size()));
}

gboolean nvme_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer) {
  if (umockdev_ioctl_client_get_request(client) != NVME_IOCTL_ADMIN_CMD) return complete(client, -1, ENOTTY), TRUE;
  auto* argument = resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof(nvme_admin_cmd));
  const auto command = read_struct<nvme_admin_cmd>(argument);
  auto* data = resolve(argument, offsetof(nvme_admin_cmd, addr), command.data_len);
  write_bytes(data, command.opcode == 0x02 ? nvme_smart_page(0x02, 88, 7) : nvme_identify_page());
  complete(client, 0, 0);
  return TRUE;
}

gboolean ata_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer user) {
  auto& firmware = *static_cast<Firmware*>(user);
  if (umockdev_ioctl_client_get_request(client) != SG_IO) return complete(client, -1, ENOTTY), TRUE;
  auto* argument = resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof(sg_io_hdr_t));
  const auto header = read_struct<sg_io_hdr_t>(argument);
  auto* cdb_data = resolve(argument, offsetof(sg_io_hdr_t, cmdp), header.cmd_len);
  const auto cdb = read_struct<std::array<unsigned char, 16>>(cdb_data);
  firmware.commands.push_back(cdb[14]);
  if (cdb[14] == 0xe5 || (cdb[14] == 0xb0 && cdb[4] == 0xda)) {
    auto* sense = resolve(argument, offsetof(sg_io_hdr_t, sbp), header.mx_sb_len);
    auto bytes = cdb[14] == 0xe5 ? ata_sense(firmware.asleep ? 0x00 : 0xff, 0, 0) : ata_sense(0, 0xf4, 0x2c);
    bytes.resize(header.mx_sb_len);
    write_bytes(sense, bytes);
  } else {
    auto* data = resolve(argument, offsetof(sg_io_hdr_t, dxferp), header.dxfer_len);
    write_bytes(data, cdb[14] == 0xec ? ata_identify_sector() : ata_smart_sector({{5, 92, 92, 48}, {194, 61, 61, 39}}));
  }
  complete(client, 0, 0);
  return TRUE;
}

/// The machine that hale-probe sees through libumockdev-preload.
class MockMachine {
 public:
  MockMachine() : testbed_(umockdev_testbed_new()) {
    add("P: /devices/pci0000:00/0000:00:1d.0/nvme/nvme0\nN: nvme0\nE: DEVNAME=/dev/nvme0\nE: SUBSYSTEM=nvme\nA: "
        "dev=245:0\\n\n");
    add("P: /devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda\nN: sda\nE: DEVNAME=/dev/sda\nE: "
        "SUBSYSTEM=block\nA: dev=8:0\\n\n");
    add("P: /devices/pci0000:00/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sdb\nN: sdb\nE: DEVNAME=/dev/sdb\nE: "
        "SUBSYSTEM=block\nA: dev=8:16\\n\n");
    attach("/dev/nvme0", nvme_ioctl, nullptr);
    attach("/dev/sda", ata_ioctl, &awake);
    attach("/dev/sdb", ata_ioctl, &sleeping);
    sleeping.asleep = true;
  }
  ~MockMachine() {
    for (auto* handler : handlers_) g_object_unref(handler);
    g_object_unref(testbed_);
  }
  MockMachine(const MockMachine&) = delete;
  MockMachine& operator=(const MockMachine&) = delete;

  struct Run {
    int exit_code{-1};
    std::string output;
  };
  Run probe(const char* query, const char* device) {
    const auto program = std::filesystem::path(HALE_BIN_DIR) / "hale-probe";
    std::string name = program.string();
    char* arguments[] = {name.data(), const_cast<char*>(query), const_cast<char*>(device), nullptr};
    GError* error = nullptr;
    GPid pid = 0;
    gint out = -1;
    REQUIRE(g_spawn_async_with_pipes(nullptr, arguments, nullptr, G_SPAWN_DO_NOT_REAP_CHILD, nullptr, nullptr, &pid,
                                     nullptr, &out, nullptr, &error) == TRUE);
    loop_ = g_main_loop_new(nullptr, FALSE);
    g_child_watch_add(
        pid,
        [](GPid, gint status, gpointer self) {
          static_cast<MockMachine*>(self)->status_ = status;
          g_main_loop_quit(static_cast<MockMachine*>(self)->loop_);
        },
        this);
    g_main_loop_run(loop_);
    g_main_loop_unref(loop_);
    Run run;
    run.exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
    std::array<char, 8192> buffer{};
    for (ssize_t got = 0; (got = read(out, buffer.data(), buffer.size())) > 0;)
      run.output.append(buffer.data(), static_cast<std::size_t>(got));
    close(out);
    return run;
  }

  Firmware awake;
  Firmware sleeping;

 private:
  void add(const char* description) {
    GError* error = nullptr;
    umockdev_testbed_add_from_string(testbed_, description, &error);
    REQUIRE(error == nullptr);
  }
  void attach(const char* device, gboolean (*handle)(UMockdevIoctlBase*, UMockdevIoctlClient*, gpointer),
              gpointer user) {
    auto* handler = umockdev_ioctl_base_new();
    g_signal_connect(handler, "handle-ioctl", G_CALLBACK(handle), user);
    GError* error = nullptr;
    REQUIRE(umockdev_testbed_attach_ioctl(testbed_, device, handler, &error) == TRUE);
    handlers_.push_back(handler);
  }

  UMockdevTestbed* testbed_;
  std::vector<UMockdevIoctlBase*> handlers_;
  GMainLoop* loop_{nullptr};
  int status_{-1};
};

}  // namespace

TEST_CASE("hale-probe reads an NVMe drive's health and identity at the kernel's own interface") {
  MockMachine machine;
  const auto health = machine.probe("nvme-smart", "/dev/nvme0");
  CHECK(health.exit_code == 0);
  SmartReport report;
  REQUIRE(parse_nvme_smart(health.output, report).has_value());
  CHECK(report.nvme.at("percentage_used") == 88);
  CHECK(report.nvme.at("media_errors") == 7);
  const auto identify = machine.probe("nvme-identify", "/dev/nvme0");
  REQUIRE(parse_nvme_identify(identify.output, report).has_value());
  CHECK(report.model == "EXAMPLE NVME 1TB");
}

TEST_CASE("hale-probe asks a SATA disk for its power mode before anything else") {
  MockMachine machine;
  const auto data = machine.probe("ata-smart-data", "/dev/sda");
  CHECK(data.exit_code == 0);
  SmartReport report;
  REQUIRE(parse_ata_smart_data(data.output, report).has_value());
  CHECK(report.find(5)->value == 48.0);
  CHECK(machine.awake.commands == std::vector<int>{0xe5, 0xb0});
  CHECK(parse_ata_smart_status(machine.probe("ata-smart-status", "/dev/sda").output) == false);
}

TEST_CASE("hale-probe leaves a sleeping disk asleep: exit code 3, and no command but CHECK POWER MODE") {
  MockMachine machine;
  for (const char* query : {"ata-identify", "ata-smart-data", "ata-smart-thresholds", "ata-smart-status",
                            "ata-selftest-log", "ata-error-log"}) {
    const auto run = machine.probe(query, "/dev/sdb");
    CHECK(run.exit_code == 3);
    CHECK(run.output.empty());
  }
  CHECK(parse_ata_power_mode(machine.probe("ata-power-mode", "/dev/sdb").output) == 0);
  CHECK(std::all_of(machine.sleeping.commands.begin(), machine.sleeping.commands.end(),
                    [](int command) { return command == 0xe5; }));
  CHECK(machine.sleeping.commands.size() == 7);
}
