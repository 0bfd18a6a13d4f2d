#include "platform/parse/smart_decode.hpp"

#include <algorithm>
#include <array>

namespace hale {
namespace {

enum class RawFormat : std::uint8_t {
  plain,           // all 48 bits are one number
  low16,           // word 0 is the number, the upper words are the vendor's own
  errors_above32,  // bits 32..47 count errors, bits 0..31 count operations
  small_count,     // vendor unknown: up to 65535 it is a count, above that it is packed and says nothing
  hours24,         // bits 0..23 are hours, what is above are minutes or milliseconds
  minutes,         // one number, minutes
  half_minutes,    // one number, 30 s
  seconds,         // one number, seconds
  celsius,         // bits 0..7 signed, what is above are minimum and maximum
};

struct Row {
  std::string_view model;  // prefix, letters in either case; empty = any
  std::uint8_t attribute;
  RawFormat format;
};

// The first row that fits wins. Sources: smartmontools' default formats and drive database (what `smartctl -P showall`
// prints), and Seagate's published layout of attributes 1, 7, 188 and 195.
constexpr auto kRows = std::to_array<Row>({
    // Samsung's SpinPoint line sold under Seagate's name keeps Samsung's plain counters.
    {"ST1000LM024 HN-", 1, RawFormat::plain},
    {"ST1000LM024 HN-", 7, RawFormat::plain},
    {"ST1000LM024 HN-", 195, RawFormat::plain},
    {"ST500LM012 HN-", 1, RawFormat::plain},
    {"ST500LM012 HN-", 7, RawFormat::plain},
    {"ST500LM012 HN-", 195, RawFormat::plain},
    {"ST", 1, RawFormat::errors_above32},
    {"ST", 7, RawFormat::errors_above32},
    {"ST", 195, RawFormat::errors_above32},
    {"Seagate", 1, RawFormat::errors_above32},
    {"Seagate", 7, RawFormat::errors_above32},
    {"Seagate", 195, RawFormat::errors_above32},
    {"WDC", 1, RawFormat::plain},
    {"WDC", 7, RawFormat::plain},
    {"TOSHIBA", 1, RawFormat::plain},
    {"TOSHIBA", 7, RawFormat::plain},
    {"SAMSUNG", 1, RawFormat::plain},
    {"SAMSUNG", 7, RawFormat::plain},
    {"SAMSUNG", 195, RawFormat::plain},
    {"", 1, RawFormat::small_count},
    {"", 7, RawFormat::small_count},
    {"", 195, RawFormat::small_count},
    // Three 16-bit counts on Seagate: all time-outs, over 5 s, over 7.5 s. No drive lives through 65536 time-outs, so
    // this holds for everyone.
    {"", 188, RawFormat::low16},
    // smartctl's raw16(raw16) and raw16(avg16).
    {"", 3, RawFormat::low16},
    {"", 5, RawFormat::low16},
    {"", 196, RawFormat::low16},
    {"HGST", 10, RawFormat::low16},
    {"Hitachi", 10, RawFormat::low16},
    {"Maxtor", 9, RawFormat::minutes},
    {"HITACHI_DK", 9, RawFormat::minutes},
    {"SAMSUNG SP0", 9, RawFormat::half_minutes},
    {"SAMSUNG SP1", 9, RawFormat::half_minutes},
    {"SAMSUNG SV", 9, RawFormat::half_minutes},
    {"FUJITSU MHR", 9, RawFormat::seconds},
    {"FUJITSU MHS", 9, RawFormat::seconds},
    {"FUJITSU MHT", 9, RawFormat::seconds},
    {"FUJITSU MHU", 9, RawFormat::seconds},
    {"FUJITSU MHV", 9, RawFormat::seconds},
    {"", 9, RawFormat::hours24},
    {"", 240, RawFormat::hours24},
    {"", 190, RawFormat::celsius},
    {"", 194, RawFormat::celsius},
});

constexpr std::uint64_t kAllOnes48 = (std::uint64_t{1} << 48) - 1;
constexpr std::uint64_t kAllOnes32 = 0xffff'ffffU;
constexpr double kMaxHours = 30.0 * 365 * 24;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool has_prefix(std::string_view model, std::string_view prefix) {
  return model.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), model.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

bool fits(const Row& row, std::string_view model, unsigned attribute) {
  if (row.attribute != attribute || !has_prefix(model, row.model)) return false;
  // "ST" alone would also take "STT_FTM28GX25H" (an SSD of another maker): Seagate's numbers begin with a digit.
  return row.model != "ST" || (model.size() > 2 && model[2] >= '0' && model[2] <= '9');
}

const Row* find_row(std::string_view model, unsigned attribute) {
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return fits(r, model, attribute); });
  return row == kRows.end() ? nullptr : row;
}

std::optional<double> hours(double value) {
  if (!plausible_power_on_hours(value)) return std::nullopt;
  return value;
}

std::optional<double> decode_hours24(std::uint64_t raw48) {
  const auto value = static_cast<double>(raw48 & 0xff'ffffU);
  if (plausible_power_on_hours(value)) return value;
  // Some firmware counts minutes without the database knowing: 30 years of minutes still fit below 2^24.
  return hours(value / 60);
}

std::optional<double> decode_celsius(std::uint64_t raw48) {
  const auto low = static_cast<std::int8_t>(raw48 & 0xffU);
  if (low < 1 || low > 120) return std::nullopt;  // 0 and 0xff are "not supported"; no disk works above 120 Cel
  return low;
}

}  // namespace

bool plausible_power_on_hours(double value) { return value >= 0 && value <= kMaxHours; }

bool has_smart_format(std::string_view model, unsigned attribute) { return find_row(model, attribute) != nullptr; }

std::optional<double> decode_smart_raw(std::string_view model, unsigned attribute, std::uint64_t raw48) {
  if (raw48 >= kAllOnes48 || raw48 == kAllOnes32) return std::nullopt;
  const Row* row = find_row(model, attribute);
  switch (row == nullptr ? RawFormat::plain : row->format) {
    case RawFormat::plain:
      return static_cast<double>(raw48);
    case RawFormat::low16:
      return static_cast<double>(raw48 & 0xffffU);
    case RawFormat::errors_above32:
      return static_cast<double>(raw48 >> 32U);
    case RawFormat::small_count:
      return raw48 <= 0xffffU ? std::optional(static_cast<double>(raw48)) : std::nullopt;
    case RawFormat::hours24:
      return decode_hours24(raw48);
    case RawFormat::minutes:
      return hours(static_cast<double>(raw48) / 60);
    case RawFormat::half_minutes:
      return hours(static_cast<double>(raw48) / 120);
    case RawFormat::seconds:
      return hours(static_cast<double>(raw48) / 3600);
    case RawFormat::celsius:
      return decode_celsius(raw48);
  }
  return std::nullopt;
}

}  // namespace hale
