#include "platform/files.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "tests/support/data.hpp"

using namespace hale;

namespace {

void write_plain(const std::filesystem::path& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// What `action` gives as an unprivileged user: its exit code in a child process.
template <class Action>
int as_nobody(const Action& action) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(99);
    ::_exit(action());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a small file is read whole, and a large one up to the bound") {
  const test::TemporaryFolder folder;
  write_plain(folder.path() / "a", "61500\n");
  CHECK(read_file(folder.path() / "a") == "61500\n");
  write_plain(folder.path() / "b", std::string(100'000, 'x'));
  CHECK(read_file(folder.path() / "b")->size() == 4096);
  CHECK(read_file(folder.path() / "b", 5000)->size() == 5000);
  CHECK(read_file(folder.path() / "b", 1u << 20) == std::string(100'000, 'x'));
}

TEST_CASE("an empty file is an empty string and no error") {
  const test::TemporaryFolder folder;
  write_plain(folder.path() / "a", "");
  CHECK(read_file(folder.path() / "a") == "");
}

TEST_CASE("a file that does not exist is not found") {
  const test::TemporaryFolder folder;
  const auto bytes = read_file(folder.path() / "absent");
  REQUIRE_FALSE(bytes);
  CHECK(bytes.error().code == Errc::not_found);
  CHECK(bytes.error().message == (folder.path() / "absent").string() + ": No such file or directory");
  CHECK(read_file(folder.path() / "absent" / "deeper").error().code == Errc::not_found);
}

TEST_CASE("a sensor that answers EIO is an I/O error") {
  const test::TemporaryFolder folder;
  std::filesystem::create_symlink("/proc/self/mem", folder.path() / "temp1_input");
  CHECK(read_file(folder.path() / "temp1_input").error().code == Errc::io);
}

TEST_CASE("a folder cannot be read as a file") {
  const test::TemporaryFolder folder;
  CHECK(read_file(folder.path()).error().code == Errc::unsupported);
}

TEST_CASE("a FIFO never hangs the reader, with and without a writer") {
  const test::TemporaryFolder folder;
  const auto fifo = folder.path() / "temp1_input";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto before = std::chrono::steady_clock::now();
  CHECK(read_file(fifo) == "");
  const int writer = ::open(fifo.c_str(), O_RDWR | O_NONBLOCK);
  REQUIRE(writer >= 0);
  CHECK(read_file(fifo).error().code == Errc::unavailable);
  ::close(writer);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(1));
}

TEST_CASE("a file of somebody else's is refused as a matter of permission") {
  const test::TemporaryFolder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  const auto secret = folder.path() / "energy_uj";
  write_plain(secret, "1");
  REQUIRE(::chmod(secret.c_str(), 0) == 0);
  CHECK(as_nobody([&] {
          const auto bytes = read_file(secret);
          return !bytes && bytes.error().code == Errc::permission ? 0 : 1;
        }) == 0);
}

TEST_CASE("an error about a file with an odd name is printable") {
  const auto bytes = read_file("/nowhere/\x1b[31m\xff");
  REQUIRE_FALSE(bytes);
  CHECK(bytes.error().message == "/nowhere/ [31m\xEF\xBF\xBD: No such file or directory");
}

TEST_CASE("an atomic write replaces the content, sets the mode and leaves nothing beside it") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "identity.json";
  REQUIRE(write_file_atomically(path, "one"));
  REQUIRE(write_file_atomically(path, "two", 0640));
  CHECK(read_file(path) == "two");
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0640);
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"identity.json"});
}

TEST_CASE("an atomic write into a folder that does not exist fails and makes nothing") {
  const test::TemporaryFolder folder;
  const auto written = write_file_atomically(folder.path() / "absent" / "x", "1");
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Errc::not_found);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "absent"));
}

TEST_CASE("an atomic write that cannot replace its target says so and leaves no temporary file") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "taken" / "inside");
  CHECK_FALSE(write_file_atomically(folder.path() / "taken", "1"));
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"taken"});
}

TEST_CASE("a writer killed at any moment leaves the old or the new content, never a mixture") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "state";
  const std::string old_content(300'000, 'a');
  const std::string new_content(200'000, 'b');
  REQUIRE(write_file_atomically(path, old_content));
  for (int round = 0; round < 15; ++round) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      for (;;) {
        static_cast<void>(write_file_atomically(path, new_content));
        static_cast<void>(write_file_atomically(path, old_content));
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3 + round * 3));
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    const auto content = read_file(path, 1u << 20);
    REQUIRE(content);
    REQUIRE((*content == old_content || *content == new_content));
  }
}

TEST_CASE("what a killed writer left behind is removed by a later write, other files are not") {
  const test::TemporaryFolder folder;
  const auto stale = folder.path() / ".state.tmp-abcdef";
  write_plain(stale, "half");
  write_plain(folder.path() / ".other.tmp-abcdef", "not ours");
  const timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  for (const auto& name : {stale, folder.path() / ".other.tmp-abcdef"}) REQUIRE(::utimensat(AT_FDCWD, name.c_str(), long_ago, 0) == 0);
  write_plain(folder.path() / ".state.tmp-recent", "somebody writes now");
  REQUIRE(write_file_atomically(folder.path() / "state", "1"));
  CHECK(list_directory(folder.path()) == std::vector<std::string>{".other.tmp-abcdef", ".state.tmp-recent", "state"});
}

TEST_CASE("a folder lists its names in order, and a huge one is refused") {
  const test::TemporaryFolder folder;
  for (const char* name : {"hwmon2", "hwmon10", "hwmon1"}) write_plain(folder.path() / name, "");
  CHECK(list_directory(folder.path()) == std::vector<std::string>{"hwmon1", "hwmon10", "hwmon2"});
  CHECK(list_directory(folder.path(), 3));
  CHECK(list_directory(folder.path(), 2).error().code == Errc::invalid_input);
  CHECK(list_directory(folder.path() / "absent").error().code == Errc::not_found);
  CHECK(list_directory(folder.path() / "hwmon1").error().code == Errc::not_found);
}

TEST_CASE("a link tells the last part of its target") {
  const test::TemporaryFolder folder;
  std::filesystem::create_symlink("../../devices/pci0000:00/0000:00:18.3", folder.path() / "device");
  std::filesystem::create_symlink("../drivers/k10temp/", folder.path() / "driver");
  write_plain(folder.path() / "plain", "");
  CHECK(link_target_name(folder.path() / "device") == "0000:00:18.3");
  CHECK(link_target_name(folder.path() / "driver") == "k10temp");
  CHECK(link_target_name(folder.path() / "absent").error().code == Errc::not_found);
  CHECK(link_target_name(folder.path() / "plain").error().code == Errc::unsupported);
}
