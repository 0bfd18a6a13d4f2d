#include "core/time.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace hale;

TEST_CASE("a time reads back as it was written") {
  CHECK(to_rfc3339(from_unix_ms(1795419044000)) == "2026-11-23T07:30:44Z");
  CHECK(to_rfc3339(from_unix_ms(1795419044120)) == "2026-11-23T07:30:44.120Z");
  CHECK(to_rfc3339(from_unix_ms(0)) == "1970-01-01T00:00:00Z");
  for (const std::int64_t ms : {0LL, 1LL, 951782399999LL, 951868799000LL, 1795419044123LL, 253402300799999LL}) {
    CHECK(parse_rfc3339(to_rfc3339(from_unix_ms(ms))) == from_unix_ms(ms));
  }
}

TEST_CASE("an offset is taken into account") {
  CHECK(parse_rfc3339("2026-11-23T15:30:44+08:00") == from_unix_ms(1795419044000));
  CHECK(parse_rfc3339("2026-11-23T02:00:44-05:30") == from_unix_ms(1795419044000));
  CHECK(parse_rfc3339("2026-11-23t07:30:44z") == from_unix_ms(1795419044000));
}

TEST_CASE("a fraction is cut to milliseconds") {
  CHECK(parse_rfc3339("2026-11-23T07:30:44.1Z") == from_unix_ms(1795419044100));
  CHECK(parse_rfc3339("2026-11-23T07:30:44.1239999999Z") == from_unix_ms(1795419044123));
}

TEST_CASE("a leap second is the next second") { CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == parse_rfc3339("2017-01-01T00:00:00Z")); }

TEST_CASE("what is no RFC 3339 time is refused with an example of one") {
  for (const char* text : {"", "now", "2026-11-23", "2026-11-23T07:30:44", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z",
                           "2026-11-23T07:30:44.Z", "2026-11-23T07:30:44Zjunk", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00",
                           "9999-12-31T23:59:59-00:01", "2026-11-23T07:30:44+24:00", "+026-11-23T07:30:44Z"}) {
    const auto time = parse_rfc3339(text);
    INFO(text);
    REQUIRE_FALSE(time);
    CHECK(time.error().code == Errc::invalid_input);
    CHECK(time.error().message.find("like 2026-11-23T07:30:44Z") != std::string::npos);
  }
}

TEST_CASE("a recording's time may be Unix seconds, exact to the millisecond") {
  CHECK(parse_time("1795419044") == from_unix_ms(1795419044000));
  CHECK(parse_time("1795419044.123") == from_unix_ms(1795419044123));
  CHECK(parse_time("0") == from_unix_ms(0));
  CHECK(parse_time("2026-11-23T07:30:44Z") == from_unix_ms(1795419044000));
}

TEST_CASE("Unix seconds that are negative, in exponents or after the year 9999 are refused") {
  for (const char* text : {"-1", "1e9", "253402300800", "99999999999999999999", "1795419044.", ".5", "1795419044 ", "nan", "0x10"}) {
    INFO(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("an unreadable time is quoted without its control characters") {
  const auto time = parse_time("\x1b[31mred\xff");
  REQUIRE_FALSE(time);
  CHECK(time.error().message.starts_with("' [31mred\xEF\xBF\xBD' is not a time"));
}
