#include "rules/recording.hpp"
#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules;
using hale::test::TemporaryFolder;

namespace {

struct Replayed {
  int code{};
  std::string out;
  std::string complaints;
};

Replayed run(const std::filesystem::path& path, bool coverage = false) {
  Replayed result;
  ReplayOptions options;
  options.from_smartctl = true;
  options.coverage = coverage;
  result.code = replay(
      {path}, options, [&](std::string_view text) { result.out += text; },
      [&](std::string_view text) { result.complaints += text; });
  return result;
}

const char* const kFailing = R"({"json_format_version": [1, 0], "smartctl": {"version": [7, 3], "exit_status": 8},
  "device": {"name": "/dev/sda", "type": "sat", "protocol": "ATA"}, "model_name": "Own Disk 1", "smart_status": {"passed": false},
  "ata_smart_attributes": {"table": [{"id": 197, "name": "Current_Pending_Sector", "value": 100, "worst": 100, "thresh": 0, "raw": {"value": 40, "string": "40"}}, {"id": 5, "name": "Reallocated_Sector_Ct", "value": 90, "worst": 90, "thresh": 10, "raw": {"value": 40, "string": "40"}}]}})";

std::string tar_member(const std::string& name, const std::string& bytes) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 7, "0000644");
  char size[13];
  std::snprintf(size, sizeof size, "%011o", static_cast<unsigned>(bytes.size()));
  header.replace(124, 11, size);
  header[156] = '0';
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  header.replace(148, 6, digits);
  header[154] = '\0';
  std::string body = bytes;
  body.resize((body.size() + 511) / 512 * 512);
  return header + body;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("one snapshot is enough for the drive's own verdict, and rules that need history say so") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "my-drive.json") << kFailing;
  const auto result = run(folder.path() / "my-drive.json", true);
  CHECK(result.code == 0);
  CHECK(contains(
      result.out,
      "\"device\":\"my-drive\",\"rule\":\"disk.self_assessment\",\"state\":\"active\",\"cause\":\"disk_failing\""));
  CHECK(contains(result.out, "\"device\":\"my-drive\",\"rule\":\"disk.failure_risk\",\"state\":\"active\""));
  CHECK(contains(result.out, "\"rule\":\"disk.self_assessment\",\"status\":\"ok\",\"tier\":\"snapshot\""));
  CHECK(contains(result.out,
                 "\"rule\":\"disk.pending_sectors\",\"status\":\"insufficient\",\"tier\":\"\",\"reason\":\"disk0: "
                 "needs 2 reads at least 24 h apart\""));
  CHECK(contains(result.out, "\"rule\":\"disk.nvme_worn\",\"status\":\"insufficient\""));
}

TEST_CASE("folders and tars give a device a report, named by the member's path") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "set" / "a");
  std::ofstream(folder.path() / "set" / "a" / "one.json") << kFailing;
  CHECK(contains(run(folder.path() / "set").out, "\"device\":\"a/one\""));
  std::ofstream(folder.path() / "set.tar", std::ios::binary)
      << tar_member("b/two.json", kFailing) << tar_member("c/three.txt", "nonsense") << std::string(1024, '\0');
  const auto tar = run(folder.path() / "set.tar");
  CHECK(tar.code == 2);
  CHECK(contains(tar.out, "\"device\":\"b/two\""));
  CHECK(contains(tar.complaints, "set.tar/c/three.txt:1:1: "));
  std::ofstream(folder.path() / "cut.tar", std::ios::binary) << tar_member("b/two.json", kFailing).substr(0, 700);
  CHECK(run(folder.path() / "cut.tar").code == 2);
}

TEST_CASE("every recorded smartctl document is read") {
  const auto result = run(hale::test::data_or_skip("smart_json"));
  INFO(result.complaints);
  CHECK(result.code == 0);
  CHECK(contains(result.out, "disk.nvme_critical_warning"));
}

TEST_CASE("thousands of recorded reports are read from a compressed tar") {
  const auto result = run(hale::test::data_or_skip("smart_reports/ent_reports.tar.xz"));
  INFO(result.complaints.substr(0, 2000));
  CHECK(result.code == 0);
  CHECK(contains(result.out, "\"rule\":\"disk.self_assessment\",\"state\":\"active\""));
}
