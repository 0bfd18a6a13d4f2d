#include "agent/texts/texts.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "agent/page/html.hpp"
#include "agent/service/language.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using hale::agent::Texts;

namespace {

std::set<std::string> placeholders(const std::string& text) {
  std::set<std::string> found;
  const std::regex pattern("\\{[0-9]\\}");
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) found.insert(at->str());
  return found;
}

/// Keys that the sources name literally: texts.get("key"), texts.fill("key", ...), and tables of them.
std::set<std::string> keys_in_sources() {
  std::set<std::string> keys;
  const std::regex pattern(
      "\"((?:area|cli|components|consent|coverage|desktop|detail|dialog|doctor|enroll|feedback|findings|forget|help|"
      "level|page|plot|privacy|record|"
      "report|snooze|status|steps|uploads|welcome)\\.(?!json|css)[a-z_]+)\"");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(test::source_dir() / "agent")) {
    if (entry.path().extension() != ".cpp" || entry.path().string().find("/tests/") != std::string::npos) continue;
    std::ifstream file(entry.path());
    const std::string source(std::istreambuf_iterator<char>(file), {});
    for (std::sregex_iterator at(source.begin(), source.end(), pattern), end; at != end; ++at) keys.insert((*at)[1]);
  }
  return keys;
}

}  // namespace

TEST_CASE("every text exists in English and Chinese, with the same placeholders") {
  const auto english = agent::page_texts("en");
  const auto chinese = agent::page_texts("zh-CN");
  REQUIRE_FALSE(english.all().empty());
  CHECK(english.all().size() == chinese.all().size());
  for (const auto& [key, text] : english.all()) {
    INFO(key);
    REQUIRE(chinese.all().contains(key));
    CHECK_FALSE(text.empty());
    CHECK(placeholders(text) == placeholders(chinese.get(key)));
  }
}

TEST_CASE("every key that the programs ask for is in the data") {
  const auto english = agent::page_texts("en");
  const auto keys = keys_in_sources();
  CHECK(keys.size() > 60);
  for (const auto& key : keys) {
    INFO(key);
    CHECK(english.all().contains(key));
  }
}

TEST_CASE("Chinese locales read Chinese, all others English") {
  using agent::language_of_locale;
  CHECK(language_of_locale("zh_CN.UTF-8") == "zh-CN");
  CHECK(language_of_locale("zh-Hans") == "zh-CN");
  CHECK(language_of_locale("zh") == "zh-CN");
  CHECK(language_of_locale("en_US.UTF-8") == "en");
  CHECK(language_of_locale("zha") == "en");
  CHECK(language_of_locale("") == "en");
}

TEST_CASE("placeholders are filled once and not read again") {
  const Texts english("en");
  CHECK(english.fill("privacy.enrolled", {"{1}", "x"}).find("{1} (x)") != std::string::npos);
}
