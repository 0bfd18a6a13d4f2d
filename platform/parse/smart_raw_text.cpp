#include "platform/parse/smart_raw_text.hpp"

#include <string>

#include "core/text.hpp"
#include "platform/parse/smart_decode.hpp"

namespace hale {
namespace {

constexpr std::uint64_t kLimit48 = std::uint64_t{1} << 48U;

std::string_view leading_digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  return text.substr(0, n);
}

std::optional<double> bounded_hours(std::string_view digits) {
  const auto hours = parse_uint(digits);
  if (!hours || !plausible_power_on_hours(static_cast<double>(*hours))) return std::nullopt;
  return static_cast<double>(*hours);
}

// "0 0 3": words from high to low.
std::optional<std::uint64_t> three_words(std::string_view text) {
  const auto parts = split(text, ' ');
  if (parts.size() != 3) return std::nullopt;
  std::uint64_t raw = 0;
  for (const auto part : parts) {
    const auto word = parse_uint(part);
    if (!word || *word > 0xffffU) return std::nullopt;
    raw = raw << 16U | *word;
  }
  return raw;
}

// "errors/operations": 24 and 32 bits. Only for the rates that are packed so; elsewhere "a/b" is some other pair.
std::optional<std::uint64_t> rate_pair(unsigned attribute, std::uint64_t first, std::string_view second) {
  const bool is_rate = attribute == 1 || attribute == 7 || attribute == 195 || attribute == 201 || attribute == 204;
  const auto operations = parse_uint(second);
  if (!is_rate || !operations || *operations > 0xffff'ffffU || first > 0xffffU) return std::nullopt;
  return first << 32U | *operations;
}

PrintedRaw from_number(std::string_view model, unsigned attribute, std::uint64_t raw48) {
  if (raw48 >= kLimit48) return {};
  return {decode_smart_raw(model, attribute, raw48), raw48};
}

PrintedRaw from_text(std::string_view model, unsigned attribute, std::string_view text) {
  if (text.starts_with("0x")) {
    const auto raw = parse_hex(text);
    return raw ? from_number(model, attribute, *raw) : PrintedRaw{};
  }
  const auto digits = leading_digits(text);
  const auto number = parse_uint(digits);
  if (!number) return {};
  const auto rest = text.substr(digits.size());
  if (rest.empty()) return from_number(model, attribute, *number);
  if (rest.starts_with("h+") || rest == "h") return {bounded_hours(digits), std::nullopt};
  if (const auto words = three_words(text)) return from_number(model, attribute, *words);
  if (rest.front() == '/') {
    if (leading_digits(rest.substr(1)).size() + 1 != rest.size()) return {};
    return {static_cast<double>(*number), rate_pair(attribute, *number, rest.substr(1))};
  }
  // smartctl decoded the first number; what follows in parentheses are minimum, maximum or the vendor's own.
  if (rest.starts_with(" (")) return {from_number(model, attribute, *number).value, std::nullopt};
  return {};
}

}  // namespace

PrintedRaw parse_printed_raw(std::string_view model, unsigned attribute, std::string_view text,
                             std::optional<std::uint64_t> known_raw48) {
  auto printed = from_text(model, attribute, trim(text));
  if (!known_raw48 || *known_raw48 >= kLimit48) return printed;
  // smartctl's drive database knows units that this table does not ("123h+45m"), so its words win there; the table wins
  // for packed counts.
  const bool time = attribute == 9 || attribute == 240;
  const bool table_decides = has_smart_format(model, attribute) && !(time && printed.value);
  if (table_decides || text.empty()) printed.value = decode_smart_raw(model, attribute, *known_raw48);
  printed.raw48 = known_raw48;
  return printed;
}

}  // namespace hale
