#include "core/time.hpp"

#include <array>
#include <cstdio>
#include <optional>

#include "core/text.hpp"

namespace hale {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Timestamp kLatest = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31} + days{1} - milliseconds{1};

/// Reads fixed-width fields from left to right; remembers the first failure.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  int digits(std::size_t count, int low, int high) {
    int value = 0;
    if (rest_.size() < count) return fail();
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value < low || value > high ? fail() : value;
  }
  char one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_[0]) == std::string_view::npos) {
      fail();
      return '\0';
    }
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }
  /// ".123456" to whole milliseconds, further digits cut off; 0 when there is no fraction.
  int fraction_ms() {
    if (rest_.empty() || rest_[0] != '.') return 0;
    rest_.remove_prefix(1);
    int value = 0;
    std::size_t count = 0;
    for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      if (count < 3) value = value * 10 + (rest_[count] - '0');
    }
    if (count == 0) return fail();
    for (std::size_t i = count; i < 3; ++i) value *= 10;
    rest_.remove_prefix(count);
    return value;
  }
  bool done() const { return good_ && rest_.empty(); }

 private:
  int fail() {
    good_ = false;
    return 0;
  }
  std::string_view rest_;
  bool good_{true};
};

tl::unexpected<Error> not_a_time(std::string_view text, std::string_view expected) {
  return fail(Errc::invalid_input, "'" + sanitize_utf8(text, 64) + "' is not a time; expected " + std::string(expected));
}

std::optional<Timestamp> read_rfc3339(std::string_view text) {
  Cursor cursor(text);
  const int year = cursor.digits(4, 1970, 9999);
  cursor.one_of("-");
  const int month = cursor.digits(2, 1, 12);
  cursor.one_of("-");
  const int day = cursor.digits(2, 1, 31);
  cursor.one_of("Tt ");
  const int hour = cursor.digits(2, 0, 23);
  cursor.one_of(":");
  const int minute = cursor.digits(2, 0, 59);
  cursor.one_of(":");
  const int second = cursor.digits(2, 0, 60);  // 60 = leap second, read as the next second
  const int ms = cursor.fraction_ms();
  const char sign = cursor.one_of("Zz+-");
  minutes offset{0};
  if (sign == '+' || sign == '-') {
    offset = hours{cursor.digits(2, 0, 23)};
    cursor.one_of(":");
    offset += minutes{cursor.digits(2, 0, 59)};
    if (sign == '-') offset = -offset;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!cursor.done() || !date.ok()) return std::nullopt;
  const Timestamp time = std::chrono::sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + milliseconds{ms} - offset;
  if (time < Timestamp{} || time > kLatest) return std::nullopt;
  return time;
}

}  // namespace

std::string to_rfc3339(Timestamp time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 48> text{};
  const auto ms = static_cast<int>(clock.subseconds().count());
  int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                           static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  std::string out(text.data(), static_cast<std::size_t>(size));
  if (ms != 0) {
    size = std::snprintf(text.data(), text.size(), ".%03d", ms);
    out.append(text.data(), static_cast<std::size_t>(size));
  }
  return out + 'Z';
}

Result<Timestamp> parse_rfc3339(std::string_view text) {
  if (const auto time = read_rfc3339(text)) return *time;
  return not_a_time(text, "RFC 3339 from 1970 to 9999, like 2026-11-23T07:30:44Z");
}

Result<Timestamp> parse_time(std::string_view text) {
  if (const auto time = read_rfc3339(text)) return *time;
  const auto dot = text.find('.');
  const auto whole = parse_uint(text.substr(0, dot));
  const auto fraction = dot == std::string_view::npos ? std::string_view{} : text.substr(dot);
  Cursor cursor(fraction);
  const int ms = cursor.fraction_ms();
  const auto latest = static_cast<std::uint64_t>(to_unix_ms(kLatest)) / 1000;
  if (whole && *whole <= latest && cursor.done()) return from_unix_ms(static_cast<std::int64_t>(*whole) * 1000 + ms);
  return not_a_time(text, "RFC 3339 (2026-11-23T07:30:44Z) or Unix seconds (1795419044.5)");
}

}  // namespace hale
