#include "platform/process.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

#include "platform/files.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace std::chrono_literals;

namespace {

ProcessSpec shell(const std::string& script) {
  ProcessSpec spec;
  spec.program = "/bin/sh";
  spec.arguments = {"-c", script};
  return spec;
}

ProcessResult run(const ProcessSpec& spec) {
  auto result = run_process(spec);
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

bool is_alive(pid_t pid) {
  if (::kill(pid, 0) != 0) return false;
  const auto status = read_file("/proc/" + std::to_string(pid) + "/stat");
  return status && status->find(") Z") == std::string::npos;
}

/// True once the process is gone; waits a little for the kernel.
bool ends(pid_t pid) {
  for (int i = 0; i < 100 && is_alive(pid); ++i) std::this_thread::sleep_for(10ms);
  return !is_alive(pid);
}

}  // namespace

TEST_CASE("a child's output, complaints and exit code are returned") {
  const auto result = run(shell("echo out; echo err >&2; exit 3"));
  CHECK(result.exit_code == 3);
  CHECK(result.output == "out\n");
  CHECK(result.error_output == "err\n");
  CHECK_FALSE(result.output_cut);
}

TEST_CASE("arguments reach the child as they are, without a shell") {
  ProcessSpec spec;
  spec.program = "/usr/bin/printf";
  spec.arguments = {"%s|", "a b", "$HOME", "; rm -rf /nowhere", ""};
  CHECK(run(spec).output == "a b|$HOME|; rm -rf /nowhere||");
}

TEST_CASE("a child sees only the environment it is given") {
  ::setenv("HALE_TEST_SECRET", "1", 1);
  ProcessSpec spec;
  spec.program = "/usr/bin/env";
  spec.environment = {{"LC_ALL", "C"}};
  CHECK(run(spec).output == "LC_ALL=C\n");
  spec.environment.clear();
  CHECK(run(spec).output.empty());
}

TEST_CASE("a child reads its input, and sees its end") {
  ProcessSpec spec;
  spec.program = "/bin/cat";
  spec.input = std::string(300'000, 'x');
  CHECK(run(spec).output == spec.input);
  CHECK(run(shell("cat; echo done")).output == "done\n");
}

TEST_CASE("a child that does not read its input does not end the caller") {
  auto spec = shell("exec true");
  spec.input = std::string(5'000'000, 'x');
  CHECK(run(spec).exit_code == 0);
}

TEST_CASE("a program that is not there is not found, and one that may not be run is refused") {
  const test::TemporaryFolder folder;
  ProcessSpec spec;
  spec.program = folder.path() / "absent";
  CHECK(run_process(spec).error().code == Errc::not_found);
  spec.program = "hale-no-such-program";
  CHECK(run_process(spec).error().code == Errc::not_found);
  spec.program = "relative/path";
  CHECK(run_process(spec).error().code == Errc::not_found);
  std::ofstream(folder.path() / "plain") << "x";
  spec.program = folder.path() / "plain";
  CHECK(run_process(spec).error().code == Errc::permission);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no zombie stays behind
  CHECK(errno == ECHILD);
}

TEST_CASE("a child that outlives its deadline is killed and reaped, even when it ignores SIGTERM") {
  auto spec = shell("trap '' TERM INT HUP; echo $$; while :; do sleep 0.05; done");
  spec.deadline = 200ms;
  const auto before = std::chrono::steady_clock::now();
  const auto result = run_process(spec);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::timeout);
  CHECK(result.error().message == "/bin/sh: did not end within 200 ms and was killed");
  CHECK(std::chrono::steady_clock::now() - before < 2s);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("what a child leaves running is killed with it") {
  const test::TemporaryFolder folder;
  const auto pid_file = (folder.path() / "pid").string();
  SECTION("on the deadline") {
    auto spec = shell("sleep 60 & echo $! >" + pid_file + "; wait");
    spec.deadline = 300ms;
    CHECK_FALSE(run_process(spec));
  }
  SECTION("when the child ends, though the grandchild still holds its output") {
    const auto before = std::chrono::steady_clock::now();
    CHECK(run(shell("sleep 60 & echo $! >" + pid_file + "; echo done")).output == "done\n");
    CHECK(std::chrono::steady_clock::now() - before < 2s);
  }
  const auto pid = std::stoi(read_file(pid_file).value());
  CHECK(ends(pid));
}

TEST_CASE("ten megabytes of output are cut at the bound and the child is ended") {
  auto spec = shell("head -c 10000000 /dev/zero; sleep 60");
  spec.max_output = 100'000;
  const auto before = std::chrono::steady_clock::now();
  const auto result = run(spec);
  CHECK(result.output_cut);
  CHECK(result.output == std::string(100'000, '\0'));
  CHECK(std::chrono::steady_clock::now() - before < 5s);
}

TEST_CASE("output of exactly the bound is not cut") {
  auto spec = shell("head -c 100000 /dev/zero");
  spec.max_output = 100'000;
  const auto result = run(spec);
  CHECK_FALSE(result.output_cut);
  CHECK(result.output.size() == 100'000);
}

TEST_CASE("a child that complains without end is still ended by its deadline") {
  auto spec = shell("while :; do echo complaint >&2; done");
  spec.deadline = 300ms;
  CHECK(run_process(spec).error().code == Errc::timeout);
}

TEST_CASE("a child ended by a signal has 128 plus its number as exit code") { CHECK(run(shell("kill -SEGV $$")).exit_code == 128 + SIGSEGV); }

TEST_CASE("a child starts with no signal blocked and no file of ours open") {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, nullptr);
  const auto result = run(shell("grep SigBlk /proc/self/status; ls /proc/self/fd | wc -l"));
  ::pthread_sigmask(SIG_UNBLOCK, &term, nullptr);
  CHECK(result.output == "SigBlk:\t0000000000000000\n4\n");  // 0, 1, 2 and the folder that ls reads
}

TEST_CASE("children of many threads do not disturb each other") {
  std::vector<std::thread> threads;
  std::vector<std::string> outputs(8);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&outputs, i] {
      for (int round = 0; round < 5; ++round) {
        const auto result = run_process(shell("echo " + std::to_string(i)));
        outputs[i] += result ? result->output : "failed";
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string line = std::to_string(i) + "\n";
    CHECK(outputs[i] == line + line + line + line + line);
  }
}

TEST_CASE("programs are found beside this one and in the system's folders") {
  CHECK(find_program("sh").filename() == "sh");
  CHECK(find_program("platform_test") == own_folder() / "platform_test");
  CHECK(find_program("hale-no-such-program").empty());
  ProcessSpec spec;
  spec.program = "true";
  CHECK(run(spec).exit_code == 0);
}
