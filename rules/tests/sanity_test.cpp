#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules::test;

// Packs that read well but contradict themselves, or ask for what can never be read.

namespace {

const std::string kHot = R"({"name": "hot", "from": {"metric": "hw.temperature"}})";
const std::string kTop = R"({"name": "top", "from": {"metric": "hw.temperature.limit", "key": "critical"}})";
const std::string kErrors = R"({"name": "errors", "from": {"metric": "hw.physical_disk.nvme", "key": "media_errors"}})";
const std::string kUsed = R"({"name": "used", "from": {"metric": "hw.physical_disk.nvme", "key": "percentage_used"}})";
const std::string kEvents = R"({"name": "events", "from": {"events": ["kernel.t"]}})";

std::string said_about(const std::string& inputs, const std::string& detector) {
  const auto loaded =
      load_pack_text(pack_text(inputs, R"({"severity": "warning", "confidence": 0.5, "detector": )" + detector + "}"));
  return loaded ? "loaded" : loaded.error().message;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void check_refused(const std::string& inputs, const std::string& detector, const std::string& place,
                   const std::string& why) {
  const auto said = said_about(inputs, detector);
  INFO(detector);
  INFO(said);
  CHECK(contains(said, "test.json:1: rules[0].stages[0].detector" + place + ": "));
  CHECK(contains(said, why));
}

}  // namespace

TEST_CASE("a finding that would end where it still begins is refused") {
  check_refused(
      kHot,
      R"({"kind": "threshold", "when": {"input": "hot", "above": 60}, "clear": {"when": {"input": "hot", "below": 70}}})",
      ".clear.when", "the end must lie below the beginning");
  check_refused(
      kHot,
      R"({"kind": "threshold", "when": {"input": "hot", "at_most": 10}, "clear": {"when": {"input": "hot", "at_least": 5}}})",
      ".clear.when", "the end must lie above the beginning");
  check_refused(
      kHot,
      R"({"kind": "threshold", "when": {"input": "hot", "above": 60}, "clear": {"when": {"input": "hot", "above": 50}}})",
      ".clear.when", "on the side on which it begins");
  check_refused(
      kHot + "," + kTop,
      R"({"kind": "threshold", "when": {"input": "hot", "at_least": {"input": "top", "plus": -5}}, "clear": {"when": {"input": "hot", "below": {"input": "top", "plus": -1}}}})",
      ".clear.when", "the end must lie below the beginning");
}

TEST_CASE("an end that lies apart from its beginning is accepted") {
  CHECK(
      said_about(
          kHot,
          R"({"kind": "threshold", "when": {"input": "hot", "above": 60}, "clear": {"when": {"input": "hot", "at_most": 60}}})") ==
      "loaded");
  CHECK(
      said_about(
          kHot + "," + kTop,
          R"({"kind": "threshold", "when": {"input": "hot", "at_least": {"input": "top", "plus": -1}}, "clear": {"when": {"input": "hot", "below": {"input": "top", "times": 0.9, "plus": -1}}}})") ==
      "loaded");
}

TEST_CASE("a limit that no reading reaches, or every reading passes, is refused with what the gate lets through") {
  check_refused(kHot, R"({"kind": "threshold", "when": {"input": "hot", "above": 9000}})", ".when.above",
                "9000 is never reached for \"hot\": the gate lets -20 to 110 through");
  check_refused(kHot, R"({"kind": "threshold", "when": {"input": "hot", "above": -300}})", ".when.above",
                "always true");
  check_refused(kUsed, R"({"kind": "threshold", "when": {"input": "used", "at_least": 0}})", ".when.at_least",
                "always true");
  check_refused(kUsed, R"({"kind": "trend", "input": "used", "direction": "rising", "limit": 400, "horizon": "180d"})",
                ".limit", "can never be read");
  check_refused(
      kHot,
      R"({"kind": "duration", "when": {"input": "hot", "below": -40}, "per_day": "1h", "days": 1, "window": "7d"})",
      ".when.below", "never reached");
}

TEST_CASE("more days than the window has, and other counts that cannot be, are refused") {
  check_refused(kErrors, R"({"kind": "counter", "input": "errors", "window": "7d", "days": 8})", ".days",
                "more than the window has (7)");
  check_refused(kEvents, R"({"kind": "event_rate", "input": "events", "window": "14d", "days": 15})", ".days",
                "more than the window has (14)");
  check_refused(kErrors, R"({"kind": "counter", "input": "errors", "window": "7d", "total": 3, "per_day": 2})",
                ".per_day", "no days are counted");
  check_refused(kErrors, R"({"kind": "counter", "input": "errors", "window": "7d", "total": 3, "any_day": 5})",
                ".any_day", "never needed");
  check_refused(kErrors,
                R"({"kind": "counter", "input": "errors", "window": "7d", "days": 2, "any_day": 5, "per_day": 9})",
                ".per_day", "any_day");
  check_refused(kErrors,
                R"({"kind": "counter", "input": "errors", "window": "7d", "total": 3, "clear": {"quiet": "0s"}})",
                ".clear.quiet", "more than 0");
  check_refused(kEvents,
                R"({"kind": "event_rate", "input": "events", "window": "7d", "total": 3, "not_after_gap": "2d"})",
                ".not_after_gap", "less than 24h");
  check_refused(kEvents,
                R"({"kind": "event_rate", "input": "events", "window": "7d", "total": 3, "unknown_counts": true})",
                ".unknown_counts", "only_when");
  check_refused(
      kHot,
      R"({"kind": "duration", "when": {"input": "hot", "above": 45}, "per_day": "30m", "days": 9, "window": "7d"})",
      ".days", "more than the window has");
  check_refused(
      kHot,
      R"({"kind": "duration", "when": {"input": "hot", "above": 45}, "per_day": "25h", "days": 1, "window": "7d"})",
      ".per_day", "at most 24h");
}

TEST_CASE("a hold longer than any PC runs, and reads that outlast what is kept, are refused") {
  check_refused(kHot, R"({"kind": "threshold", "when": {"input": "hot", "above": 60}, "hold": "60d"})", ".hold",
                "longer than any PC runs");
  check_refused(
      kHot, R"({"kind": "threshold", "when": {"input": "hot", "above": 60}, "reads": {"count": 3, "apart": "300d"}})",
      ".reads.apart", "400d");
}

TEST_CASE("a trend that looks the wrong way is refused") {
  check_refused(
      kUsed, R"({"kind": "trend", "input": "used", "direction": "rising", "limit": 50, "horizon": "30d", "from": 80})",
      ".from", "beyond the limit");
  check_refused(kUsed, R"({"kind": "trend", "input": "used", "direction": "falling", "change": 1.5})", ".change",
                "share");
  check_refused(kUsed, R"({"kind": "trend", "input": "used", "direction": "rising", "change": 0.2, "in_a_row": 4})",
                ".in_a_row", "level");
  check_refused(kUsed, R"({"kind": "trend", "input": "used", "direction": "rising", "limit": 100, "horizon": "0d"})",
                ".horizon", "more than 0");
}

TEST_CASE("evidence without a name in every language refuses the rule set, and says which") {
  const hale::test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "texts");
  std::filesystem::create_directories(folder.path() / "names");
  std::ofstream(folder.path() / "pack.json") << pack_text(
      R"({"name": "oddness", "from": {"metric": "hw.temperature"}})",
      R"({"severity": "warning", "confidence": 0.5, "detector": {"kind": "threshold", "when": {"input": "oddness", "above": 60}}})");
  for (const char* language : {"en", "zh-CN"}) {
    std::ofstream(folder.path() / "texts" / (std::string(language) + ".json"))
        << R"({"rules": {"disk.test": {"title": "t", "reason": "r", "first_step": "f", "further_steps": ["g"], "when_to_call": "c", "stakes": "s"}}})";
  }
  std::ofstream(folder.path() / "names" / "en.json") << R"({"names": {"oddness": "Oddness"}})";
  const auto loaded = rules::RuleSet::load(folder.path());
  REQUIRE_FALSE(loaded);
  INFO(loaded.error().message);
  CHECK(contains(loaded.error().message, "names/zh-CN.json: \"oddness\" has no name (evidence of rule disk.test)"));
}

TEST_CASE("steps at length are there in every language or in none, and are no fewer than the short ones") {
  const hale::test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "texts");
  std::ofstream(folder.path() / "pack.json") << pack_text(
      R"({"name": "temperature", "from": {"metric": "hw.temperature"}})",
      R"({"severity": "warning", "confidence": 0.5, "detector": {"kind": "threshold", "when": {"input": "temperature", "above": 60}}})");
  const auto write = [&](const std::string& language, const std::string& more) {
    std::ofstream(folder.path() / "texts" / (language + ".json"))
        << R"({"rules": {"disk.test": {"title": "t", "reason": "r", "first_step": "f", "further_steps": ["g", "h"], )" +
               more + R"("when_to_call": "c", "stakes": "s"}}})";
  };
  write("en", R"("detailed_steps": ["1", "2", "3"], )");
  write("zh-CN", "");
  const auto one_sided = rules::RuleSet::load(folder.path());
  REQUIRE_FALSE(one_sided);
  CHECK(contains(one_sided.error().message, "has 0 detailed_steps"));
  write("zh-CN", R"("detailed_steps": ["1"], )");
  CHECK(contains(rules::RuleSet::load(folder.path()).error().message, "fewer steps than further_steps"));
  write("zh-CN", R"("detailed_steps": ["1", "2", "3"], )");
  const auto good = rules::RuleSet::load(folder.path());
  REQUIRE(good);
  Finding finding;
  finding.rule = "disk.test";
  CHECK(good->texts(finding, "en").further_steps == std::vector<std::string>{"g", "h"});
  CHECK(good->texts(finding, "en", rules::RuleSet::Steps::detailed).further_steps ==
        std::vector<std::string>{"1", "2", "3"});
}
