#pragma once
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rules/judge.hpp"
#include "rules/recording/columns.hpp"
#include "tests/support/data.hpp"

namespace hale::rules::test {

inline constexpr std::int64_t kMinuteMs = 60'000;
inline constexpr std::int64_t kHourMs = 60 * kMinuteMs;
inline constexpr std::int64_t kDayMs = 24 * kHourMs;
/// Noon of 2026-01-01, UTC: outside the quiet hours.
inline constexpr std::int64_t kNoon = 1'767'268'800'000;

/// Keeps what it is told.
struct Heard final : Sink {
  std::vector<Finding> findings;
  std::vector<Notification> messages;
  std::vector<std::string> withdrawn;
  std::vector<Outcome> outcomes;
  void on_finding(const Finding& finding) override { findings.push_back(finding); }
  void on_notification(const Notification& message) override { messages.push_back(message); }
  void on_withdraw(const std::string& id) override { withdrawn.push_back(id); }
  void on_outcome(const Outcome& outcome) override { outcomes.push_back(outcome); }
};

inline RuleSet builtin() {
  auto rules = RuleSet::builtin();
  if (!rules) FAIL(rules.error().message);
  return *rules;
}

/// A pack of one rule "disk.test" with these inputs and stages, everything else given.
inline std::string pack_text(const std::string& inputs, const std::string& stages, const std::string& more = "") {
  return R"({"pack": "test", "version": 1, "rules": [{"id": "disk.test", "cause": "disk_failing", "bind": {"each": "physical_disk"}, )" +
         more + R"("inputs": [)" + inputs + R"(], "stages": [)" + stages + R"(], "references": ["test"]}]})";
}

/// Names for everything that is called "name" in a pack, so that its evidence can be shown.
inline std::string names_for(const std::string& pack) {
  constexpr std::string_view kKey = "\"name\": \"";
  std::string names;
  for (auto at = pack.find(kKey); at != std::string::npos; at = pack.find(kKey, at + 1)) {
    const auto begin = at + kKey.size();
    names += (names.empty() ? "\"" : ", \"") + pack.substr(begin, pack.find('"', begin) - begin) + "\": \"a number\"";
  }
  return "{\"names\": {" + names + "}}";
}

inline Result<RuleSet> load_pack_text(const std::string& pack) {
  const hale::test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "packs");
  std::filesystem::create_directories(folder.path() / "texts");
  std::filesystem::create_directories(folder.path() / "names");
  std::ofstream(folder.path() / "packs" / "test.json") << pack;
  for (const char* language : {"en", "zh-CN"}) {
    std::ofstream(folder.path() / "names" / (std::string(language) + ".json")) << names_for(pack);
    std::ofstream(folder.path() / "texts" / (std::string(language) + ".json"))
        << R"({"rules": {"disk.test": {"title": "t", "reason": "r", "first_step": "f", "further_steps": ["g"], "when_to_call": "c", "stakes": "s"}}})";
  }
  return RuleSet::load(folder.path());
}

inline RuleSet rules_with(const std::string& inputs, const std::string& stages) {
  auto rules = load_pack_text(pack_text(inputs, stages));
  if (!rules) FAIL(rules.error().message);
  return *rules;
}

/// One device, fed by column names as a recording has them.
struct Device {
  explicit Device(RuleSet rule_set, PolicyOptions options = {})
      : rules(std::move(rule_set)), judge(rules, layout, std::move(options), heard) {}

  void row(std::int64_t time_ms, const std::vector<std::pair<std::string, double>>& cells) {
    std::vector<Sample> samples;
    std::vector<EventSample> events;
    for (const auto& [name, value] : cells) {
      const Column column = parse_column(name, layout);
      if (column.kind == ColumnKind::event) {
        events.push_back({column.index, static_cast<std::uint32_t>(value)});
      } else {
        REQUIRE(column.kind == ColumnKind::series);
        samples.push_back({column.index, value});
      }
    }
    judge.step(from_unix_ms(time_ms), samples, events);
  }
  bool active() const { return !heard.findings.empty() && heard.findings.back().state == FindingState::active; }
  Coverage coverage_of(const std::string& rule) const {
    for (const Coverage& one : judge.coverage()) {
      if (one.rule == rule) return one;
    }
    return {};
  }

  RuleSet rules;
  Layout layout;
  Heard heard;
  Judge judge;
};

inline double fact(const Finding& finding, const std::string& name) {
  for (const Fact& one : finding.evidence.facts) {
    if (one.name == name) return std::get<double>(one.value);
  }
  FAIL("no fact " << name);
  return 0;
}

}  // namespace hale::rules::test
