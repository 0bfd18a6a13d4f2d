#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>
#include <limits>
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

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++found;
  return found;
}

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
          {"now", to_rfc3339(finding.first_seen + std::chrono::hours(1))},
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
  const auto page = render_guide_page(explained(), page_texts("en"));
  REQUIRE(page);
  for (const auto* part : {"Please plan", "hot &amp; loud", "Turn the PC off.", "Blow.", "If it stays hot.", "2400 rpm",
                           "class=\"threshold\"", "limit 95 °C", "today", "id=\"service\"", "I did it", "Not a problem",
                           "href=\"#service\">Find service", "Later"})
    CHECK_THAT(*page, ContainsSubstring(part));
}

TEST_CASE("the page's answers are links that only hale-desktop understands") {
  const auto page = render_guide_page(explained(), page_texts("zh-CN"));
  REQUIRE(page);
  CHECK_THAT(*page, ContainsSubstring("href=\"hale:feedback/0123456789abcdef/did_it\">我处理好了"));
  CHECK_THAT(*page, ContainsSubstring("href=\"hale:feedback/0123456789abcdef/not_a_problem\">不是问题"));
  CHECK_THAT(*page, ContainsSubstring("href=\"hale:feedback/0123456789abcdef/later\">以后提醒"));
}

TEST_CASE("every step has its drawing, of the PC that it is") {
  auto given = explained();
  for (const auto& [chassis, drawn] : {std::pair("laptop", "#d-laptop-open"), std::pair("mini", "#d-mini-open"),
                                       std::pair("desktop", "#d-tower-open"), std::pair("", "#d-tower-open")}) {
    given["chassis"] = chassis;
    const auto page = render_guide_page(given, page_texts("en"));
    REQUIRE(page);
    CHECK_THAT(*page, ContainsSubstring(drawn));
    CHECK(count(*page, "<svg class=\"drawing\"") == 3);
    CHECK(count(*page, "<li><p>") == 3);
  }
}

TEST_CASE("a rule with detailed steps lets the reader switch, beginning with what they chose") {
  auto given = explained();
  CHECK(render_guide_page(given, page_texts("en"))->find("id=\"detailed\"") == std::string::npos);
  given["detailed_texts"] = given["texts"];
  CHECK(render_guide_page(given, page_texts("en"))->find("id=\"detailed\"") == std::string::npos);
  given["detailed_texts"]["further_steps"] = {"Shut down.", "Pull the plug.", "Hold the fan.", "Blow."};
  CHECK_THAT(*render_guide_page(given, page_texts("en")), ContainsSubstring("id=\"simple\" checked"));
  given["steps"] = "detailed";
  const auto page = render_guide_page(given, page_texts("en"));
  CHECK_THAT(*page, ContainsSubstring("id=\"detailed\" checked"));
  CHECK_THAT(*page, ContainsSubstring("Hold the fan."));
}

TEST_CASE("without a fleet the page names the maker's support page and hotline, with one the organisation") {
  auto given = explained();
  given["host"] = {{"id", "host"}, {"vendor", "LENOVO"}, {"model", "ThinkPad T14"}, {"firmware", "N3QET"}};
  const auto alone = render_guide_page(given, page_texts("en"));
  CHECK_THAT(*alone, ContainsSubstring("href=\"https://support.lenovo.com\""));
  CHECK_THAT(*alone, ContainsSubstring("ThinkPad T14"));
  given["language"] = "zh-CN";
  CHECK_THAT(*render_guide_page(given, page_texts("zh-CN")), ContainsSubstring("400-990-8888"));
  given["organization"] = "Acme <IT>";
  given["enrolled"] = true;
  const auto managed = render_guide_page(given, page_texts("en"));
  CHECK_THAT(*managed, ContainsSubstring("Acme &lt;IT&gt;"));
  CHECK_THAT(*managed, ContainsSubstring("/book\">Book an engineer"));
  CHECK(managed->find("https://") == std::string::npos);
}

TEST_CASE("nothing from sensors or rules becomes markup, and the page loads nothing") {
  auto given = explained();
  given["host"] = {{"id", "host"}, {"vendor", "\"><script>x</script>"}, {"model", "\x01\xFF<img src=x>"}};
  given["component"] = {{"id", "cpu"}, {"name", "<iframe>"}, {"model", "' onload='x"}};
  given["organization"] = "<object>";
  given["texts"]["further_steps"] = {"<b>bold</b>", 3, nullptr};
  const auto page = render_guide_page(given, page_texts("en"));
  REQUIRE(page);
  for (const auto* never :
       {"<script", "<i>clogs", "http://", "https://", "src=x>", "<iframe", "<object", "<b>", "' on"})
    CHECK(page->find(never) == std::string::npos);
  CHECK_THAT(*page, ContainsSubstring("default-src 'none'"));
  CHECK_THAT(*page, ContainsSubstring("\xEF\xBF\xBD\xEF\xBF\xBD&lt;img"));
}

TEST_CASE("a reply without a finding is an error") {
  CHECK_FALSE(render_guide_page(json::object(), page_texts("en")));
  CHECK_FALSE(render_guide_page(json::array(), page_texts("en")));
  CHECK_FALSE(render_guide_page({{"finding", 3}}, page_texts("en")));
}

TEST_CASE("a plot is drawn only where it says something") {
  const auto at = from_unix_ms(1'790'000'000'000);
  const auto texts = page_texts("en");
  CHECK(draw_plot({"hw.temperature", "cpu", "Cel", {{at, 1}}, {}}, texts).empty());
  CHECK(draw_plot({"hw.temperature", "cpu", "Cel", {{at, 1}, {at + std::chrono::hours(1), 1}}, {}}, texts).empty());
  CHECK_FALSE(
      draw_plot({"hw.temperature", "cpu", "Cel", {{at, 1}, {at + std::chrono::hours(1), 1}}, 5}, texts).empty());
}

TEST_CASE("a plot survives absurd numbers and times") {
  const auto at = from_unix_ms(1'790'000'000'000);
  const double inf = std::numeric_limits<double>::infinity();
  const auto texts = page_texts("en");
  for (const auto& points : std::vector<std::vector<std::pair<Timestamp, double>>>{
           {{at, inf}, {at, -inf}, {at, std::nan("")}},
           {{at, 1e308}, {at + std::chrono::hours(1), -1e308}},
           {{at, 5}, {at, 6}},
           {{at + std::chrono::hours(9), 5}, {at, 6}},
           {{at, 1e-300}, {at + std::chrono::hours(1), 2e-300}},
           {{from_unix_ms(0), 5}, {from_unix_ms(4'000'000'000'000'000), 6}}}) {
    const auto svg = draw_plot({"m", "c", "", points, inf}, texts, "t", 3.0, at);
    CHECK(svg.find("nan") == std::string::npos);
  }
}

TEST_CASE("a plot's gap is not drawn over, and says its numbers to who cannot see it") {
  const auto at = from_unix_ms(1'790'000'000'000);
  Curve curve{.title = "Temperature",
              .unit = "Cel",
              .points = {},
              .threshold = 90,
              .baseline = 50,
              .today = at,
              .from_zero = false};
  for (int i = 0; i < 40; ++i)
    if (i < 10 || i > 30) curve.points.emplace_back(at + std::chrono::hours(i), 40 + i % 7);
  const auto svg = draw_curve(curve, page_texts("en"));
  const auto path = svg.substr(svg.find("class=\"curve\""));
  CHECK(count(path.substr(0, path.find("/>")), "M") == 2);
  CHECK_THAT(svg, ContainsSubstring("aria-label=\"Temperature: between 40 °C and 46 °C"));
  CHECK_THAT(svg, ContainsSubstring("class=\"baseline\""));
}

TEST_CASE("numbers are written as people do") {
  CHECK(number_for_people(71.46, "Cel") == "71.5 °C");
  CHECK(number_for_people(2400, "rpm") == "2400 rpm");
  CHECK(number_for_people(0.123456, "1") == "0.123");
  CHECK(number_for_people(1234.56, "W") == "1235 W");
}

TEST_CASE("links are a closed list") {
  const auto link = parse_link("hale:feedback/0123456789abcdef/did_it");
  REQUIRE(link);
  CHECK(link->fingerprint == "0123456789abcdef");
  CHECK(link->answer == Answer::did_it);
  CHECK(parse_link("hale:help")->action == LinkAction::help);
  CHECK(parse_link("hale:erase")->action == LinkAction::erase);
  for (const auto* bad : {"",
                          "hale:",
                          "hale:feedback",
                          "hale:feedback/",
                          "hale:feedback//did_it",
                          "hale:feedback/0123456789abcdef",
                          "hale:feedback/0123456789abcdef/",
                          "hale:feedback/0123456789abcdef/how_to_fix",
                          "hale:feedback/0123456789abcdef/dismissed",
                          "hale:feedback/0123456789ABCDEF/did_it",
                          "hale:feedback/0123456789abcdef/did_it/y",
                          "hale:feedback/0123456789abcdef/did_it?x=1",
                          "hale:feedback/0123456789abcde/did_it",
                          "hale:feedback/hale.consent/did_it",
                          "hale:feedback/%30123456789abcde/did_it",
                          "hale:help/",
                          "hale:help?x",
                          "hale:help#x",
                          "hale:HELP",
                          "HALE:help",
                          "hale://help",
                          " hale:help",
                          "hale:help\n",
                          "hale:forget",
                          "hale:pause/9999",
                          "http://help",
                          "--help"})
    CHECK_FALSE(parse_link(bad));
  CHECK_FALSE(parse_link("hale:feedback/" + std::string(5000, 'a') + "/did_it"));
  for (const auto action :
       {LinkAction::quiet, LinkAction::pause, LinkAction::uploads, LinkAction::help, LinkAction::erase})
    CHECK(parse_link(make_link({action, {}, {}}))->action == action);
}
