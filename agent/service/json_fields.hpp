#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

/// Fields of an object from outside: a wrong type reads as absent instead of throwing.
namespace hale::agent {

inline std::string text_field(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto field = object.find(name);
  return field != object.end() && field->is_string() ? field->get<std::string>() : std::string();
}

inline std::optional<std::int64_t> integer_field(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return std::nullopt;
  const auto field = object.find(name);
  if (field == object.end() || !field->is_number_integer()) return std::nullopt;
  return field->get<std::int64_t>();
}

inline bool true_field(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return false;
  const auto field = object.find(name);
  return field != object.end() && field->is_boolean() && field->get<bool>();
}

}  // namespace hale::agent
