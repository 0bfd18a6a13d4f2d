#include <catch2/catch_test_macros.hpp>

#include "platform/parse/smart_decode.hpp"
#include "platform/parse/smart_raw_text.hpp"

using hale::decode_smart_raw;

TEST_CASE("Seagate's error rates count errors above bit 32, not operations below") {
  CHECK(decode_smart_raw("ST4000DM000-1F2168", 1, 119'538'120) == 0.0);
  CHECK(decode_smart_raw("ST4000DM000-1F2168", 7, (std::uint64_t{3} << 32U) | 517'301'442) == 3.0);
  CHECK(decode_smart_raw("Seagate BarraCuda", 195, 119'538'120) == 0.0);
}

TEST_CASE("Samsung drives sold under Seagate's name keep plain counters") {
  CHECK(decode_smart_raw("ST1000LM024 HN-M101MBB", 1, 74) == 74.0);
}

TEST_CASE("A maker whose name only begins like Seagate's is not Seagate") {
  CHECK(decode_smart_raw("STT_FTM28GX25H", 1, 12) == 12.0);
}

TEST_CASE("Command time-outs are the lowest of three 16-bit counts") {
  CHECK(decode_smart_raw("ST31500541AS", 188, 0x000f'000f'0015) == 21.0);
  CHECK(decode_smart_raw("", 188, 4'295'032'833) == 1.0);
  CHECK(decode_smart_raw("WDC WD30EFRX", 188, 2) == 2.0);
}

TEST_CASE("An error rate of an unknown maker is a count only while it is small") {
  CHECK(decode_smart_raw("", 1, 12) == 12.0);
  CHECK_FALSE(decode_smart_raw("MB1000GCWCV", 1, 87'105'608).has_value());
}

TEST_CASE("Power-on time is hours whatever the firmware counts in, or nothing") {
  CHECK(decode_smart_raw("ST4000DM000", 9, (std::uint64_t{0x1234} << 32U) | 53'657) == 53657.0);
  CHECK(decode_smart_raw("Maxtor 6Y080L0", 9, 60'000) == 1000.0);
  CHECK(decode_smart_raw("SAMSUNG SP0812C", 9, 120'000) == 1000.0);
  CHECK(decode_smart_raw("unheard of", 9, 1'200'000) == 20000.0);  // minutes, as 1.2 million hours are 137 years
  CHECK_FALSE(decode_smart_raw("", 9, 0xffff'ffff'ffff).has_value());
  CHECK_FALSE(decode_smart_raw("", 9, 0xffff'ffff).has_value());
}

TEST_CASE("A disk's temperature is the low byte and a plausible one") {
  CHECK(decode_smart_raw("", 194, 0x0019'0022) == 34.0);
  CHECK_FALSE(decode_smart_raw("", 194, 0).has_value());
  CHECK_FALSE(decode_smart_raw("", 190, 0xff).has_value());
}

TEST_CASE("Reallocated sectors are the lowest word, as smartctl prints them") {
  CHECK(decode_smart_raw("", 5, (std::uint64_t{3} << 16U) | 8) == 8.0);
  CHECK(decode_smart_raw("ST3000DM001", 5, 65'456) == 65456.0);
}

TEST_CASE("More than 48 bits are no attribute") {
  CHECK_FALSE(decode_smart_raw("", 241, std::uint64_t{1} << 50U).has_value());
}

TEST_CASE("Every form in which smartctl prints a raw value is understood") {
  using hale::parse_printed_raw;
  CHECK(parse_printed_raw("", 5, "12").value == 12.0);
  CHECK(parse_printed_raw("", 5, "12").raw48 == 12U);
  CHECK(parse_printed_raw("ST2000", 188, "0 0 3").value == 3.0);
  CHECK(parse_printed_raw("ST2000", 188, "1 2 3").raw48 == 0x0001'0002'0003U);
  CHECK(parse_printed_raw("", 194, "34 (0 25 0 0 0)").value == 34.0);
  CHECK_FALSE(parse_printed_raw("", 194, "34 (0 25 0 0 0)").raw48.has_value());
  CHECK(parse_printed_raw("", 9, "10431h+00m+00.000s").value == 10431.0);
  CHECK_FALSE(parse_printed_raw("", 9, "924445h+28m+30.540s").value.has_value());
  CHECK(parse_printed_raw("", 195, "0/6216712").raw48 == 6'216'712U);
  CHECK(parse_printed_raw("", 234, "0/0").value == 0.0);
  CHECK(parse_printed_raw("", 230, "0x000300000003").raw48 == 0x0003'0000'0003U);
  CHECK_FALSE(parse_printed_raw("", 230, "0x0098d594baf41343").raw48.has_value());
  for (const char* odd : {"", "-", "h+", "1 2", "1/", "1/x", "99999999999999999999999", "0x", "70000 0 0"}) {
    CAPTURE(odd);
    CHECK_FALSE(parse_printed_raw("", 5, odd).raw48.has_value());
  }
}

TEST_CASE("Beside a JSON document's number the table decides packed counts and smartctl decides units of time") {
  using hale::parse_printed_raw;
  CHECK(parse_printed_raw("ST2000", 188, "0 0 3", 3).value == 3.0);
  CHECK(parse_printed_raw("ST2000", 1, "119538120", 119'538'120).value == 0.0);
  CHECK(parse_printed_raw("Odd SSD", 9, "894h+20m", 53'660).value == 894.0);
  CHECK(parse_printed_raw("", 173, "2465 (Average 24856)", 161'549'732'505).value == 2465.0);
}
