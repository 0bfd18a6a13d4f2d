#include "agent/config/config.hpp"

#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "platform/files.hpp"
#include "tests/support/data.hpp"

using namespace hale::agent;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

json schema() {
  const auto text = hale::read_file(hale::test::source_dir() / "agent/schema/config.schema.json", 1 << 20);
  REQUIRE(text);
  return json::parse(*text);
}

void leaves(const json& node, const std::string& path, std::set<std::string>& out) {
  if (!node.contains("properties")) {
    out.insert(path);
    return;
  }
  REQUIRE(node.at("additionalProperties") == false);
  for (const auto& [name, child] : node.at("properties").items())
    if (name != "$schema") leaves(child, path.empty() ? name : path + "." + name, out);
}

json at_path(json node, std::string_view path) {
  std::size_t start = 0;
  while (start <= path.size()) {
    const auto dot = std::min(path.find('.', start), path.size());
    node = json(node.at("properties").at(std::string(path.substr(start, dot - start))));
    start = dot + 1;
  }
  return node;
}

}  // namespace

TEST_CASE("an empty object is a valid configuration and means the defaults") {
  const auto config = parse_config("{}", "hale.json");
  REQUIRE(config);
  CHECK(config->sweep_interval_s == 10);
  CHECK(config->consent == "ask");
  CHECK(config->quiet_from_minute == 22 * 60);
}

TEST_CASE("every key is read into its field") {
  const auto config = parse_config(R"({"sweep_interval_s":5,"language":"zh-CN","steps":"detailed",
    "notifications":{"quiet_hours":{"from":"23:30","to":"07:05"},"tips_per_day":0},
    "upload":{"interval_minutes":60,"proxy":"http://proxy:3128","consent":"granted"},
    "store":{"max_mb":128,"outbox_max_mb":8},"battery":{"stretch":6}})",
                                   "hale.json");
  REQUIRE(config);
  CHECK(config->sweep_interval_s == 5);
  CHECK(config->language == "zh-CN");
  CHECK(config->steps == "detailed");
  CHECK(config->quiet_from_minute == 23 * 60 + 30);
  CHECK(config->quiet_to_minute == 7 * 60 + 5);
  CHECK(config->tips_per_day == 0);
  CHECK(config->upload_interval_minutes == 60);
  CHECK(config->proxy == "http://proxy:3128");
  CHECK(config->consent == "granted");
  CHECK(config->store_max_mb == 128);
  CHECK(config->outbox_max_mb == 8);
  CHECK(config->battery_stretch == 6);
}

TEST_CASE("an unknown key is an error that names file, place and the nearest known key") {
  const auto config = parse_config(R"({"upload":{"interval_minuts":5}})", "/etc/hale/hale.json");
  REQUIRE_FALSE(config);
  CHECK(config.error().code == hale::Errc::invalid_input);
  CHECK_THAT(config.error().message, ContainsSubstring("/etc/hale/hale.json"));
  CHECK_THAT(config.error().message, ContainsSubstring("upload.interval_minuts"));
  CHECK_THAT(config.error().message, ContainsSubstring("\"interval_minutes\""));
}

TEST_CASE("a key that resembles nothing is told what is known there") {
  const auto config = parse_config(R"({"store":{"zzzzzzzzzzzzzz":5}})", "f");
  REQUIRE_FALSE(config);
  CHECK_THAT(config.error().message, ContainsSubstring("max_mb"));
}

TEST_CASE("values of the wrong type or out of range say what is allowed") {
  for (const auto* text : {R"({"sweep_interval_s":0})", R"({"sweep_interval_s":"10"})", R"({"sweep_interval_s":3.5})",
                           R"({"sweep_interval_s":99999999999999999999})", R"({"language":"fr"})", R"({"language":1})",
                           R"({"upload":3})", R"({"notifications":{"quiet_hours":{"from":"24:00"}}})",
                           R"({"notifications":{"quiet_hours":{"from":"9:00"}}})", R"([])", R"({"upload":)", ""}) {
    INFO(text);
    const auto config = parse_config(text, "f.json");
    REQUIRE_FALSE(config);
    CHECK_THAT(config.error().message, ContainsSubstring("f.json"));
  }
}

TEST_CASE("a missing configuration file says which") {
  const auto config = read_config("/nonexistent/hale.json");
  REQUIRE_FALSE(config);
  CHECK(config.error().code == hale::Errc::not_found);
  CHECK_THAT(config.error().message, ContainsSubstring("/nonexistent/hale.json"));
}

TEST_CASE("the published schema and the reader know the same keys, types, ranges and defaults") {
  const auto document = schema();
  std::set<std::string> published;
  leaves(document, "", published);
  std::set<std::string> known;
  const Config defaults;
  for (const auto& key : config_keys()) {
    INFO(key.path);
    known.insert(std::string(key.path));
    REQUIRE(published.contains(std::string(key.path)));
    const auto node = at_path(document, key.path);
    if (const auto* integer = std::get_if<ConfigKey::Integer>(&key.value)) {
      CHECK(node.at("type") == "integer");
      CHECK(node.at("minimum") == integer->minimum);
      CHECK(node.at("maximum") == integer->maximum);
      CHECK(node.at("default") == defaults.*(integer->field));
    } else if (const auto* choice = std::get_if<ConfigKey::Choice>(&key.value)) {
      CHECK(node.at("type") == "string");
      CHECK(node.at("default") == defaults.*(choice->field));
      CHECK(node.contains("enum") == !choice->allowed.empty());
      if (!choice->allowed.empty()) CHECK(node.at("enum") == json(choice->allowed));
    } else {
      const int minute = defaults.*(std::get<ConfigKey::TimeOfDay>(key.value).field);
      CHECK(node.at("default") == fmt::format("{:02}:{:02}", minute / 60, minute % 60));
    }
    CHECK_FALSE(node.at("description").get<std::string>().empty());
  }
  CHECK(known == published);
}

TEST_CASE("every default of the schema is accepted by the reader") {
  const auto document = schema();
  for (const auto& key : config_keys()) {
    json config = at_path(document, key.path).at("default");
    std::string_view path = key.path;
    while (!path.empty()) {
      const auto dot = path.rfind('.');
      const auto name = std::string(dot == std::string_view::npos ? path : path.substr(dot + 1));
      config = json{{name, config}};
      path = dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
    }
    const auto read = parse_config(config.dump(), "defaults");
    INFO((read ? std::string() : read.error().message));
    CHECK(read);
  }
}
