// What the store must survive: SIGKILL at any moment, and a disk that refuses to take more.
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <cstdlib>
#include <random>

#include "agent/store/store.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace hale::agent;

namespace {

const std::string kKey(32, 'k');
const Timestamp kStart = from_unix_ms(1'790'000'000'000);

UrgentChange change_number(int number) {
  Finding finding;
  finding.fingerprint = fmt::format("finding-{:06}", number);
  finding.rule = "disk.failing";
  finding.component = "disk0";
  finding.cause = Cause::disk_failing;
  finding.summary = "s";
  finding.first_seen = finding.last_seen = finding.evidence.from = finding.evidence.to =
      kStart + std::chrono::seconds(number);
  UrgentChange change;
  change.findings.push_back(finding);
  change.meta["judge"] = std::to_string(number);
  change.items.push_back({finding.fingerprint, ItemKind::finding, finding.last_seen, R"({"rule":"disk.failing"})"});
  return change;
}

GroupedChange readings(Store& store, int number) {
  Block block;
  for (int i = 0; i < 60; ++i) block.times.push_back(to_unix_ms(kStart) + number * 600'000 + i * 10'000);
  for (int s = 0; s < 40; ++s) {
    Column column{store.series_id(Metric::hw_temperature, fmt::format("s{}", s), ""), {}, {}, {}, {}};
    for (std::uint32_t i = 0; i < 60; ++i) {
      column.rows.push_back(i);
      column.values.push_back(40 + ((number * 7919 + s * 104729 + static_cast<int>(i) * 1299709) % 100'000) / 1000.0);
    }
    block.columns.push_back(std::move(column));
  }
  GroupedChange change;
  change.detail = std::move(block);
  return change;
}

/// Writes for ever; after each write that returned, its number goes through the pipe.
[[noreturn]] void write_until_killed(const std::filesystem::path& file, int first, int acknowledge) {
  Store store(file, kKey, {});
  for (int number = first;; ++number) {
    store.write(change_number(number));
    if (number % 5 == 0) store.write(readings(store, number), kStart + std::chrono::minutes(10 * number));
    if (!store.trouble().empty()) ::_exit(1);
    if (::write(acknowledge, &number, sizeof(number)) != sizeof(number)) ::_exit(2);
  }
}

}  // namespace

TEST_CASE("kill -9 at any moment loses no finding that was stored, and tears nothing apart") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "hale.db";
  std::mt19937 random(std::random_device{}());
  int acknowledged = -1;
  for (int round = 0; round < 25; ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      write_until_killed(file, acknowledged + 1, ends[1]);
    }
    ::close(ends[1]);
    int number = -1;
    REQUIRE(::read(ends[0], &number, sizeof(number)) == sizeof(number));  // it is under way
    acknowledged = number;
    ::usleep(1000 + random() % 40'000);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    while (::read(ends[0], &number, sizeof(number)) == sizeof(number)) acknowledged = number;
    ::close(ends[0]);

    Store store(file, kKey, {});
    REQUIRE(store.trouble().empty());
    REQUIRE(store.opening_note().empty());
    // What was acknowledged is there; one more may be, and then its judge state and its upload are too.
    const int stored = std::atoi(store.meta("judge").value_or("-1").c_str());
    REQUIRE(stored >= acknowledged);
    REQUIRE(stored <= acknowledged + 1);
    REQUIRE(store.transitions(1'000'000).size() == static_cast<std::size_t>(stored) + 1);
    REQUIRE(store.outbox()->counts()->waiting == static_cast<std::uint64_t>(stored) + 1);
    acknowledged = stored;
  }
}

TEST_CASE("a disk that takes no more is said once, nothing found is lost, and it recovers by itself") {
  const test::TemporaryFolder folder;
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  Store store(folder.path() / "hale.db", kKey, {});
  store.write(change_number(0));
  REQUIRE(store.trouble().empty());
  const rlimit tight{400'000, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  int number = 1;
  for (; store.trouble().empty() && number < 500; ++number)
    store.write(readings(store, number), kStart + std::chrono::minutes(10 * number));
  CHECK_FALSE(store.trouble().empty());
  const int first_refused = number;
  for (; number < first_refused + 300; ++number) {
    store.write(readings(store, number), kStart + std::chrono::minutes(10 * number));
    store.write(change_number(number));
  }
  // Found meanwhile and kept in memory: still answered.
  CHECK(store.findings(true).size() == 301);
  CHECK(store.meta("judge") == std::to_string(number - 1));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  store.retry();
  CHECK(store.trouble().empty());
  CHECK(store.transitions(10'000).size() == 301);
  CHECK(store.outbox()->counts()->waiting == 301);
  // At most a day of readings was kept meanwhile.
  CHECK(store.size().blocks[0] >= 144);
}

TEST_CASE("a full file system is the same: memory until there is room") {
  const test::TemporaryFolder folder;
  // In a mount namespace of a child's own, where that is allowed; elsewhere the case above stands for it.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const bool mounted = (::geteuid() == 0 ? ::unshare(CLONE_NEWNS) : ::unshare(CLONE_NEWUSER | CLONE_NEWNS)) == 0 &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=600k") == 0;
    if (!mounted) ::_exit(10);
    Store store(folder.path() / "hale.db", kKey, {});
    int number = 0;
    for (; store.trouble().empty() && number < 2000; ++number) store.write(change_number(number));
    if (store.trouble().empty()) ::_exit(1);
    const int stored_or_kept = number;
    store.write(change_number(number++));
    if (store.findings(true, 100'000).size() != static_cast<std::size_t>(stored_or_kept) + 1) ::_exit(2);
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", MS_REMOUNT, "size=20m") != 0) ::_exit(3);
    store.retry();
    if (!store.trouble().empty()) ::_exit(4);
    if (store.transitions(100'000).size() != static_cast<std::size_t>(number)) ::_exit(5);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  const int code = WEXITSTATUS(status);
  CHECK((code == 0 || code == 10));
}

TEST_CASE("a state folder that cannot be written at the start leaves an agent that works in memory") {
  const test::TemporaryFolder folder;
  Store store(folder.path() / "missing" / "hale.db", kKey, {});
  CHECK_FALSE(store.trouble().empty());
  store.write(change_number(1));
  CHECK(store.findings(true).size() == 1);
  CHECK(store.meta("judge") == "1");
  std::filesystem::create_directory(folder.path() / "missing");
  store.retry();
  CHECK(store.trouble().empty());
  CHECK(store.transitions(10).size() == 1);
}
