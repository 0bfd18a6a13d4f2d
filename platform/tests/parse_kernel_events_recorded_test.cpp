#include <zlib.h>

#include <catch2/catch_test_macros.hpp>
#include <map>

#include "platform/parse/kernel_events.hpp"
#include "tests/support/data.hpp"

using namespace hale;

namespace {

using Counts = std::map<std::string, int>;

// gzopen reads plain files as well.
Counts recognise_file(const std::filesystem::path& path, std::string* first = nullptr) {
  Counts counts;
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string line(65'536, '\0');
  while (gzgets(file, line.data(), static_cast<int>(line.size())) != nullptr) {
    std::string_view text(line.c_str());
    text = text.substr(0, text.find_last_not_of("\r\n") + 1);
    if (const auto record = parse_kmsg_record(text)) text = record->message;
    const auto event = recognise_kernel_message(strip_log_prefix(text));
    if (!event) continue;
    if (first != nullptr && first->empty()) *first = std::string(text);
    ++counts[event->source + "." + event->code];
  }
  gzclose(file);
  return counts;
}

Counts recognise_folder(const std::filesystem::path& folder) {
  Counts all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    for (const auto& [event, count] : recognise_file(entry.path())) all[event] += count;
  }
  return all;
}

}  // namespace

TEST_CASE("The logs of healthy machines raise no event") {
  const auto folder = test::data_or_skip("kernel_logs");
  for (const auto& file :
       {folder / "loghub_Linux_2k.log.gz", folder / "gpud_kmsg1.log", folder / "normal" / "hotsos_openstack_dmesg.gz",
        folder / "normal" / "hotsos_openstack_kern.log.gz"}) {
    std::string first;
    INFO(file.filename().string());
    const auto counts = recognise_file(file, &first);
    INFO(first);
    CHECK(counts.empty());
  }
}

TEST_CASE("Known accidents are named as what they were") {
  const auto folder = test::data_or_skip("kernel_logs");
  CHECK(recognise_file(folder / "abrt_mce1.test").contains("kernel.mce_uncorrected"));
  const auto xid = recognise_file(folder / "gpud_xid119.log");
  CHECK(xid.contains("Xid.119"));
  CHECK(xid.size() == 1);
}

TEST_CASE("What people posted to the kernel's lists is recognised in every family") {
  const auto counts = recognise_folder(test::data_or_skip("kernel_logs/lists"));
  // At least so many lines of each, as first counted: a pattern that stops matching shows here.
  const Counts expected = {{"kernel.ata_media_error", 23},
                           {"kernel.ata_command_failed", 100},
                           {"kernel.blk_io_error", 200},
                           {"kernel.btrfs_csum_failed", 900},
                           {"kernel.ext4_error", 100},
                           {"kernel.nvme_timeout", 25},
                           {"kernel.scsi_medium_error", 12},
                           {"kernel.mce", 20},
                           {"kernel.edac_ce", 2},
                           {"kernel.edac_ue", 1},
                           {"kernel.md_disk_failure", 10},
                           {"kernel.memory_failure", 3},
                           {"kernel.nvme_controller_down", 3},
                           {"kernel.fs_readonly", 20}};
  for (const auto& [event, least] : expected) {
    CAPTURE(event);
    REQUIRE(counts.contains(event));
    CHECK(counts.at(event) >= least);
  }
}
