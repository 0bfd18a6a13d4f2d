#include "core/text.hpp"

#include <catch2/catch_test_macros.hpp>
#include <limits>

using namespace hale;

TEST_CASE("the whole text must be the number") {
  CHECK(parse_int("-42") == -42);
  CHECK(parse_int("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_uint("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x1", "9223372036854775808", "1a", "--1"}) {
    INFO(text);
    CHECK_FALSE(parse_int(text));
  }
  CHECK_FALSE(parse_uint("-1"));
}

TEST_CASE("hexadecimal reads with and without 0x") {
  CHECK(parse_hex("0x1f") == 31);
  CHECK(parse_hex("FF") == 255);
  CHECK_FALSE(parse_hex("0x"));
  CHECK_FALSE(parse_hex("0x-1"));
  CHECK_FALSE(parse_hex("10000000000000000"));
}

TEST_CASE("only finite decimal numbers are numbers") {
  CHECK(parse_double("61.5") == 61.5);
  CHECK(parse_double("-1e3") == -1000.0);
  for (const char* text : {"", "nan", "NaN", "inf", "-inf", "infinity", "1e999", "+1", "0x1p3", "1,5", "1.5 ", "."}) {
    INFO(text);
    CHECK_FALSE(parse_double(text));
  }
}

TEST_CASE("splitting keeps empty parts") {
  CHECK(split("a,,b,", ',') == std::vector<std::string_view>{"a", "", "b", ""});
  CHECK(split("", ',') == std::vector<std::string_view>{""});
}

TEST_CASE("trimming takes white space from both ends only") {
  CHECK(trim(" \t a b \r\n") == "a b");
  CHECK(trim("   ").empty());
}

TEST_CASE("valid UTF-8 passes unchanged") {
  CHECK(sanitize_utf8("风扇 Lüfter 🌬") == "风扇 Lüfter 🌬");
}

TEST_CASE("malformed UTF-8 becomes replacement characters") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(sanitize_utf8("a\xff" "b") == "a" + mark + "b");
  CHECK(sanitize_utf8("\xC3") == mark);                       // cut short
  CHECK(sanitize_utf8("\xC0\xAF") == mark + mark);            // overlong
  CHECK(sanitize_utf8("\xED\xA0\x80") == mark + mark + mark); // surrogate
  CHECK(sanitize_utf8("\xF4\x90\x80\x80") == mark + mark + mark + mark);
  CHECK(sanitize_utf8("\xE9\xA3x") == mark + "x");
}

TEST_CASE("control characters become spaces") {
  CHECK(sanitize_utf8("a\x1b[0m\n\x7f") == "a [0m  ");
  CHECK(sanitize_utf8("\xC2\x85") == " ");  // C1
}

TEST_CASE("text is cut between characters, never inside one") {
  CHECK(sanitize_utf8("风扇", 5) == "风");
  CHECK(sanitize_utf8("abc", 2) == "ab");
}

TEST_CASE("the nearest known word is found, and none when nothing is near") {
  const std::vector<std::string_view> known{"interval_s", "quiet_hours", "language", "uploads"};
  CHECK(nearest("intervall_s", known) == "interval_s");
  CHECK(nearest("quiet-hours", known) == "quiet_hours");
  CHECK(nearest("langauge", known) == "language");
  CHECK(nearest("zzzzzzzz", known).empty());
  CHECK(nearest(std::string(1000, 'x'), known).empty());
  CHECK(nearest("", known).empty());
}
