#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <thread>

#include "collectors/disk/disk_devices_linux.hpp"
#include "collectors/disk/disk_smart_linux.hpp"
#include "collectors/disk/probe_client_linux.hpp"
#include "collectors/tests/machine.hpp"
#include "platform/tests/drive_pages.hpp"

namespace hale::test {
namespace {

DiskInfo a_disk(const std::string& name, const std::string& serial, const std::string& device) {
  DiskInfo disk;
  disk.name = disk.node = name;
  disk.model = "MODEL";
  disk.serial = serial;
  disk.device = device;
  return disk;
}

TEST_CASE("a disk keeps its id in another slot, under another name and after a restart") {
  std::vector<DiskInfo> before{a_disk("sda", "S1", "devices/ata1"), a_disk("sdb", "S2", "devices/ata2")};
  std::vector<DiskInfo> after{a_disk("sda", "S2", "devices/ata1"), a_disk("sdb", "S1", "devices/ata2")};
  assign_disk_ids(before, "salt");
  assign_disk_ids(after, "salt");
  CHECK(before[0].id == after[1].id);
  CHECK(before[1].id == after[0].id);
  CHECK(before[0].id != before[1].id);
  CHECK(before[0].id.size() == 13);
  std::vector<DiskInfo> elsewhere{a_disk("sda", "S1", "devices/ata1")};
  assign_disk_ids(elsewhere, "another salt");
  CHECK(elsewhere[0].id != before[0].id);
}

TEST_CASE("two disks that show one serial number are told apart by their place, whichever comes first") {
  std::vector<DiskInfo> one{a_disk("sda", "S", "devices/usb1"), a_disk("sdb", "S", "devices/usb2")};
  std::vector<DiskInfo> other{a_disk("sda", "S", "devices/usb2"), a_disk("sdb", "S", "devices/usb1")};
  assign_disk_ids(one, "salt");
  assign_disk_ids(other, "salt");
  CHECK(one[0].id != one[1].id);
  CHECK(one[0].id == other[1].id);
  CHECK(one[1].id == other[0].id);
}

TEST_CASE("a serial number leaves as its keyed hash only") {
  std::vector<DiskInfo> disks{a_disk("sda", "SERIAL-0001", "devices/ata1")};
  assign_disk_ids(disks, "salt");
  CHECK(disks[0].serial.size() == 32);
  CHECK(disks[0].serial == hash_serial("SERIAL-0001", "salt"));
  CHECK(hash_serial("SERIAL-0001", "salt") != hash_serial("SERIAL-0001", "other"));
  CHECK(hash_serial("", "salt").empty());
}

TEST_CASE("a maker is known by its model numbers") {
  CHECK(disk_maker("ST4000DM000-1F2168") == "Seagate");
  CHECK(disk_maker("STT_FTM28GX25H").empty());
  CHECK(disk_maker("Samsung SSD 980 PRO 1TB") == "Samsung");
  CHECK(disk_maker("WDC WD30EFRX-68AX9N0") == "Western Digital");
  CHECK(disk_maker("CT1000MX500SSD1") == "Crucial");
  CHECK(disk_maker("").empty());
}

/// Answers from a map; records what was asked.
class FakeProbe final : public ProbeClient {
 public:
  Result<ProbeAnswer> ask(std::string_view query, std::string_view) override {
    asked.emplace_back(query);
    const auto found = answers.find(std::string(query));
    if (found == answers.end()) return fail(Errc::unsupported, "refused");
    return found->second;
  }
  std::map<std::string, Result<ProbeAnswer>> answers;
  std::vector<std::string> asked;
};

TEST_CASE("a sleeping disk is asked for its power mode and nothing else, smartctl included") {
  FakeProbe probe;
  probe.answers.emplace("ata-power-mode", ProbeAnswer{false, ata_sense(0x00, 0, 0)});
  const auto reading = read_smart(a_disk("sda", "S", "d"), probe, "/nonexistent/smartctl");
  REQUIRE(reading.has_value());
  CHECK(reading->asleep);
  CHECK(probe.asked == std::vector<std::string>{"ata-power-mode"});
}

TEST_CASE("a disk that lets one extra question time out is not asked the next, and what it said stands") {
  FakeProbe probe;
  probe.answers.emplace("ata-power-mode", ProbeAnswer{false, ata_sense(0xff, 0, 0)});
  probe.answers.emplace("ata-identify", ProbeAnswer{false, ata_identify_sector()});
  probe.answers.emplace("ata-smart-data", ProbeAnswer{false, ata_smart_sector({{5, 100, 100, 3}})});
  probe.answers.emplace("ata-smart-thresholds", fail(Errc::timeout, "slow"));
  const auto reading = read_smart(a_disk("sda", "S", "d"), probe, {});
  REQUIRE(reading.has_value());
  CHECK(reading->report.find(5)->value == 3.0);
  CHECK(probe.asked.back() == "ata-smart-thresholds");
}

TEST_CASE("a disk whose SMART is switched off says how to switch it on") {
  auto identify = ata_identify_sector();
  put(identify, 85 * 2, 0, 2);
  FakeProbe probe;
  probe.answers.emplace("ata-power-mode", ProbeAnswer{false, ata_sense(0xff, 0, 0)});
  probe.answers.emplace("ata-identify", ProbeAnswer{false, identify});
  const auto reading = read_smart(a_disk("sda", "S", "d"), probe, {});
  REQUIRE_FALSE(reading.has_value());
  CHECK(reading.error().message.find("smartctl -s on") != std::string::npos);
}

/// A program in place of smartctl.
std::filesystem::path script(const TemporaryFolder& folder, const std::string& body) {
  const auto path = folder.path() / "smartctl";
  std::ofstream(path) << "#!/bin/sh\n" << body;
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

TEST_CASE("behind a bridge that passes nothing on, smartctl is asked without waking the disk") {
  const TemporaryFolder folder;
  const auto smartctl = script(
      folder,
      "[ \"$*\" = '--json -n standby -a /dev/sdq' ] || exit 1\ncat <<'J'\n"
      R"({"smartctl":{"exit_status":0},"device":{"protocol":"ATA"},"model_name":"BRIDGED","smart_status":{"passed":true}})"
      "\nJ\n");
  FakeProbe probe;
  const auto reading = read_smart(a_disk("sdq", "S", "d"), probe, smartctl);
  REQUIRE(reading.has_value());
  CHECK(reading->report.model == "BRIDGED");
}

TEST_CASE("smartctl's word that the disk sleeps is believed, its failures are told behind the first reason") {
  const TemporaryFolder folder;
  FakeProbe probe;
  const auto asleep = script(
      folder,
      R"sh(echo '{"smartctl":{"messages":[{"string":"Device is in STANDBY mode, exit(2)"}],"exit_status":2}}'; exit 2)sh");
  CHECK(read_smart(a_disk("sdq", "S", "d"), probe, asleep)->asleep);
  const auto broken = script(folder, "echo oops");
  const auto reading = read_smart(a_disk("sdq", "S", "d"), probe, broken);
  REQUIRE_FALSE(reading.has_value());
  CHECK(reading.error().message.starts_with("refused; not a JSON document"));
}

/// One connection's answer on a Unix socket.
class OneAnswer {
 public:
  explicit OneAnswer(std::string reply) {
    listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_ = folder_.path() / "probe.sock";
    std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path_.c_str());
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener_, 1) == 0);
    thread_ = std::thread([this, text = std::move(reply)] {
      const int peer = accept(listener_, nullptr, nullptr);
      char buffer[256];
      const auto got = read(peer, buffer, sizeof buffer);
      if (got > 0) request_.assign(buffer, static_cast<std::size_t>(got));
      if (write(peer, text.data(), text.size()) < 0) request_ = "write failed";
      close(peer);
    });
  }
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string request() {
    thread_.join();
    return request_;
  }

 private:
  TemporaryFolder folder_;
  std::filesystem::path path_;
  int listener_{-1};
  std::thread thread_;
  std::string request_;
};

Result<ProbeAnswer> ask_socket(const std::string& reply, std::string* request = nullptr) {
  OneAnswer server(reply);
  const auto client = make_probe_client(CollectorEnvironment{}, server.path());
  auto answer = client->ask("nvme-smart", "nvme0");
  if (request != nullptr) *request = server.request();
  return answer;
}

TEST_CASE("the probe's socket is asked one line and its reply believed only when it is whole") {
  std::string request;
  CHECK(ask_socket("ok 3\nabc", &request)->bytes == "abc");
  CHECK(request == "nvme-smart /dev/nvme0\n");
  CHECK(ask_socket("asleep /dev/sda is asleep\n")->asleep);
  CHECK(ask_socket("failed opening /dev/nvme0: Permission denied\n").error().code == Errc::permission);
  CHECK(ask_socket("ok 5\nabc").error().code == Errc::io);
  CHECK(ask_socket("ok x\nabc").error().code == Errc::io);
  CHECK(ask_socket("").error().code == Errc::io);
  CHECK(ask_socket("ok 20000\n" + std::string(20'000, 'x')).error().code == Errc::io);
}

TEST_CASE("a disk that does not answer holds up no sweep, and is heard once it does") {
  Machine machine(read_all(source_dir() / "collectors/disk/testdata/nvme-healthy/tree.txt"));
  const TemporaryFolder folder;
  const auto answers = folder.path() / "answers";
  std::filesystem::create_directory(answers);
  for (const auto* query : {"nvme-smart", "nvme-identify"})
    std::filesystem::copy_file(machine.environment().roots.dev / (std::string("nvme0.") + query), answers / query);
  const auto probe = folder.path() / "hale-probe";
  std::ofstream(probe) << "#!/bin/sh\nsleep 3\n[ $1 = nvme-smart ] && size=512 || size=4096\nhead -c $size '"
                       << answers.string() << "'/\"$1\"\n";
  std::filesystem::permissions(probe, std::filesystem::perms::owner_all);
  machine.environment().roots.captured = false;
  machine.environment().probe = probe;
  const auto collector = find_collector(machine.environment(), "disk");

  const auto begin = std::chrono::steady_clock::now();
  const auto first = machine.sweep(*collector);
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took < std::chrono::milliseconds(2500));
  REQUIRE(first.components.size() == 1);
  const auto id = first.components[0].id;
  const auto used = "hw.physical_disk.nvme/" + id + "/percentage_used";
  CHECK_FALSE(value_of(first, used).has_value());
  // Nothing else is asked of it meanwhile.
  CHECK_FALSE(value_of(first, "hw.temperature/" + id).has_value());
  CHECK(first.partial_errors.empty());
  bool heard = false;
  for (int i = 0; i < 200 && !heard; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    heard = value_of(machine.sweep(*collector), used).has_value();
  }
  CHECK(heard);
}

TEST_CASE("without hale-probe a disk is named and status says what is missing") {
  Machine machine(read_all(source_dir() / "collectors/disk/testdata/nvme-healthy/tree.txt"));
  machine.environment().roots.captured = false;  // ask as on a real PC that has no probe
  const auto collector = find_collector(machine.environment(), "disk");
  const auto sweep = machine.sweep(*collector);
  CHECK(sweep.components.size() == 1);
  CHECK(sweep.partial_errors.empty());
  CHECK(value_of(sweep, "hw.temperature/" + sweep.components[0].id) == 41.85);
  CHECK(collector->status().state == CollectorState::ok);
  CHECK(collector->status().detail.find("hale-probe is not installed") != std::string::npos);
}

}  // namespace
}  // namespace hale::test
