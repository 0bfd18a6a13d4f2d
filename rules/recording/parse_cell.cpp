#include "rules/recording/parse_cell.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "core/text.hpp"

namespace hale::rules {
namespace {

constexpr std::array<double, 16> kPowers{1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  // Up to 15 digits are an exact double, and so is the power of ten they are divided by: the quotient is correctly
  // rounded.
  const char* at = text.data();
  const char* end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  std::uint64_t digits = 0;
  int count = 0;
  const char* first = at;
  for (; at != end && is_digit(*at); ++at, ++count) digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
  if (at == first || count > 15) return parse_double(text);
  std::size_t fraction = 0;
  if (at != end && *at == '.') {
    ++at;
    for (; at != end && is_digit(*at); ++at, ++count, ++fraction)
      digits = digits * 10 + static_cast<std::uint64_t>(*at - '0');
    if (fraction == 0) return parse_double(text);
  }
  if (at != end || count > 15) return parse_double(text);
  const double value = static_cast<double>(digits) / kPowers[fraction];
  return negative ? -value : value;
}

std::optional<Timestamp> TimeParser::parse_quickly(std::string_view text) {
  // "2026-11-23T07:30:44Z"
  if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z') return {};
  if (!has_day_ || std::memcmp(day_text_, text.data(), 10) != 0) return {};
  const auto two = [&text](std::size_t at) {
    return is_digit(text[at]) && is_digit(text[at + 1]) ? (text[at] - '0') * 10 + (text[at + 1] - '0') : 100;
  };
  const int hour = two(11);
  const int minute = two(14);
  const int second = two(17);
  if (hour > 23 || minute > 59 || second > 59) return {};
  return day_ + std::chrono::seconds(hour * 3600 + minute * 60 + second);
}

Result<Timestamp> TimeParser::parse(std::string_view text) {
  if (const auto quick = parse_quickly(text)) return *quick;
  auto time = parse_time(text);
  if (time && text.size() == 20 && text[10] == 'T' && text[19] == 'Z') {
    std::copy_n(text.data(), 10, day_text_);
    day_ = std::chrono::floor<std::chrono::days>(*time);
    has_day_ = true;
  }
  return time;
}

}  // namespace hale::rules
