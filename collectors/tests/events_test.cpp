#include "collectors/events/events.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>

#include "collectors/events/log_source_linux.hpp"
#include "collectors/tests/machine.hpp"

namespace hale::test {
namespace {

using namespace std::chrono_literals;

void append(const Machine& machine, const std::string& text) {
  std::ofstream file(machine.path() / "dev/kmsg", std::ios::binary | std::ios::app);
  file << text;
  REQUIRE(file.good());
}

std::uint32_t count_of(const Collection& sweep, const std::string& code) {
  std::uint32_t count = 0;
  for (const auto& event : sweep.events) count += event.code == code ? event.count : 0;
  return count;
}

TEST_CASE("a line that is still being written waits until it is complete") {
  Machine machine;
  append(machine, "3,1,1000,-;ata1.00: error: { UN");
  const auto collector = find_collector(machine.environment(), "events");
  CHECK(machine.sweep(*collector).events.empty());
  append(machine, "C }\n3,2,2000,-;ata1.00: error: { ABRT }\n");
  CHECK(count_of(machine.sweep(*collector), "ata_media_error") == 1);
  CHECK(machine.sweep(*collector).events.empty());
}

TEST_CASE("a restarted agent goes on where it stood, and a log that began anew is read from its beginning") {
  Machine machine;
  append(machine, "3,1,1000,-;ata1.00: error: { UNC }\n");
  {
    const auto collector = find_collector(machine.environment(), "events");
    CHECK(count_of(machine.sweep(*collector), "ata_media_error") == 1);
    machine.environment().bookmarks["events"] = collector->bookmark();
  }
  append(machine, "3,2,2000,-;nvme nvme0: I/O 12 QID 3 timeout, aborting\n");
  const auto again = find_collector(machine.environment(), "events");
  const auto sweep = machine.sweep(*again);
  CHECK(count_of(sweep, "ata_media_error") == 0);
  CHECK(count_of(sweep, "nvme_timeout") == 1);
  std::filesystem::resize_file(machine.path() / "dev/kmsg", 0);
  append(machine, "3,1,1000,-;ata1.00: error: { UNC }\n");
  CHECK(count_of(machine.sweep(*again), "ata_media_error") == 1);
}

TEST_CASE("a storm is one event with its count, cut at 500 lines a sweep and then continued") {
  Machine machine;
  std::string storm;
  for (int i = 0; i < 1200; ++i)
    storm += "3," + std::to_string(i) + ",1,-;I/O error, dev sda, sector " + std::to_string(i) + " op 0x0:(READ)\n";
  append(machine, storm);
  const auto collector = find_collector(machine.environment(), "events");
  std::uint32_t total = 0;
  for (int i = 0; i < 3; ++i) {
    const auto sweep = machine.sweep(*collector);
    REQUIRE(sweep.events.size() == 1);
    CHECK(sweep.events[0].count <= 500);
    total += sweep.events[0].count;
  }
  CHECK(total == 1200);
}

TEST_CASE("a line without an end does not stop the log") {
  Machine machine;
  append(machine, std::string(200'000, 'x') + "\n3,2,2000,-;ata1.00: error: { UNC }\n");
  const auto collector = find_collector(machine.environment(), "events");
  CHECK(count_of(machine.sweep(*collector), "ata_media_error") == 1);
}

TEST_CASE("errors of a stick that was pulled out are nobody's") {
  Machine machine("sys/block/sdz/removable\t1\nsys/block/sdz/size\t100\n");
  append(machine, "");
  const auto collector = find_collector(machine.environment(), "events");
  machine.sweep(*collector);
  machine.change("sys/block/sdz\t!gone\n");
  append(machine,
         "3,2,2000,-;I/O error, dev sdz, sector 1 op 0x0:(READ)\n3,3,2000,-;Buffer I/O error on dev sdz1, logical "
         "block 1\n");
  CHECK(machine.sweep(*collector).events.empty());
}

TEST_CASE("a bookmark of nonsense, of another boot or of another source is no bookmark") {
  for (const char* bookmark : {"garbage", "journal:s=1", "kmsg:other:7", "file:99999999999999999999", ""}) {
    CAPTURE(bookmark);
    Machine machine;
    machine.environment().bookmarks["events"] = bookmark;
    append(machine, "3,1,1000,-;ata1.00: error: { UNC }\n");
    const auto collector = find_collector(machine.environment(), "events");
    CHECK(count_of(machine.sweep(*collector), "ata_media_error") == 1);
  }
}

TEST_CASE("the kernel's ring is read record by record and only what is new") {
  // A named pipe behaves as /dev/kmsg does where it matters: reads that do not wait.
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "kmsg";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  auto source = open_kmsg("kmsg:boot-1:41", "boot-1", pipe);
  REQUIRE(source.has_value());
  std::ofstream writer(pipe, std::ios::binary);
  std::vector<std::string> lines;
  const auto sink = [&](const LogLine& line) { lines.emplace_back(line.message); };
  const auto write = [&](const std::string& record) {
    writer << record << std::flush;
    REQUIRE((*source)->read(10, sink).has_value());
  };
  write("3,41,1000,-;old\n");
  write("3,42,1000,-;new\n SUBSYSTEM=scsi\n");
  write("no record at all");
  CHECK(lines == std::vector<std::string>{"new"});
  CHECK((*source)->bookmark() == "kmsg:boot-1:42");
  CHECK(open_kmsg("", "", folder.path() / "none").error().code == Errc::not_found);
}

/// Real journal files, made by systemd-journal-remote of an export text.
class JournalFolder {
 public:
  void write(const std::string& name, const std::string& entries) const {
    const auto text = folder_.path() / (name + ".export");
    std::ofstream(text, std::ios::binary) << entries;
    const auto command = "/lib/systemd/systemd-journal-remote -o " +
                         (folder_.path() / "journal" / (name + ".journal")).string() + " " + text.string() +
                         " >/dev/null 2>&1";
    std::filesystem::create_directories(folder_.path() / "journal");
    REQUIRE(std::system(command.c_str()) == 0);
  }
  std::filesystem::path path() const { return folder_.path() / "journal"; }

 private:
  TemporaryFolder folder_;
};

std::string entry(Timestamp time, int number, const std::string& transport, const std::string& message) {
  const auto at = to_unix_ms(time) * 1000 + number;
  return "__REALTIME_TIMESTAMP=" + std::to_string(at) +
         "\n__MONOTONIC_TIMESTAMP=" + std::to_string(1'000'000 + number) +
         "\n_BOOT_ID=0123456789abcdef0123456789abcdef\n_MACHINE_ID=fedcba9876543210fedcba9876543210\n_TRANSPORT=" +
         transport + "\nPRIORITY=3\nMESSAGE=" + message + "\n\n";
}

TEST_CASE("the journal is read from a day ago, kernel lines only, and then from where it stood") {
  Machine machine;
  const auto now = machine.clock().now();
  const JournalFolder journal;
  journal.write("system", entry(now - 72h, 1, "kernel", "ata1.00: error: { UNC }") +
                              entry(now - 2h, 2, "kernel", "nvme nvme0: I/O 12 QID 3 timeout, aborting") +
                              entry(now - 1h, 3, "syslog", "nvme nvme0: I/O 12 QID 3 timeout, aborting") +
                              entry(now - 5s, 4, "kernel", "mce: [Hardware Error]: Machine check events logged"));
  const auto disks = std::make_shared<DiskTree>(machine.environment());
  std::string bookmark;
  {
    const auto collector = make_events_collector(machine.environment(), disks, journal.path());
    const auto sweep = machine.sweep(*collector);
    INFO(collector->status().detail);
    REQUIRE(sweep.events.size() == 2);
    CHECK(sweep.events[0].code == "nvme_timeout");
    CHECK(sweep.events[0].fields.at("logged") == to_rfc3339(now - 2h));
    CHECK(sweep.events[1].component == "cpu");
    CHECK_FALSE(sweep.events[1].fields.contains("logged"));
    CHECK(collector->status().state == CollectorState::ok);
    CHECK(machine.sweep(*collector).events.empty());
    // A new file, as after a rotation, is found without being told.
    journal.write("system2", entry(now - 1s, 5, "kernel", "EDAC MC0: 2 CE memory read error"));
    CHECK(count_of(machine.sweep(*collector), "edac_ce") == 2);
    bookmark = collector->bookmark();
  }
  journal.write("system3", entry(now, 6, "kernel", "nvme nvme0: controller is down; will reset: CSTS=0x1"));
  machine.environment().bookmarks["events"] = bookmark;
  const auto again = make_events_collector(machine.environment(), disks, journal.path());
  const auto sweep = machine.sweep(*again);
  REQUIRE(sweep.events.size() == 1);
  CHECK(sweep.events[0].code == "nvme_controller_down");
}

const std::string kFirstBoot(32, '1'), kLastBoot(32, '2');
constexpr auto kJournalStarts = "f77379a8490b408bbe5f6940505a777b";
constexpr auto kJournalStops = "d93fb3c9c24d451a97cea615ce59c00b";

std::string boot_entry(Timestamp time, int number, const std::string& boot, const std::string& transport,
                       const std::string& message, const std::string& id = {}) {
  const auto at = to_unix_ms(time) * 1000 + number;
  return "__REALTIME_TIMESTAMP=" + std::to_string(at) +
         "\n__MONOTONIC_TIMESTAMP=" + std::to_string(1'000'000 + number) + "\n_BOOT_ID=" + boot +
         "\n_MACHINE_ID=fedcba9876543210fedcba9876543210\n_TRANSPORT=" + transport +
         "\nPRIORITY=6\nMESSAGE=" + message + "\n" + (id.empty() ? "" : "MESSAGE_ID=" + id + "\n") + "\n";
}

/// Two boots; the agent stopped reading in the last one.
std::vector<Event> events_after(const std::vector<std::pair<std::string, std::string>>& first,
                                const std::vector<std::pair<std::string, std::string>>& last) {
  Machine machine;
  const auto now = machine.clock().now();
  const JournalFolder journal;
  std::string text;
  int number = 0;
  const auto add = [&](const std::string& boot, const auto& entries, std::chrono::minutes ago) {
    for (const auto& [message, id] : entries) {
      ++number;
      text += boot_entry(now - ago + std::chrono::seconds(number), number, boot, id.empty() ? "kernel" : "driver",
                         message, id);
    }
  };
  add(kFirstBoot, first, 600min);
  add(kLastBoot, last, 60min);
  journal.write("system", text);
  const auto disks = std::make_shared<DiskTree>(machine.environment());
  const auto collector = make_events_collector(machine.environment(), disks, journal.path());
  machine.sweep(*collector);
  machine.environment().bookmarks["events"] = collector->bookmark();
  const auto after_restart = make_events_collector(machine.environment(), disks, journal.path());
  return machine.sweep(*after_restart).events;
}

TEST_CASE("a boot that was cut off is told at the next start, with its last sign of life") {
  const auto events = events_after({{"Journal started", kJournalStarts}, {"x", ""}, {"Journal stopped", kJournalStops}},
                                   {{"Journal started", kJournalStarts}, {"y", ""}});
  REQUIRE(events.size() == 1);
  CHECK(events[0].source == "hale");
  CHECK(events[0].code == "unclean_shutdown");
  CHECK(events[0].component == "host");
  CHECK(events[0].fields.contains("logged"));
}

TEST_CASE("a boot that was shut down is none, nor is one of a machine whose journal keeps no farewell") {
  CHECK(events_after({{"Journal started", kJournalStarts}, {"x", ""}, {"Journal stopped", kJournalStops}},
                     {{"Journal started", kJournalStarts}, {"y", ""}, {"Journal stopped", kJournalStops}})
            .empty());
  CHECK(events_after({{"Journal started", kJournalStarts}, {"x", ""}}, {{"Journal started", kJournalStarts}, {"y", ""}})
            .empty());
  CHECK(events_after({{"x", ""}}, {{"y", ""}}).empty());
}

TEST_CASE("a clock that starts years behind is told, one that is right or from around New Year is not") {
  Machine machine;
  const auto now = machine.clock().now();
  const auto year = [&](int before) {
    return std::to_string(
        static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(now)).year()) - before);
  };
  const JournalFolder journal;
  const auto rtc = [](const std::string& set_to) {
    return "rtc_cmos 00:03: setting system clock to " + set_to + "-01-01T00:01:10 UTC (1)";
  };
  journal.write("system", entry(now - 2h, 1, "kernel", rtc(year(0))) + entry(now - 1h, 2, "kernel", rtc(year(1))) +
                              entry(now - 1min, 3, "kernel", rtc("2000")));
  const auto collector =
      make_events_collector(machine.environment(), std::make_shared<DiskTree>(machine.environment()), journal.path());
  const auto sweep = machine.sweep(*collector);
  REQUIRE(sweep.events.size() == 1);
  CHECK(sweep.events[0].code == "clock_reset");
}

TEST_CASE("a journal without kernel lines counts as none") {
  const TemporaryFolder empty;
  Machine machine;
  const auto collector =
      make_events_collector(machine.environment(), std::make_shared<DiskTree>(machine.environment()), empty.path());
  const auto sweep = machine.sweep(*collector);
  CHECK(sweep.events.empty());
  CHECK(sweep.partial_errors.empty());
  CHECK(collector->status().state == CollectorState::absent);
  CHECK(collector->status().detail.find("systemd-journal") != std::string::npos);
}

}  // namespace
}  // namespace hale::test
