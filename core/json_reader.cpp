#include "core/json_reader.hpp"

#include <cmath>

namespace hale {
namespace {

using nlohmann::json;

const json& empty_array() {
  static const json value = json::array();
  return value;
}

const json& empty_object() {
  static const json value = json::object();
  return value;
}

}  // namespace

JsonReader::JsonReader(const json& value, std::string path) : value_(&value), path_(std::move(path)) {
  if (value.is_object()) return;
  error_ = Error{Errc::invalid_input, path_ + ": expected an object, found " + value.type_name()};
  value_ = &empty_object();
}

const json* JsonReader::find(const char* key) const {
  const auto at = value_->find(key);
  return at == value_->end() ? nullptr : &*at;
}

const json* JsonReader::find_present(const char* key) const {
  const json* value = find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const json* JsonReader::require(const char* key) {
  const json* value = find(key);
  if (value == nullptr) complain(key, "is missing");
  return value;
}

std::string JsonReader::path_of(const char* key) const { return path_ + "." + key; }

std::string JsonReader::path_of(const char* key, std::size_t index) const { return path_of(key) + "[" + std::to_string(index) + "]"; }

void JsonReader::complain(const char* key, const std::string& what) { complain(Error{Errc::invalid_input, path_of(key) + ": " + what}); }

void JsonReader::complain(Error error) {
  if (!error_) error_ = std::move(error);
}

bool JsonReader::has(const char* key) const { return find_present(key) != nullptr; }

std::string JsonReader::text_of(const char* key, const json* value, std::size_t max_bytes) {
  if (value == nullptr) return {};
  if (!value->is_string()) {
    complain(key, std::string("expected a string, found ") + value->type_name());
    return {};
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() <= max_bytes) return text;
  complain(key, "is longer than " + std::to_string(max_bytes) + " bytes");
  return {};
}

std::string JsonReader::text(const char* key, std::size_t max_bytes) { return text_of(key, require(key), max_bytes); }

std::string JsonReader::filled_text(const char* key, std::size_t max_bytes) {
  std::string found = text(key, max_bytes);
  if (found.empty()) complain(key, "must not be empty");
  return found;
}

std::string JsonReader::optional_text(const char* key, std::size_t max_bytes) { return text_of(key, find_present(key), max_bytes); }

double JsonReader::number_of(const char* key, const json& value) {
  if (!value.is_number()) {
    complain(key, std::string("expected a number, found ") + value.type_name());
    return 0;
  }
  const double number = value.get<double>();
  if (!std::isfinite(number)) complain(key, "expected a finite number");
  return number;
}

double JsonReader::number(const char* key) {
  const json* value = require(key);
  return value == nullptr ? 0 : number_of(key, *value);
}

std::optional<double> JsonReader::optional_number(const char* key) {
  const json* value = find_present(key);
  if (value == nullptr) return std::nullopt;
  return number_of(key, *value);
}

std::uint64_t JsonReader::integer_of(const char* key, const json& value, std::uint64_t max) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() <= max) return value.get<std::uint64_t>();
  // A document built in memory holds small positive numbers as signed ones.
  if (value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() >= 0 &&
      static_cast<std::uint64_t>(value.get<std::int64_t>()) <= max) {
    return static_cast<std::uint64_t>(value.get<std::int64_t>());
  }
  complain(key, "expected a whole number from 0 to " + std::to_string(max));
  return 0;
}

std::uint64_t JsonReader::integer(const char* key, std::uint64_t max) {
  const json* value = require(key);
  return value == nullptr ? 0 : integer_of(key, *value, max);
}

std::optional<std::uint64_t> JsonReader::optional_integer(const char* key, std::uint64_t max) {
  const json* value = find_present(key);
  if (value == nullptr) return std::nullopt;
  return integer_of(key, *value, max);
}

Timestamp JsonReader::time_of(const char* key, const json& value) {
  const auto parsed = parse_rfc3339(text_of(key, &value, 64));
  if (!parsed) complain(key, parsed.error().message);
  return parsed.value_or(Timestamp{});
}

Timestamp JsonReader::time(const char* key) {
  const json* value = require(key);
  return value == nullptr ? Timestamp{} : time_of(key, *value);
}

std::optional<Timestamp> JsonReader::optional_time(const char* key) {
  const json* value = find_present(key);
  if (value == nullptr) return std::nullopt;
  return time_of(key, *value);
}

bool JsonReader::boolean(const char* key, bool otherwise) {
  const json* value = find_present(key);
  if (value == nullptr) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  complain(key, std::string("expected true or false, found ") + value->type_name());
  return otherwise;
}

const json& JsonReader::array(const char* key, std::size_t max_items) {
  const json* value = require(key);
  if (value == nullptr) return empty_array();
  if (value->is_array() && value->size() <= max_items) return *value;
  complain(key, value->is_array() ? "has more than " + std::to_string(max_items) + " items"
                                  : std::string("expected an array, found ") + value->type_name());
  return empty_array();
}

const json& JsonReader::object(const char* key, std::size_t max_members) {
  const json* value = require(key);
  if (value == nullptr) return empty_object();
  if (value->is_object() && value->size() <= max_members) return *value;
  complain(key, value->is_object() ? "has more than " + std::to_string(max_members) + " members"
                                   : std::string("expected an object, found ") + value->type_name());
  return empty_object();
}

const json& JsonReader::optional_array(const char* key, std::size_t max_items) {
  return has(key) ? array(key, max_items) : empty_array();
}

const json& JsonReader::optional_object(const char* key, std::size_t max_members) {
  return has(key) ? object(key, max_members) : empty_object();
}

}  // namespace hale
