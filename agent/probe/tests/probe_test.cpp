#include <catch2/catch_test_macros.hpp>

#include "agent/probe/queries.hpp"
#include "platform/device_io_linux.hpp"
#include "platform/process.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using probe::Outcome;

TEST_CASE("hale-probe takes disks by their kernel names only") {
  CHECK(disk_kind("/dev/nvme0") == DiskDevice::Kind::nvme_controller);
  CHECK(disk_kind("/dev/nvme127") == DiskDevice::Kind::nvme_controller);
  CHECK(disk_kind("/dev/sda") == DiskDevice::Kind::scsi_disk);
  CHECK(disk_kind("/dev/sdab") == DiskDevice::Kind::scsi_disk);
  for (const char* path : {"", "/dev/", "sda", "/dev/sd", "/dev/sda1", "/dev/sdabcd", "/dev/sdA", "/dev/nvme",
                           "/dev/nvme0n1", "/dev/nvme1234", "/dev/nvme0/../sda", "/dev//sda", "/dev/sda\n", "/dev/sda ",
                           "/dev/mem", "/dev/sg0", "/etc/passwd", "/dev/sd/a", "/tmp/sda"}) {
    CAPTURE(path);
    CHECK(disk_kind(path).error().code == Errc::invalid_input);
  }
}

TEST_CASE("what is not on the list is refused before anything is opened") {
  CHECK(probe::ask("ata-secure-erase", "/dev/sda").outcome == Outcome::bad_request);
  CHECK(probe::ask("", "").outcome == Outcome::bad_request);
  CHECK(probe::ask("nvme-smart", "/etc/shadow").outcome == Outcome::bad_request);
  CHECK(probe::ask("ata-identify", "/dev/nvme0n1").outcome == Outcome::bad_request);
  for (const char* domain : {"", "intel-rapl", "intel-rapl:", "intel-rapl:0:", "intel-rapl:0::1", "intel-rapl:../../x",
                             "intel-rapl:0/..", "../intel-rapl:0", "intel-rapl:00000000000000000000"}) {
    CAPTURE(domain);
    CHECK(probe::ask("rapl", domain).outcome == Outcome::bad_request);
  }
}

TEST_CASE("a disk that is not there fails in words") {
  const auto answer = probe::ask("nvme-smart", "/dev/nvme99");
  CHECK(answer.outcome == Outcome::failed);
  CHECK(answer.message.find("nvme99") != std::string::npos);
}

TEST_CASE("a request line is exactly a query and an argument, and the reply is one line unless it is an answer") {
  for (const char* line : {"", "\n", "nvme-smart", "nvme-smart  /dev/nvme0", "nvme-smart /dev/nvme0 more",
                           "format /dev/nvme0", "nvme-smart /dev/null"}) {
    CAPTURE(line);
    const auto reply = probe::serve_line(line);
    CHECK(reply.starts_with("failed "));
    CHECK(reply.find('\n') == reply.size() - 1);
  }
}

namespace {

ProcessResult run_probe(std::vector<std::string> arguments, std::string input = {}) {
  ProcessSpec spec;
  spec.program = std::filesystem::path(HALE_BIN_DIR) / "hale-probe";
  spec.arguments = std::move(arguments);
  spec.input = std::move(input);
  const auto result = run_process(spec);
  REQUIRE(result.has_value());
  return *result;
}

}  // namespace

TEST_CASE("the program's exit code says what happened and its help lists every query") {
  const auto help = run_probe({"--help"});
  CHECK(help.exit_code == 0);
  for (const auto& query : probe::queries()) CHECK(help.output.find(query.name) != std::string::npos);
  CHECK(run_probe({}).exit_code == 2);
  CHECK(run_probe({"nvme-smart"}).exit_code == 2);
  CHECK(run_probe({"nvme-smart", "/dev/null"}).exit_code == 2);
  CHECK(run_probe({"nvme-smart", "/dev/nvme99"}).exit_code == 1);
}

TEST_CASE("behind a socket one line gets one reply, and a line that never ends is cut") {
  CHECK(run_probe({"--inetd"}, "nvme-smart /dev/nvme99\n").output.starts_with("failed "));
  CHECK(run_probe({"--inetd"}, std::string(100'000, 'x')).output.starts_with("failed "));
  CHECK(run_probe({"--inetd"}, "").output.starts_with("failed "));
}
