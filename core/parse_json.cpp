#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/text.hpp"

namespace hale {
namespace {

using nlohmann::json;

std::string place_of(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto start = before.rfind('\n');
  const auto column = start == std::string_view::npos ? offset + 1 : offset - start;
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
}

/// Offset of the bracket that opens level max_depth + 1, or npos. Strings are skipped, nothing else is checked.
std::size_t find_too_deep(std::string_view text, int max_depth) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) return i;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return std::string_view::npos;
}

/// "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while parsing value - invalid literal; last read: '{x'" without
/// the library's own words in front.
std::string clean_message(std::string_view message) {
  for (const std::string_view mark : {"syntax error while parsing ", "] parse error", "] "}) {
    if (const auto at = message.find(mark); at != std::string_view::npos) {
      message.remove_prefix(at + mark.size());
      break;
    }
  }
  return sanitize_utf8(trim(message), 400);
}

/// The number that does not fit into a double is in the message, between quotes.
std::size_t find_number(std::string_view text, std::string_view message) {
  const auto open = message.find('\'');
  const auto close = message.rfind('\'');
  if (open == std::string_view::npos || close <= open + 1) return 0;
  return std::min(text.find(message.substr(open + 1, close - open - 1)), text.size());
}

}  // namespace

Result<json> parse_json(std::string_view text, std::size_t max_bytes, int max_depth) {
  if (text.size() > max_bytes) return fail(Errc::invalid_input, "is larger than " + std::to_string(max_bytes) + " bytes");
  if (const auto at = find_too_deep(text, max_depth); at != std::string_view::npos) {
    return fail(Errc::invalid_input, place_of(text, at) + "nested deeper than " + std::to_string(max_depth) + " levels");
  }
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    const std::size_t offset = error.byte == 0 ? 0 : std::min(error.byte - 1, text.size());
    return fail(Errc::invalid_input, place_of(text, offset) + clean_message(error.what()));
  } catch (const json::exception& error) {
    return fail(Errc::invalid_input, place_of(text, find_number(text, error.what())) + clean_message(error.what()));
  }
}

std::string dump_json(const json& value, int indent) { return value.dump(indent, ' ', false, json::error_handler_t::replace); }

}  // namespace hale
