#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/page/coverage_words.hpp"
#include "agent/page/drawings.hpp"
#include "agent/page/html.hpp"
#include "agent/page/open_page.hpp"
#include "agent/page/report_page.hpp"
#include "core/codec.hpp"
#include "rules/judge.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace hale::agent;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

json texts_of_rules(const char* language) {
  std::ifstream file(test::source_dir() / "rules" / "texts" / (std::string(language) + ".json"));
  return json::parse(file)["rules"];
}

class Silent final : public rules::Sink {
  void on_finding(const Finding&) override {}
  void on_notification(const Notification&) override {}
  void on_withdraw(const std::string&) override {}
  void on_outcome(const Outcome&) override {}
};

json gathered() {
  return {
      {"status",
       {{"version", "1"},
        {"time", "2026-11-25T10:00:00Z"},
        {"since", "2026-11-25T09:00:00Z"},
        {"coverage",
         {{{"rule", "cooling.dust"},
           {"status", "insufficient"},
           {"tier", ""},
           {"reason", "cpu: learning, day 4 of 18"}},
          {{"rule", "cooling.fan_stopped"},
           {"status", "insufficient"},
           {"tier", ""},
           {"reason", "no reading of hw.fan.speed"}},
          {{"rule", "disk.pending_sectors"}, {"status", "ok"}, {"tier", "snapshot"}, {"reason", ""}}}},
        {"collectors", {{{"name", "fan"}, {"status", "absent"}, {"readings", 0}, {"rejected", 0}, {"detail", "none"}}}},
        {"privacy", {{"enrolled", false}}}}},
      {"components",
       {{"chassis", "laptop"},
        {"components",
         {{{"id", "host"},
           {"type", "host"},
           {"vendor", "Dell Inc."},
           {"model", "Latitude"},
           {"readings", json::array()}},
          {{"id", "disk0"},
           {"type", "physical_disk"},
           {"name", "<b>SSD</b>"},
           {"readings",
            {{{"metric", "hw.physical_disk.smart"}, {"key", "197"}, {"unit", "1"}, {"value", 8}},
             {{"metric", "hw.physical_disk.smart"}, {"key", "5.raw48"}, {"unit", "1"}, {"value", 3}}}}}}}}},
      {"findings", {{"findings", json::array()}}}};
}

json finding(int number) {
  return {{"fingerprint", fmt::format("{:016x}", number)},
          {"rule", "disk.pending_sectors"},
          {"state", "active"},
          {"severity", number == 7 ? "critical" : "warning"},
          {"title", "the <i>disk</i>"},
          {"summary", "s"},
          {"first_step", "Copy."}};
}

}  // namespace

TEST_CASE("every rule has a drawing for every step, in the short and in the long wording") {
  const auto rules = texts_of_rules("en");
  REQUIRE(rules.size() > 20);
  for (const auto& [rule, words] : rules.items()) {
    INFO(rule << ": add it to agent/page/pictures.json");
    CHECK(pictures_of(rule, false).size() == 1 + words["further_steps"].size());
    if (words.contains("detailed_steps")) CHECK(pictures_of(rule, true).size() == words["detailed_steps"].size() + 1);
    for (const bool detailed : {false, true})
      for (const auto& name : pictures_of(rule, detailed)) {
        INFO(name);
        for (const auto* chassis : {"laptop", "tower", "mini"})
          CHECK_FALSE(drawing(name, chassis, page_texts("en")).empty());
      }
  }
}

TEST_CASE("drawings are whole: each refers only to parts that exist, and has words in both languages") {
  const auto parts = drawing_parts();
  CHECK(drawing_names().size() > 40);
  for (const auto& name : drawing_names())
    for (const auto* chassis : {"laptop", "tower", "mini"}) {
      const auto svg = drawing(name, chassis, page_texts("zh-CN"));
      INFO(name << " " << chassis);
      REQUIRE_FALSE(svg.empty());
      for (const auto* language : {"en", "zh-CN"}) CHECK(page_texts(language).find("picture." + name));
      for (auto at = svg.find("href=\"#"); at != std::string::npos; at = svg.find("href=\"#", at + 1)) {
        const auto id = svg.substr(at + 7, svg.find('"', at + 7) - at - 7);
        INFO(id);
        CHECK(parts.find("id=\"" + id + "\"") != std::string::npos);
      }
      CHECK(svg.find("<script") == std::string::npos);
      CHECK(svg.find(" id=") == std::string::npos);
    }
}

TEST_CASE("coverage reasons are said in the reader's language") {
  const auto said = [](const char* reason, const char* language) {
    return in_words(parse_coverage_reason(reason), page_texts(language));
  };
  CHECK(said("cpu: learning, day 4 of 18", "en") == "Learning what is usual: day 4 of 18");
  CHECK(said("has 3 of the 20 weeks of readings it needs", "en") == "Learning what is usual: week 4 of 20");
  CHECK(said("disk0: has seen 2 of the 14 days it needs to know what is usual", "zh-CN") ==
        "正在了解本机常态：第 3 天，共 14 天");
  CHECK(said("no reading of hw.fan.speed or hw.physical_disk.smart 197", "en") ==
        "No reading of Fan speed or Disk health data 197");
  CHECK(said("needs 2 reads at least 24 h apart", "zh-CN") == "等待下一次读数作比较");
  CHECK(said("something new", "en") == "something new");
  CHECK(said("", "en").empty());
  for (const auto* odd :
       {"learning, day ", "learning, day 4", "learning, day 4 of 0", "has of the", "learning, day 99999999999 of 3"})
    CHECK(parse_coverage_reason(odd).kind == CoverageReason::Kind::other);
}

TEST_CASE("whatever the built-in rules lack on a PC without sensors has words") {
  const auto rules = rules::RuleSet::builtin();
  REQUIRE(rules);
  rules::Layout layout;
  Silent silent;
  rules::Judge judge(*rules, layout, {}, silent);
  for (const auto& each : judge.coverage()) {
    INFO(each.rule << ": " << each.reason);
    CHECK(parse_coverage_reason(each.reason).kind != CoverageReason::Kind::other);
  }
}

TEST_CASE("the report says what is watched, what is being learned, and what cannot be and why") {
  const auto page = render_report_page(gathered(), "en", page_texts("en"));
  for (const auto* part :
       {"This PC is well", "day 4 of 18", "<progress max=\"18\" value=\"4\"", "No reading of Fan speed", "Dell",
        "&lt;b&gt;SSD", "197", "hale:help", "hale:quiet", "hale:uploads", "hale:erase", "cooling.dust"})
    CHECK_THAT(page, ContainsSubstring(part));
  CHECK(page.find("hale:pause") == std::string::npos);  // nothing is uploaded, so there is nothing to pause
}

TEST_CASE("the report shows the worst first, links to its guide, and holds ten thousand findings") {
  auto all = gathered();
  for (int i = 0; i < 10'000; ++i) all["findings"]["findings"].push_back(finding(i));
  const auto page = render_report_page(all, "zh-CN", page_texts("zh-CN"), {.guides = true, .for_service = false});
  CHECK(page.size() < 400'000);
  CHECK(linked_guides(all).size() == 20);
  CHECK(linked_guides(all).front() == "0000000000000007");
  CHECK_THAT(page, ContainsSubstring("href=\"guide-0000000000000007.html\""));
  CHECK_THAT(page, ContainsSubstring("有 10000 件事"));
  CHECK(page.find("<i>disk") == std::string::npos);
}

TEST_CASE("the report holds in the first minute, and when the agent says little or nonsense") {
  CHECK_THAT(render_report_page({{"status", json::object()}}, "en", page_texts("en")), ContainsSubstring("just begun"));
  for (const auto& odd :
       {json(), json::array(), json{{"status", 3}}, json{{"status", {{"coverage", {1, nullptr, "x"}}}}},
        json{{"components", {{"components", {1, {{"readings", {{{"value", "x"}}, 2}}}}}}}}})
    CHECK_THAT(render_report_page(odd, "en", page_texts("en")), ContainsSubstring("</html>"));
  CHECK_THAT(render_unreachable_page("no <socket>", "en", page_texts("en")), ContainsSubstring("no &lt;socket&gt;"));
}

TEST_CASE("pages lie where only their reader can look, and a planted link is not followed") {
  const test::TemporaryFolder folder;
  ::setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
  const auto page = write_page("guide-../../x", "<p>");
  REQUIRE(page);
  CHECK(page->parent_path() == folder.path() / "hale");
  using std::filesystem::perms;
  CHECK(std::filesystem::status(*page).permissions() == (perms::owner_read | perms::owner_write));
  CHECK(std::filesystem::status(page->parent_path()).permissions() == perms::owner_all);
  std::filesystem::remove_all(folder.path() / "hale");
  std::filesystem::create_directory_symlink("/tmp", folder.path() / "hale");
  CHECK_FALSE(write_page("report", "<p>"));
}

TEST_CASE("without a browser it says where the page is") {
  ::setenv("BROWSER", "/nowhere/browser", 1);
  const auto opened = open_page("/tmp/page.html");
  ::unsetenv("BROWSER");
  REQUIRE_FALSE(opened);
  CHECK_THAT(opened.error().message, ContainsSubstring("/tmp/page.html"));
}
