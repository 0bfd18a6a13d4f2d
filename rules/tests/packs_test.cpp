#include <set>

#include "rules/engine/compiled_rules.hpp"
#include "rules/loader/json_place.hpp"
#include "rules/tests/harness.hpp"
#include "rules/words/render.hpp"

using namespace hale;
using namespace hale::rules;
using namespace hale::rules::test;

namespace {

const std::string kInput = R"({"name": "errors", "from": {"metric": "hw.physical_disk.nvme", "key": "media_errors"}})";
const std::string kStage =
    R"({"severity": "warning", "confidence": 0.5, "detector": {"kind": "threshold", "when": {"input": "errors", "above": 0}}})";

std::string error_of(const std::string& pack) {
  const auto loaded = load_pack_text(pack);
  return loaded ? "loaded" : loaded.error().message;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the built-in packs, texts and gate load, and every rule has words in every language") {
  const RuleSet rules = builtin();
  CHECK(rules.rules().size() >= 20);
  for (const auto& rule : rules.rules()) {
    Finding finding;
    finding.rule = rule.id;
    for (const char* language : {"en", "zh-CN"}) {
      const auto texts = rules.texts(finding, language);
      CHECK_FALSE(texts.title.empty());
      CHECK_FALSE(texts.further_steps.empty());
      CHECK_FALSE(texts.references.empty());
    }
    CHECK(rules.texts(finding, "en").title != rules.texts(finding, "zh-CN").title);
  }
}

TEST_CASE("no simple threshold names dust") {
  const RuleSet rules = builtin();
  for (const CompiledRule& rule : rules.compiled().rules) {
    if (rule.is_model || rule.cause != Cause::dust) continue;
    for (const Stage& stage : rule.stages) CHECK(stage.detector->asks().has_value());
  }
}

TEST_CASE("every first step for a disk is about the copy of the files") {
  const RuleSet rules = builtin();
  for (const auto& rule : rules.rules()) {
    if (!rule.id.starts_with("disk.")) continue;
    Finding finding;
    finding.rule = rule.id;
    const auto step = rules.texts(finding, "en").first_step;
    INFO(rule.id << ": " << step);
    CHECK((contains(step, "opy") || contains(step, "ack")));
    const auto chinese = rules.texts(finding, "zh-CN").first_step;
    INFO(chinese);
    CHECK((contains(chinese, "复制") || contains(chinese, "备份")));
  }
}

TEST_CASE("a good pack loads") { CHECK(error_of(pack_text(kInput, kStage)) == "loaded"); }

TEST_CASE("an unknown key is named with its place and the nearest that is known") {
  const auto error = error_of(pack_text(
      kInput,
      R"({"severity": "warning", "confidence": 0.5, "detector": {"kind": "threshold", "whne": {}, "when": {"input": "errors", "above": 0}}})"));
  INFO(error);
  CHECK(contains(error, "test.json:1: rules[0].stages[0].detector.whne: unknown key; did you mean \"when\"?"));
}

TEST_CASE("what is wrong in a pack is said with what would be right") {
  const auto stage = [](const std::string& detector) {
    return R"({"severity": "warning", "confidence": 0.5, "detector": )" + detector + "}";
  };
  CHECK(contains(error_of(pack_text(kInput, stage(R"({"kind": "treshold"})"))), "did you mean \"threshold\"?"));
  CHECK(contains(error_of(pack_text(kInput, stage(R"({"kind": "threshold", "when": {"input": "eror", "above": 0}})"))),
                 "no input \"eror\"; did you mean \"errors\"?"));
  CHECK(contains(
      error_of(pack_text(
          kInput, stage(R"({"kind": "threshold", "when": {"input": "errors", "above": 0}, "hold": "15 minutes"})"))),
      "expected a length of time"));
  CHECK(contains(error_of(pack_text(kInput, stage(R"({"kind": "threshold", "when": {"input": "errors"}})"))),
                 "exactly one comparison"));
  CHECK(contains(error_of(pack_text(kInput, stage(R"({"kind": "counter", "input": "errors", "window": "7d"})"))),
                 "total, days or any_day"));
  CHECK(contains(error_of(pack_text(kInput, stage(R"({"kind": "combination", "any": [{"rule": "disk.later"}]})"))),
                 "no rule \"disk.later\" stands before"));
  CHECK(contains(error_of(pack_text(R"({"name": "x", "from": {"metric": "hw.temprature"}})", kStage)),
                 "did you mean \"hw.temperature\"?"));
  CHECK(contains(error_of(pack_text(kInput + R"(, {"name": "idle", "from": {"metric": "hw.temperature"}})", kStage)),
                 "\"idle\" is used by no detector"));
  CHECK(contains(error_of(pack_text(kInput, kStage + "," + kStage)), "rise in severity"));
  CHECK(contains(error_of("{\"pack\": \"x\""), "line 1"));
  CHECK(contains(error_of(R"({"pack": "x", "version": 1, "rules": [{"id": "fridge.x"}]})"), "begins with none of"));
}

TEST_CASE("a missing translation or an unknown placeholder refuses the rule set") {
  const hale::test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "texts");
  std::ofstream(folder.path() / "pack.json") << pack_text(kInput, kStage);
  const auto missing = RuleSet::load(folder.path());
  REQUIRE_FALSE(missing);
  CHECK(contains(missing.error().message, "texts/en.json: rule disk.test has no texts"));
  for (const char* language : {"en", "zh-CN"}) {
    std::ofstream(folder.path() / "texts" / (std::string(language) + ".json"))
        << R"({"rules": {"disk.test": {"title": "{erors}", "reason": "r", "first_step": "f", "further_steps": ["g"], "when_to_call": "c", "stakes": "s"}}})";
  }
  const auto unknown = RuleSet::load(folder.path());
  REQUIRE_FALSE(unknown);
  CHECK(contains(unknown.error().message, "\"{erors}\" is no number that every stage of the rule gives"));
}

TEST_CASE("a part in double brackets is said only where its numbers are there") {
  const RuleSet rules = builtin();
  Finding finding;
  finding.rule = "storage.nearly_full";
  finding.evidence.facts = {{"used", 0.86, "1"}};
  CHECK(rules.texts(finding, "en").reason == "86 % is in use.");
  finding.evidence.projected = from_unix_ms(kNoon);
  CHECK(rules.texts(finding, "en").reason == "86 % is in use. At this pace it is full around 1 January 2026.");
  CHECK(rules.texts(finding, "zh-CN").reason == "已经用了 86%。照这个速度，大约到2026年1月1日就会装满。");
  CHECK(without_optional_parts("a[[b {c}]]d[[e") == "ad[[e");
}

TEST_CASE("the line of a value is found by its path") {
  const std::string json = "{\n \"a.b\": [\n  {\"x\": 1},\n  {\n   \"y\": \"q]\\\"\",\n   \"z\": 2}]\n}";
  CHECK(line_of_path(json, "a.b") == 2);
  CHECK(line_of_path(json, "a.b[0].x") == 3);
  CHECK(line_of_path(json, "a.b[1].z") == 6);
  CHECK(line_of_path(json, "a.b[1].nothing") == 4);
  CHECK(line_of_path(json, "nothing") == 1);
}

TEST_CASE("numbers are written as people of each language write them") {
  const RuleSet rules = builtin();
  const auto& english = rules.compiled().language("en").common;
  const auto& chinese = rules.compiled().language("zh-CN").common;
  CHECK(format_quantity(97.4, "Cel", english) == "97 °C");
  CHECK(format_quantity(0.756, "1", english) == "76 %");
  CHECK(format_quantity(1, "min", english) == "1 minute");
  CHECK(format_quantity(600000, "ms", english) == "10 minutes");
  CHECK(format_quantity(5400, "s", english) == "1.5 hours");
  CHECK(format_quantity(14, "d", chinese) == "14 天");
  CHECK(format_quantity(3, "", english) == "3");
  CHECK(format_date(from_unix_ms(kNoon), "en") == "1 January 2026");
  CHECK(format_date(from_unix_ms(kNoon), "zh-CN") == "2026年1月1日");
}
