#include "agent/cli/preferences.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fstream>

#include "tests/support/data.hpp"

using namespace hale::agent::cli;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("who has chosen nothing has no preferences file, and that is fine") {
  const hale::test::TemporaryFolder folder;
  const auto preferences = read_preferences(folder.path() / "preferences.json");
  REQUIRE(preferences);
  CHECK(preferences->steps.empty());
}

TEST_CASE("a person's choice of steps is kept in their own folder, which is made for it") {
  const hale::test::TemporaryFolder folder;
  const auto file = folder.path() / "hale" / "preferences.json";
  REQUIRE(write_preferences(file, {"detailed"}));
  CHECK(read_preferences(file)->steps == "detailed");
  REQUIRE(write_preferences(file, {"simple"}));
  CHECK(read_preferences(file)->steps == "simple");
}

TEST_CASE("a preferences file that makes no sense is named with what it may say") {
  const hale::test::TemporaryFolder folder;
  const auto file = folder.path() / "preferences.json";
  std::ofstream(file) << R"({"steps": "long"})";
  const auto wrong = read_preferences(file);
  REQUIRE_FALSE(wrong);
  CHECK_THAT(wrong.error().message, ContainsSubstring(file.string()));
  CHECK_THAT(wrong.error().message, ContainsSubstring("\"simple\" or \"detailed\""));
  std::ofstream(file) << "[]";
  CHECK_FALSE(read_preferences(file));
  std::ofstream(file) << "{";
  CHECK_FALSE(read_preferences(file));
}
