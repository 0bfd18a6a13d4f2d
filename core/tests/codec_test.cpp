#include "core/codec.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace hale;
using nlohmann::json;

namespace {

const Timestamp kNow = from_unix_ms(1795419044000);

Finding make_finding() {
  Finding finding;
  finding.fingerprint = "a1b2c3d4e5f60718";
  finding.rule = "cooling.dust";
  finding.rule_version = 3;
  finding.component = "cpu";
  finding.cause = Cause::dust;
  finding.severity = Severity::warning;
  finding.confidence = 0.85;
  finding.evidence.from = kNow - std::chrono::days(14);
  finding.evidence.to = kNow;
  finding.evidence.facts = {{"fan", 4200.0, "rpm"}, {"tier", std::string("power and fan"), ""}};
  finding.evidence.plots = {{"hw.temperature", "cpu", "Cel", {{kNow - std::chrono::milliseconds(1500), 61.25}, {kNow, 93.0}}, 95.0}};
  finding.evidence.projected = kNow + std::chrono::days(30);
  finding.summary = "Dust slows the cooling of \"CPU\" 灰尘";
  finding.first_seen = kNow - std::chrono::days(1);
  finding.last_seen = kNow;
  return finding;
}

std::string complaint(const json& value) {
  const auto finding = finding_from_json(value);
  if (finding) return "no complaint";
  CHECK(finding.error().code == Errc::invalid_input);
  return finding.error().message;
}

}  // namespace

TEST_CASE("a finding survives its JSON form") {
  const Finding finding = make_finding();
  const auto text = dump_json(to_json(finding));
  CHECK(finding_from_json(json::parse(text)) == finding);
}

TEST_CASE("a finding's JSON has exactly the members that scripts rely on") {
  const json value = to_json(make_finding());
  CHECK(value["time"] == "2026-11-23T07:30:44Z");
  CHECK(value["time"] == value["last_seen"]);
  CHECK(value["rule"] == "cooling.dust");
  CHECK(value["state"] == "active");
  CHECK(value["cause"] == "dust");
  CHECK(value["severity"] == "warning");
  CHECK(value["evidence"]["facts"]["fan"] == json({{"value", 4200.0}, {"unit", "rpm"}}));
  CHECK(value["evidence"]["plots"][0]["points"][0] == json::array({1795419042.5, 61.25}));
  CHECK(value["evidence"]["projected"] == "2026-12-23T07:30:44Z");
  CHECK_FALSE(value.contains("type"));
  CHECK_FALSE(value.contains("device"));
}

TEST_CASE("a malformed finding names the place and what was expected there") {
  json value = to_json(make_finding());
  SECTION("missing member") {
    value.erase("rule");
    CHECK(complaint(value) == "finding.rule: is missing");
  }
  SECTION("unknown word") {
    value["severity"] = "catastrophic";
    CHECK(complaint(value) == "finding.severity: unknown word 'catastrophic', expected info, warning or critical");
  }
  SECTION("wrong type") {
    value["component"] = 7;
    CHECK(complaint(value) == "finding.component: expected a string, found number");
  }
  SECTION("confidence beyond certainty") {
    value["confidence"] = 1.5;
    CHECK(complaint(value) == "finding.confidence: expected a number from 0 to 1");
  }
  SECTION("negative version") {
    value["rule_version"] = -1;
    CHECK(complaint(value).starts_with("finding.rule_version: expected a whole number"));
  }
  SECTION("a point with three numbers") {
    value["evidence"]["plots"][0]["points"][1] = {1, 2, 3};
    CHECK(complaint(value) == "finding.evidence.plots[0].points[1]: expected [Unix seconds, number]");
  }
  SECTION("a time beyond all calendars") {
    value["evidence"]["plots"][0]["points"][1] = {1e300, 2};
    CHECK(complaint(value) == "finding.evidence.plots[0].points[1]: expected [Unix seconds, number]");
  }
  SECTION("a fact without unit") {
    value["evidence"]["facts"]["fan"].erase("unit");
    CHECK(complaint(value) == "finding.evidence.facts.fan.unit: is missing");
  }
  SECTION("a fact that is no object") {
    value["evidence"]["facts"]["fan"] = 3;
    CHECK(complaint(value) == "finding.evidence.facts.fan: expected an object, found number");
  }
  SECTION("evidence missing") {
    value.erase("evidence");
    CHECK(complaint(value) == "finding.evidence: is missing");
  }
  SECTION("two different times") {
    value["time"] = "2026-11-23T07:30:45Z";
    CHECK(complaint(value) == "finding.time: differs from last_seen");
  }
  SECTION("not an object") { CHECK(complaint(json::array()) == "finding: expected an object, found array"); }
}

TEST_CASE("a finding with more evidence than anybody draws is refused") {
  json value = to_json(make_finding());
  value["evidence"]["plots"][0]["points"] = json::array();
  for (int i = 0; i < 5000; ++i) value["evidence"]["plots"][0]["points"].push_back({i, i});
  CHECK(complaint(value) == "finding.evidence.plots[0].points: has more than 4096 items");
}

TEST_CASE("a notification survives its JSON form, and may come without actions") {
  const Notification message{"n1", "a1b2", "cooling.dust", Level::urgent, "标题", "body", {{Answer::book, "预约工程师"}, {Answer::later, "以后提醒"}}, kNow};
  json value = to_json(message);
  CHECK(notification_from_json(value) == message);
  value.erase("actions");
  const auto bare = notification_from_json(value);
  REQUIRE(bare);
  CHECK(bare->actions.empty());
  value["actions"] = {{{"answer", "explode"}, {"label", "x"}}};
  const auto bad = notification_from_json(value);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message.starts_with("notification.actions[0].answer: unknown word 'explode'"));
}

TEST_CASE("a component, an event, an outcome and a context survive their JSON forms") {
  const Component component{"nvme-pci-0100", "host", ComponentType::physical_disk, "Samsung SSD", "Samsung", "980", "1B4Q", "abcd"};
  CHECK(component_from_json(to_json(component)) == component);
  const Component bare{"cpu", "", ComponentType::cpu, "", "", "", "", ""};
  CHECK(component_from_json(to_json(bare)) == bare);
  const Event event{"disk0", "kernel", "ata_media_error", EventSeverity::error, kNow, 3, {{"lba", "1234"}}};
  CHECK(event_from_json(to_json(event)) == event);
  const Outcome outcome{"cooling.dust", "cpu", "improved", 93, 71.5, kNow};
  CHECK(outcome_from_json(to_json(outcome)) == outcome);
  const Context context{"boot", "6.1.0", "1.2", "balanced", "laptop", 5.5};
  CHECK(context_from_json(to_json(context)) == context);
  CHECK(context_from_json(json::object()) == Context{});
}

TEST_CASE("unknown words and out-of-range values in events, outcomes and contexts are refused") {
  json event = to_json(Event{"disk0", "kernel", "x", EventSeverity::error, kNow, 3, {}});
  event["fields"] = {{"user", 7}};
  CHECK(event_from_json(event).error().message == "event.fields.user: expected a string, found number");
  event["fields"] = json::object();
  event["count"] = 4294967296;
  CHECK_FALSE(event_from_json(event));
  json outcome = to_json(Outcome{"r", "c", "improved", 1, 2, kNow});
  outcome["result"] = "better";
  CHECK(outcome_from_json(outcome).error().message == "outcome.result: unknown word 'better', expected improved, unchanged or worse");
  CHECK_FALSE(context_from_json({{"host.utc_offset", 25}}));
}

TEST_CASE("members that this version does not know are ignored") {
  json value = to_json(make_finding());
  value["invented_later"] = {1, 2, 3};
  CHECK(finding_from_json(value) == make_finding());
}

TEST_CASE("malformed JSON is reported with line, column and what was expected") {
  const auto broken = parse_json("{\n  \"a\": tru\n}");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == Errc::invalid_input);
  CHECK(broken.error().message.starts_with("line 2, column 1"));
  CHECK(broken.error().message.find("json.exception") == std::string::npos);
  const auto unfinished = parse_json("{\"a\":1");
  REQUIRE_FALSE(unfinished);
  CHECK(unfinished.error().message.find("expected '}'") != std::string::npos);
  CHECK_FALSE(parse_json(""));
  CHECK_FALSE(parse_json("{} x"));
  CHECK_FALSE(parse_json("\"\xff\""));
}

TEST_CASE("a number too large for a double is reported at its place") {
  const auto huge = parse_json("{\"a\": 1,\n\"b\": 1e999}");
  REQUIRE_FALSE(huge);
  CHECK(huge.error().message.starts_with("line 2, column 6: "));
}

TEST_CASE("deeply nested and oversized documents are refused without being built") {
  const auto deep = parse_json(std::string(2'000'000, '['));
  REQUIRE_FALSE(deep);
  CHECK(deep.error().message == "line 1, column 65: nested deeper than 64 levels");
  CHECK(parse_json("[\"[[[[[[\"]", 100, 1));
  CHECK_FALSE(parse_json("[[]]", 100, 1));
  CHECK(parse_json("[1,2]", 4).error().message == "is larger than 4 bytes");
}

TEST_CASE("invalid UTF-8 in our own strings is written as replacement characters") {
  CHECK(dump_json(json("a\xff")) == "\"a\xEF\xBF\xBD\"");
}
