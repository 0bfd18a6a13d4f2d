#include "agent/service/upload_runner.hpp"

#include <poll.h>
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "platform/files.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace hale::agent;
using namespace std::chrono_literals;

namespace {

/// A control loop of its own.
struct Loop {
  std::map<int, std::function<void()>> watched;
  bool may_send{true};
  int identity_changes{0};
  UploadRunner::Loop hooks() {
    return {.watch = [this](int fd, std::function<void()> readable) { watched[fd] = std::move(readable); },
            .unwatch = [this](int fd) { watched.erase(fd); },
            .may_run = [this] { return may_send; },
            .identity_changed = [this] { ++identity_changes; }};
  }
  void run_for(std::chrono::milliseconds time, const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!done() && std::chrono::steady_clock::now() < end) {
      std::vector<pollfd> fds;
      for (const auto& [fd, readable] : watched) fds.push_back({fd, POLLIN, 0});
      ::poll(fds.data(), fds.size(), 20);
      for (const auto& each : fds)
        if (each.revents != 0 && watched.contains(each.fd)) {
          const auto readable = watched[each.fd];  // a copy: it may unwatch itself
          readable();
        }
    }
  }
};

std::filesystem::path write_program(const std::filesystem::path& folder, const std::string& script) {
  const auto file = folder / "fake-upload";
  std::ofstream(file) << "#!/bin/sh\n" << script;
  ::chmod(file.c_str(), 0755);
  return file;
}

UploadRunner::Options options(const std::filesystem::path& program, const std::filesystem::path& state) {
  return {.program = program, .state = state, .trigger = {}, .proxy = {}, .interval = 15min};
}

}  // namespace

TEST_CASE("hale-upload's last line says how it went") {
  const auto outcome =
      parse_upload_outcome(1, "noise\n{\"sent\":3,\"waiting\":7,\"retry_after_s\":120,\"error\":\"no route\"}\n");
  CHECK(outcome.sent == 3);
  CHECK(outcome.waiting == 7);
  CHECK(outcome.retry_after == 120s);
  CHECK(outcome.error == "no route");
  CHECK_FALSE(parse_upload_outcome(139, "").error.empty());
  CHECK_FALSE(parse_upload_outcome(1, "Segmentation fault").error.empty());
}

TEST_CASE("the next upload comes after the interval, after what was asked for, or a day after a revocation") {
  CHECK(next_upload_delay({}, 15min, 0.5) == 15min);
  CHECK(next_upload_delay({}, 10min, 0) == 9min);
  CHECK(next_upload_delay({.exit_code = 1, .retry_after = 240s, .error = ""}, 15min, 0.5) == 240s);
  CHECK(next_upload_delay({.exit_code = 1, .error = ""}, 15min, 0.5) == 5min);
  CHECK(next_upload_delay({.exit_code = 4, .error = ""}, 15min, 0.5) == 24h);
}

TEST_CASE("what is due starts hale-upload as a child and its outcome is kept") {
  const test::TemporaryFolder folder;
  const auto program = write_program(
      folder.path(), "echo \"$@\" > " + (folder.path() / "args").string() + "\necho '{\"sent\":2,\"waiting\":0}'\n");
  Loop loop;
  UploadRunner runner(options(program, folder.path()), loop.hooks());
  runner.soon();
  loop.run_for(5s, [&] { return runner.status().contains("last_run"); });
  const auto status = runner.status();
  REQUIRE(status.contains("last_run"));
  CHECK(status["last_sent"] == 2);
  CHECK_FALSE(status.contains("error"));
  CHECK_THAT(*read_file(folder.path() / "args"), Catch::Matchers::StartsWith("run --state " + folder.path().string()));
}

TEST_CASE("nothing is started without consent") {
  const test::TemporaryFolder folder;
  const auto program = write_program(folder.path(), "touch " + (folder.path() / "ran").string() + "\n");
  Loop loop;
  loop.may_send = false;
  UploadRunner runner(options(program, folder.path()), loop.hooks());
  runner.soon();
  loop.run_for(1200ms, [] { return false; });
  CHECK_FALSE(std::filesystem::exists(folder.path() / "ran"));
}

TEST_CASE("hale-upload is started at its time only when something waits") {
  const test::TemporaryFolder folder;
  const auto runs = folder.path() / "runs";
  const auto left = folder.path() / "left";
  std::ofstream(left) << "0";
  const auto program = write_program(folder.path(), "echo run >>" + runs.string() + "\nread -r left <" + left.string() +
                                                        "\necho '{\"sent\":1,\"waiting\":'\"$left\"'}'\n");
  auto often = options(program, folder.path());
  often.interval = 200ms;
  Loop loop;
  const auto started = [&] {
    const auto text = read_file(runs);
    return text ? text->size() / 4 : 0;
  };
  UploadRunner runner(often, loop.hooks());
  runner.soon();
  loop.run_for(10s, [&] { return started() == 1; });
  loop.run_for(1500ms, [&] { return started() > 1; });
  CHECK(started() == 1);
  std::ofstream(left) << "3";
  runner.later();
  loop.run_for(10s, [&] { return started() >= 3; });  // what is left keeps it coming
  CHECK(started() >= 3);
}

TEST_CASE("with a trigger file systemd is told instead") {
  const test::TemporaryFolder folder;
  auto with_trigger = options({}, folder.path());
  with_trigger.trigger = folder.path() / "due";
  Loop loop;
  UploadRunner runner(with_trigger, loop.hooks());
  runner.soon();
  loop.run_for(5s, [&] { return std::filesystem::exists(with_trigger.trigger); });
  CHECK(std::filesystem::exists(with_trigger.trigger));
}

TEST_CASE("a missing hale-upload is said in the status") {
  const test::TemporaryFolder folder;
  Loop loop;
  UploadRunner runner(options({}, folder.path()), loop.hooks());
  runner.soon();
  loop.run_for(2s, [&] { return runner.status().contains("error"); });
  CHECK(runner.status().contains("error"));
}

TEST_CASE("an identity that hale-upload writes is taken up when its run ends, once") {
  hale::test::TemporaryFolder folder;
  const auto program = write_program(folder.path(),
                                     "echo '{}' >\"$3/identity.json\"\n"
                                     "echo '{\"sent\":0,\"waiting\":0,\"enrolled\":\"device-2\"}'\n");
  Loop loop;
  UploadRunner runner(options(program, folder.path()), loop.hooks());
  runner.soon();
  loop.run_for(10s, [&] { return loop.identity_changes > 0; });
  CHECK(loop.identity_changes == 1);
  CHECK(runner.status().at("last_exit") == 0);
  CHECK(parse_upload_outcome(0, R"({"sent":0,"waiting":0,"enrolled":"device-2"})").enrolled == "device-2");
}
