#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/support/data.hpp"

namespace {

using nlohmann::json;

json read(const std::filesystem::path& path) { return json::parse(std::ifstream(path)); }

/// The part of JSON Schema 2020-12 that the published schemas use. Empty when `value` fits, else where it does not.
class Validator {
 public:
  explicit Validator(json root) : root_(std::move(root)) {}
  std::string check(const json& value) const { return check(value, root_, ""); }

 private:
  static bool has_type(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    throw std::runtime_error("this validator knows no type " + type);
  }

  std::string check_object(const json& value, const json& schema, const std::string& at) const {
    if (value.size() < schema.value("minProperties", 0u) || value.size() > schema.value("maxProperties", 1000u))
      return at + ": number of members";
    for (const json& key : schema.value("required", json::array())) {
      if (!value.contains(key.get<std::string>())) return at + ": lacks " + key.get<std::string>();
    }
    const json known = schema.value("properties", json::object());
    for (const auto& [key, member] : value.items()) {
      if (!known.contains(key)) {
        if (schema.value("additionalProperties", true)) continue;
        return at + "." + key + ": unknown";
      }
      if (auto wrong = check(member, known[key], at + "." + key); !wrong.empty()) return wrong;
    }
    return "";
  }

  std::string check_choice(const json& value, const json& choices, bool exactly_one, const std::string& at) const {
    int fits = 0;
    std::string first;
    for (const json& choice : choices) {
      const auto wrong = check(value, choice, at);
      fits += wrong.empty() ? 1 : 0;
      if (first.empty()) first = wrong;
    }
    if (fits == 1 || (fits > 1 && !exactly_one)) return "";
    return at + ": fits " + std::to_string(fits) + " choices (" + first + ")";
  }

  std::string check(const json& value, const json& schema, const std::string& at) const {
    if (schema.contains("$ref"))
      return check(value, root_.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))), at);
    if (schema.contains("oneOf")) return check_choice(value, schema["oneOf"], true, at);
    if (schema.contains("anyOf")) return check_choice(value, schema["anyOf"], false, at);
    if (schema.contains("const") && value != schema["const"]) return at + ": expected " + schema["const"].dump();
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end())
      return at + ": not in the list";
    if (schema.contains("type") && !has_type(value, schema["type"]))
      return at + ": expected " + schema["type"].get<std::string>();
    if (value.is_number() && (value < schema.value("minimum", -1e300) || value > schema.value("maximum", 1e300)))
      return at + ": out of range";
    if (value.is_string() && value.get<std::string>().size() < schema.value("minLength", 0u)) return at + ": too short";
    if (value.is_string() && schema.contains("pattern") &&
        !std::regex_search(value.get<std::string>(), std::regex(schema["pattern"].get<std::string>())))
      return at + ": pattern";
    if (value.is_array()) {
      if (value.size() < schema.value("minItems", 0u) || value.size() > schema.value("maxItems", 100000u))
        return at + ": number of items";
      for (std::size_t i = 0; schema.contains("items") && i < value.size(); ++i) {
        if (auto wrong = check(value[i], schema["items"], at + "[" + std::to_string(i) + "]"); !wrong.empty())
          return wrong;
      }
    }
    return value.is_object() ? check_object(value, schema, at) : "";
  }

  json root_;
};

}  // namespace

TEST_CASE("every built-in pack fits the published schema") {
  const auto rules = hale::test::source_dir() / "rules";
  const Validator validator(read(rules / "schema" / "pack.schema.json"));
  int packs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(rules / "packs")) {
    INFO(entry.path().filename().string());
    CHECK(validator.check(read(entry.path())) == "");
    ++packs;
  }
  CHECK(packs >= 6);
}

TEST_CASE("the published schema refuses what the loader refuses") {
  const auto rules = hale::test::source_dir() / "rules";
  const Validator validator(read(rules / "schema" / "pack.schema.json"));
  const json good = read(rules / "packs" / "10_disk_ata.json");
  const auto broken = [&](const char* pointer, const json& value) {
    json pack = good;
    pack[json::json_pointer(pointer)] = value;
    return validator.check(pack) != "";
  };
  CHECK(broken("/rules/0/id", "fridge.x"));
  CHECK(broken("/rules/0/cause", "ghosts"));
  CHECK(broken("/rules/0/whne", 1));
  CHECK(broken("/rules/0/stages/0/detector/kind", "treshold"));
  CHECK(broken("/rules/0/stages/0/detector/hold", "15 minutes"));
  CHECK(broken("/rules/0/stages/0/severity", "bad"));
  CHECK(broken("/rules/0/references", json::array()));
}

TEST_CASE("the gate's table fits its published schema") {
  const auto rules = hale::test::source_dir() / "rules";
  CHECK(Validator(read(rules / "schema" / "gate.schema.json")).check(read(rules / "data" / "gate.json")) == "");
}
