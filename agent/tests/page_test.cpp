#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

#include "agent/desktop/link.hpp"
#include "agent/page/guide_page.hpp"
#include "agent/page/html.hpp"
#include "agent/page/svg_plot.hpp"
#include "core/codec.hpp"

using namespace hale;
using namespace hale::agent;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

json explained() {
  Finding finding;
  finding.fingerprint = "0123456789abcdef";
  finding.rule = "cooling.dust";
  finding.component = "cpu";
  finding.cause = Cause::dust;
  finding.severity = Severity::warning;
  finding.confidence = 0.8;
  finding.summary = "s";
  finding.first_seen = finding.last_seen = finding.evidence.from = finding.evidence.to =
      from_unix_ms(1'790'000'000'000);
  finding.evidence.facts = {{"fan_speed", 2400.0, "rpm"}};
  finding.evidence.plots = {{"hw.temperature",
                             "cpu",
                             "Cel",
                             {{finding.first_seen, 70}, {finding.first_seen + std::chrono::hours(1), 91.5}},
                             95}};
  return {{"finding", to_json(finding)},
          {"language", "en"},
          {"evidence",
           {{{"fact", "fan_speed"}, {"name", "Fan speed"}, {"text", "2400 rpm"}},
            {{"fact", "x"}, {"name", "<b>"}, {"text", "<script>alert(1)</script>"}}}},
          {"plot_names", {{"hw.temperature", "Temperature of <i>clogs</i>"}}},
          {"texts",
           {{"title", "the fan <i>clogs</i>"},
            {"reason", "hot & loud"},
            {"first_step", "Turn the PC off."},
            {"further_steps", {"Open it.", "Blow."}},
            {"when_to_call", "If it stays hot."},
            {"references", {"[own]"}}}}};
}

}  // namespace

TEST_CASE("the guide page says what is wrong, why, what to do and when to call") {
  const auto page = render_guide_page(explained(), Texts("en"));
  REQUIRE(page);
  for (const auto* part : {"Please plan", "hot &amp; loud", "Turn the PC off.", "Blow.", "If it stays hot.", "2400 rpm",
                           "<svg", ">limit<", "id=\"service\""})
    CHECK_THAT(*page, ContainsSubstring(part));
}

TEST_CASE("the page's answers are links that only hale-desktop understands") {
  const auto page = render_guide_page(explained(), Texts("zh-CN"));
  REQUIRE(page);
  CHECK_THAT(*page, ContainsSubstring("href=\"hale:feedback/0123456789abcdef/did_it\">我处理好了"));
  CHECK_THAT(*page, ContainsSubstring("href=\"hale:feedback/0123456789abcdef/not_a_problem\">不是问题"));
}

TEST_CASE("nothing from sensors or rules becomes markup, and the page loads nothing") {
  const auto page = render_guide_page(explained(), Texts("en"));
  REQUIRE(page);
  CHECK(page->find("<script") == std::string::npos);
  CHECK(page->find("<i>clogs") == std::string::npos);
  CHECK(page->find("http://") == std::string::npos);
  CHECK(page->find("https://") == std::string::npos);
  CHECK(page->find("src=") == std::string::npos);
  CHECK_THAT(*page, ContainsSubstring("default-src 'none'"));
}

TEST_CASE("a reply without a finding is an error") {
  CHECK_FALSE(render_guide_page(json::object(), Texts("en")));
  CHECK_FALSE(render_guide_page(json::array(), Texts("en")));
  CHECK_FALSE(render_guide_page({{"finding", 3}}, Texts("en")));
}

TEST_CASE("a plot is drawn only where it says something") {
  const auto at = from_unix_ms(1'790'000'000'000);
  const Texts texts("en");
  CHECK(draw_plot({"hw.temperature", "cpu", "Cel", {{at, 1}}, {}}, texts).empty());
  CHECK(draw_plot({"hw.temperature", "cpu", "Cel", {{at, 1}, {at + std::chrono::hours(1), 1}}, {}}, texts).empty());
  CHECK_FALSE(
      draw_plot({"hw.temperature", "cpu", "Cel", {{at, 1}, {at + std::chrono::hours(1), 1}}, 5}, texts).empty());
}

TEST_CASE("numbers are written as people do") {
  CHECK(number_for_people(71.46, "Cel") == "71.5 °C");
  CHECK(number_for_people(2400, "rpm") == "2400 rpm");
  CHECK(number_for_people(0.123456, "1") == "0.123");
  CHECK(number_for_people(1234.56, "W") == "1235 W");
}

TEST_CASE("links are a closed list") {
  const auto link = parse_link("hale:feedback/0123abc/did_it");
  REQUIRE(link);
  CHECK(link->fingerprint == "0123abc");
  CHECK(link->answer == Answer::did_it);
  CHECK(parse_link("hale:feedback/a%2Fb/not_a_problem")->fingerprint == "a/b");
  for (const auto* bad : {"", "hale:", "hale:feedback/", "hale:feedback//did_it", "hale:feedback/x", "hale:feedback/x/",
                          "hale:feedback/x/later", "hale:feedback/x/forget", "hale:feedback/x/did_it/y",
                          "hale:feedback/%0A/did_it", "hale:feedback/%/did_it", "hale:feedback/%zz/did_it",
                          "hale:forget", "http://x/did_it", "HALE:feedback/x/did_it"})
    CHECK_FALSE(parse_link(bad));
  CHECK_FALSE(parse_link("hale:feedback/" + std::string(5000, 'a') + "/did_it"));
  CHECK(parse_link(make_link({"disk.failing/disk 0%", Answer::did_it}))->fingerprint == "disk.failing/disk 0%");
}
