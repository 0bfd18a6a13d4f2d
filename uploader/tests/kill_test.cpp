// The program itself, killed at any moment.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "platform/process.hpp"
#include "uploader/tests/run_fixture.hpp"

using namespace hale;
using namespace hale::test;
using namespace std::chrono_literals;

namespace {

const std::string kProgram = std::string(HALE_BIN_DIR) + "/hale-upload";

/// A /sys and /proc that give this PC an identity of its own.
struct Machine {
  TemporaryFolder root;
  explicit Machine(const std::string& mark) {
    std::filesystem::create_directories(root.path() / "sys/class/dmi/id");
    std::filesystem::create_directories(root.path() / "proc");
    std::ofstream(root.path() / "sys/class/dmi/id/product_uuid") << "4c4c4544-0042-" << mark << "\n";
    std::ofstream(root.path() / "proc/stat") << "cpu 1 2 3\nbtime 1700000000\n";
  }
  std::vector<std::string> arguments(const std::vector<std::string>& first, const Pc& pc) const {
    auto all = first;
    for (const auto& more :
         {std::string("--state"), pc.folder.path().string(), std::string("--sysfs"), (root.path() / "sys").string(),
          std::string("--procfs"), (root.path() / "proc").string(), std::string("--proxy"), std::string("direct")}) {
      all.push_back(more);
    }
    return all;
  }
};

Result<ProcessResult> run_program(const std::vector<std::string>& arguments, const std::string& input = {}) {
  return run_process(
      ProcessSpec{.program = kProgram, .arguments = arguments, .environment = {}, .deadline = 30s, .input = input});
}

pid_t start(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kProgram);
  std::vector<char*> raw;
  for (auto& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
  ::execv(raw[0], raw.data());
  ::_exit(127);
}

nlohmann::json last_line(const std::string& output) {
  return nlohmann::json::parse(output.substr(0, output.find('\n')));
}

}  // namespace

TEST_CASE("Killed at any moment, again and again, the uploader loses nothing and doubles nothing") {
  TestFleet fleet;
  Pc pc;
  const Machine machine("aa");
  const auto enrolled = run_program(machine.arguments({"enroll", "--token-file", "-"}, pc), fleet.token());
  REQUIRE(enrolled);
  INFO(enrolled->error_output);
  REQUIRE(enrolled->exit_code == 0);
  CHECK(last_line(enrolled->output).at("device") == "device-1");
  pc.consent();
  std::mt19937 random(5);
  // Half of the answers come late or never, so that the kill falls on every side of them.
  fleet.answer_with([&](const ServerRequest&, int number) -> std::optional<ServerReply> {
    std::this_thread::sleep_for(std::chrono::milliseconds(number % 3 * 5));
    return std::nullopt;
  });
  int next = 0;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 30; ++i) pc.put("f" + std::to_string(next++));
    const pid_t child = start(machine.arguments({"run", "--now"}, pc));
    REQUIRE(child > 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    ::kill(child, SIGKILL);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
  }
  fleet.answer_with({});
  const auto last = run_program(machine.arguments({"run", "--now"}, pc));
  REQUIRE(last);
  INFO(last->output);
  CHECK(last->exit_code == 0);
  CHECK(last_line(last->output).at("waiting") == 0);
  const auto accepted = fleet.accepted();
  CHECK(accepted.size() == static_cast<std::size_t>(next));
  for (const auto& [id, count] : accepted) REQUIRE(count == 1);
  CHECK(fleet.complaints().empty());
  CHECK(pc.outbox.counts()->sent == static_cast<std::uint64_t>(next));
}

TEST_CASE("SIGTERM ends a run within seconds, with its report, and nothing is lost") {
  TestFleet fleet;
  Pc pc;
  const Machine machine("bb");
  REQUIRE(run_program(machine.arguments({"enroll", "--token-file", "-"}, pc), fleet.token())->exit_code == 0);
  pc.consent();
  pc.put("a");
  fleet.answer_with([](const ServerRequest&, int) { return ServerReply{.hang = true}; });
  const pid_t child = start(machine.arguments({"run"}, pc));
  std::this_thread::sleep_for(500ms);
  const auto begun = std::chrono::steady_clock::now();
  ::kill(child, SIGTERM);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(std::chrono::steady_clock::now() - begun < 4s);
  fleet.answer_with({});
  // Being stopped is no failure: the next run need not wait.
  CHECK(last_line(run_program(machine.arguments({"run"}, pc))->output).at("sent") == 1);
}

TEST_CASE("A session stays and sends what comes in the meantime over one connection") {
  TestFleet fleet;
  Pc pc;
  const Machine machine("cc");
  REQUIRE(run_program(machine.arguments({"enroll", "--token-file", "-"}, pc), fleet.token())->exit_code == 0);
  pc.consent();
  pc.put("first");
  const pid_t child = start(machine.arguments({"run", "--session", "8"}, pc));
  std::this_thread::sleep_for(1s);
  pc.put("second");
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(fleet.accepted().size() == 2);
  CHECK(fleet.connections() == 2);
}

TEST_CASE("Bad usage and bad tokens exit with 2 and say what to do; the token is never echoed") {
  TestFleet fleet;
  Pc pc;
  const Machine machine("dd");
  CHECK(run_program({})->exit_code == 2);
  CHECK(run_program({"run", "--nonsense"})->exit_code == 2);
  CHECK(run_program({"enroll"})->exit_code == 2);
  CHECK(run_program({"--help"})->exit_code == 0);
  const auto cut = run_program(machine.arguments({"enroll", "--token-file", "-"}, pc), fleet.token().substr(0, 60));
  CHECK(cut->exit_code == 2);
  CHECK(cut->error_output.find("cut short") != std::string::npos);
  CHECK(cut->error_output.find(fleet.token().substr(6, 20)) == std::string::npos);
  CHECK(run_program(machine.arguments({"enroll", "--token-file", "/nonexistent"}, pc))->exit_code == 2);
  CHECK(run_program(machine.arguments({"enroll", "http://fleet", "--token-file", "-"}, pc), fleet.token())->exit_code ==
        2);
  CHECK(run_program(machine.arguments({"enroll", "--token-file", "-"}, pc), fleet.token("old"))->exit_code == 1);
}

TEST_CASE("What a run costs", "[.cost]") {
  TestFleet fleet;
  Pc pc;
  const Machine machine("ee");
  REQUIRE(run_program(machine.arguments({"enroll", "--token-file", "-"}, pc), fleet.token())->exit_code == 0);
  pc.consent();
  double idle = 0;
  double busy = 0;
  long memory = 0;
  constexpr int kRounds = 20;
  for (int i = 0; i < 2 * kRounds; ++i) {
    const bool something = i % 2 == 0;
    for (int k = 0; something && k < 3; ++k)
      pc.put("t" + std::to_string(i) + "-" + std::to_string(k), ItemKind::telemetry);
    const pid_t child = start(machine.arguments({"run"}, pc));
    rusage usage{};
    REQUIRE(::wait4(child, nullptr, 0, &usage) == child);
    const auto ms = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
    };
    (something ? busy : idle) += (ms(usage.ru_utime) + ms(usage.ru_stime)) / kRounds;
    memory = std::max(memory, usage.ru_maxrss);
  }
  CHECK(fleet.accepted().size() == 3 * kRounds);
  WARN("CPU a run: " << busy << " ms with a batch, " << idle << " ms with nothing to send; at most " << memory
                     << " KB resident");
}
