#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

#include "agent/cli/commands.hpp"
#include "agent/service/haled.hpp"
#include "platform/process.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace hale::agent;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::vector<std::string> kCommands{"status",  "components", "findings", "explain",  "guide",
                                         "report",  "record",     "replay",   "enroll",   "uploads",
                                         "privacy", "forget",     "snooze",   "feedback", "doctor"};

ProcessResult run_hale(std::vector<std::string> arguments, const std::string& locale = "C",
                       const std::filesystem::path& state = "/nonexistent/hale") {
  ProcessSpec spec{.program = std::filesystem::path(HALE_BIN_DIR) / "hale",
                   .arguments = std::move(arguments),
                   .environment = {{"HALE_STATE_DIR", state.string()}, {"LC_ALL", locale}},
                   .input = {}};
  auto result = run_process(spec);
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("every command has its help, in English and Chinese, and takes --json") {
  for (const auto& command : kCommands) {
    INFO(command);
    const auto english = run_hale({command, "--help"});
    CHECK(english.exit_code == 0);
    CHECK_THAT(english.output, ContainsSubstring("--json"));
    const auto chinese = run_hale({command, "--help"}, "zh_CN.UTF-8");
    CHECK(chinese.output != english.output);
    CHECK(english.output.find("help.") == std::string::npos);
  }
}

TEST_CASE("the help promises nothing that is not there") {
  const auto help = run_hale({"--help"});
  CHECK(help.exit_code == 0);
  for (const auto& command : kCommands) CHECK_THAT(help.output, ContainsSubstring(command));
  for (const auto* absent : {"diagnose", "certificate"}) {
    CHECK(help.output.find(absent) == std::string::npos);
    const auto said = run_hale({absent, "verify", "x"});
    CHECK(said.exit_code == 1);
    CHECK_THAT(said.error_output, ContainsSubstring("this version"));
  }
}

TEST_CASE("an agent that does not run is exit code 3, said with what to look at") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"status"},
                                                                     {"components"},
                                                                     {"findings", "--all"},
                                                                     {"explain", "x"},
                                                                     {"guide", "x"},
                                                                     {"report"},
                                                                     {"uploads"},
                                                                     {"privacy"},
                                                                     {"forget", "--yes"},
                                                                     {"snooze", "x"},
                                                                     {"feedback", "x", "did_it"}}) {
    INFO(arguments[0]);
    const auto result = run_hale(arguments);
    CHECK(result.exit_code == 3);
    CHECK_THAT(result.error_output, ContainsSubstring("haled"));
    const auto chinese = run_hale(arguments, "zh_CN.UTF-8");
    CHECK(chinese.exit_code == 3);
    CHECK_THAT(chinese.error_output, ContainsSubstring("没有应答"));
    auto with_json = arguments;
    with_json.emplace_back("--json");
    const auto parsed = nlohmann::json::parse(run_hale(with_json).output, nullptr, false);
    CHECK(parsed.contains("error"));
  }
}

TEST_CASE("bad usage is exit code 2") {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"nonsense"},
                                             {"explain"},
                                             {"status", "--frob"},
                                             {"uploads", "--show", "0"},
                                             {"record"},
                                             {"record", "--out", "x", "--interval", "0"},
                                             {"feedback", "x", "maybe"},
                                             {"forget"},
                                             {"privacy", "--grant", "--withdraw"},
                                             {"replay", "/nonexistent/x.csv"},
                                             {"doctor", "--sysfs", "/nonexistent"},
                                             {"enroll", "--token-file", "/nonexistent/token"}}) {
    INFO((arguments.empty() ? std::string("(none)") : arguments[0]));
    CHECK(run_hale(arguments).exit_code == 2);
  }
}

TEST_CASE("doctor and record work without the agent on a captured machine") {
  const test::TemporaryFolder folder;
  for (const auto* part : {"sys", "proc", "dev"}) std::filesystem::create_directory(folder.path() / part);
  const std::vector<std::string> roots{"--sysfs", folder.path() / "sys", "--procfs", folder.path() / "proc",
                                       "--devfs", folder.path() / "dev"};
  std::vector<std::string> doctor{"doctor", "--json"};
  doctor.insert(doctor.end(), roots.begin(), roots.end());
  const auto said = run_hale(doctor);
  CHECK(said.exit_code == 0);
  const auto parsed = nlohmann::json::parse(said.output);
  CHECK(parsed["collectors"].size() >= 5);
  std::vector<std::string> record{"record", "--out", folder.path() / "me.csv", "--interval", "1", "--count", "2"};
  record.insert(record.end(), roots.begin(), roots.end());
  CHECK(run_hale(record).exit_code == 0);
  CHECK(std::filesystem::exists(folder.path() / "me.csv"));
}

TEST_CASE("haled's options are read, and mistakes named") {
  const auto arguments =
      parse_haled_arguments({"--config", "c.json", "--sysfs=/s", "--speed", "0", "--replay", "r.csv"});
  REQUIRE(arguments);
  CHECK(arguments->config == "c.json");
  CHECK(arguments->roots.sys == "/s");
  CHECK(arguments->roots.captured);
  CHECK(arguments->speed == 0);
  CHECK(parse_haled_arguments({"--help"}).error().exit_code == 0);
  for (const auto& bad : std::vector<std::vector<std::string>>{
           {"--conifg", "x"}, {"--config"}, {"--speed", "fast"}, {"--speed", "-1"}, {"--speed", "nan"}, {"stray"}}) {
    INFO(bad[0]);
    const auto refused = parse_haled_arguments(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().exit_code == 2);
  }
}

TEST_CASE("a folder that stands in for the machine and is not there is exit code 2 of haled") {
  const test::TemporaryFolder folder;
  const auto result = run_process({.program = std::filesystem::path(HALE_BIN_DIR) / "haled",
                                   .arguments = {"--sysfs", folder.path() / "none"},
                                   .environment = {{"HALE_STATE_DIR", folder.path() / "state"}},
                                   .input = {}});
  REQUIRE(result);
  CHECK(result->exit_code == 2);
  CHECK_THAT(result->error_output, ContainsSubstring("none is not a folder"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "state"));
}

TEST_CASE("columns line up though Chinese characters are twice as wide") {
  CHECK(cli::padded("ok", 6) == "ok    ");
  CHECK(cli::padded("正常", 6) == "正常  ");
}
