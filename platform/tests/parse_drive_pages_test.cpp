#include <catch2/catch_test_macros.hpp>

#include "platform/parse/ata.hpp"
#include "platform/parse/nvme.hpp"
#include "platform/tests/drive_pages.hpp"

using namespace hale;
using namespace hale::test;

TEST_CASE("An NVMe health log gives smartctl's keys in smartctl's units") {
  SmartReport report;
  REQUIRE(parse_nvme_smart(nvme_smart_page(0x04, 103, 7), report).has_value());
  CHECK(report.nvme.at("critical_warning") == 4);
  CHECK(report.nvme.at("temperature") == 41);
  CHECK(report.nvme.at("available_spare") == 100);
  CHECK(report.nvme.at("available_spare_threshold") == 10);
  CHECK(report.nvme.at("percentage_used") == 103);
  CHECK(report.nvme.at("data_units_read") == 11'000'000);
  CHECK(report.nvme.at("power_on_hours") == 4321);
  CHECK(report.nvme.at("unsafe_shutdowns") == 12);
  CHECK(report.nvme.at("media_errors") == 7);
  CHECK(report.nvme.at("warning_temp_time") == 5);
  CHECK(report.nvme.at("critical_comp_time") == 1);
  CHECK(report.nvme.at("temperature_sensors.1") == 41);
  CHECK_FALSE(report.nvme.contains("temperature_sensors.2"));
  CHECK(report.nvme.at("temperature_sensors.3") == 55);
  CHECK(report.temperature == 41.0);
  CHECK(report.self_assessment == false);
  CHECK(report.power_cycles == 321.0);
}

TEST_CASE("An NVMe temperature that no drive can have is absent") {
  auto page = nvme_smart_page();
  put(page, 1, 0, 2);
  SmartReport report;
  REQUIRE(parse_nvme_smart(page, report).has_value());
  CHECK_FALSE(report.temperature.has_value());
  CHECK_FALSE(report.nvme.contains("temperature"));
}

TEST_CASE("A counter of 128 bits does not wrap") {
  auto page = nvme_smart_page();
  put(page, 160 + 8, 1, 8);
  SmartReport report;
  REQUIRE(parse_nvme_smart(page, report).has_value());
  CHECK(report.nvme.at("media_errors") == 18446744073709551616.0);
}

TEST_CASE("NVMe identify data give model, serial, firmware, capacity and the critical temperature") {
  SmartReport report;
  REQUIRE(parse_nvme_identify(nvme_identify_page(), report).has_value());
  CHECK(report.model == "EXAMPLE NVME 1TB");
  CHECK(report.serial == "NVSER0001");
  CHECK(report.firmware == "2B4Q");
  CHECK(report.capacity_bytes == 1'000'204'886'016U);
  CHECK(report.temperature_critical == 85.0);
}

TEST_CASE("Pages that are short, long or one repeated byte are refused in words") {
  SmartReport report;
  for (const auto& page : {std::string(), std::string(511, 'x'), std::string(512, '\0'), std::string(512, '\xff'),
                           std::string(4096, '\0')}) {
    CHECK_FALSE(parse_nvme_smart(page, report).has_value());
    CHECK_FALSE(parse_nvme_identify(page, report).has_value());
    CHECK_FALSE(parse_ata_identify(page, report).has_value());
    CHECK_FALSE(parse_ata_smart_data(page, report).has_value());
    CHECK_FALSE(parse_ata_smart_thresholds(page, report).has_value());
    CHECK_FALSE(parse_ata_self_test_log(page, report).has_value());
    CHECK_FALSE(parse_ata_error_log(page, report).has_value());
  }
  CHECK(parse_nvme_smart(std::string(511, 'x'), report).error().message.find("511 bytes") != std::string::npos);
  CHECK(report == SmartReport{});
}

TEST_CASE("ATA identify data give identity with bytes put in order") {
  SmartReport report;
  REQUIRE(parse_ata_identify(ata_identify_sector(), report).has_value());
  CHECK(report.model == "ST2000TEST01");
  CHECK(report.serial == "ZSER0001");
  CHECK(report.firmware == "CC52");
  CHECK(report.capacity_bytes == 2'000'398'934'016U);
  CHECK(report.rotation_rpm == 7200);
  CHECK(report.smart_enabled == true);
}

TEST_CASE("A drive with 4 KiB sectors has its true size") {
  auto sector = ata_identify_sector();
  put(sector, 106 * 2, 0x5000, 2);
  put(sector, 117 * 2, 2048, 4);
  SmartReport report;
  REQUIRE(parse_ata_identify(sector, report).has_value());
  CHECK(report.capacity_bytes == std::uint64_t{3'907'029'168} * 4096U);
}

TEST_CASE("ATA SMART data and thresholds give decoded attributes and what has crossed") {
  SmartReport report;
  report.model = "ST2000TEST01";
  const auto data = ata_smart_sector({{1, 79, 63, 87'105'608, true},
                                      {5, 1, 1, 4032, true},
                                      {188, 100, 99, 0x0001'0001'0003},
                                      {190, 66, 41, 0x2200'0022},
                                      {9, 39, 39, 53'657}});
  REQUIRE(parse_ata_smart_data(data, report).has_value());
  REQUIRE(parse_ata_smart_thresholds(ata_threshold_sector({{1, 44}, {5, 10}, {190, 45}, {9, 0}, {240, 5}}), report)
              .has_value());
  REQUIRE(report.attributes.size() == 5);
  CHECK(report.find(1)->value == 0.0);
  CHECK(report.find(5)->failing_now);
  CHECK(report.find(5)->threshold == 10);
  CHECK(report.find(188)->value == 3.0);
  CHECK(report.find(190)->failed_past);
  CHECK_FALSE(report.find(188)->threshold.has_value());
  CHECK(report.temperature == 34.0);
  CHECK(report.power_on_hours == 53657.0);
}

TEST_CASE("A SMART sector with a wrong checksum is refused and changes nothing") {
  auto data = ata_smart_sector({{5, 100, 100, 0}});
  data[100] = static_cast<char>(data[100] + 1);
  SmartReport report;
  const auto result = parse_ata_smart_data(data, report);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message == "ATA SMART data has a wrong checksum");
  CHECK(report.attributes.empty());
}

TEST_CASE("The drive's verdict and power mode are read out of either sense format") {
  CHECK(parse_ata_smart_status(ata_sense(0, 0x4f, 0xc2)) == true);
  CHECK(parse_ata_smart_status(ata_sense(0, 0xf4, 0x2c)) == false);
  CHECK(parse_ata_smart_status(ata_sense(0, 0, 0)).error().code == Errc::unsupported);
  CHECK(parse_ata_power_mode(ata_sense(0xff, 0, 0)) == 0xff);
  CHECK(parse_ata_power_mode(ata_sense(0x00, 0, 0)) == 0);
  std::string fixed(18, '\0');
  put(fixed, 0, 0x70, 1);
  put(fixed, 6, 0x80, 1);
  put(fixed, 10, 0xf4, 1);
  put(fixed, 11, 0x2c, 1);
  put(fixed, 13, 0x1d, 1);
  CHECK(parse_ata_power_mode(fixed) == 0x80);
  CHECK(parse_ata_smart_status(fixed) == false);
  // Bridges that return nothing, cut descriptors and descriptors of length 0 must neither loop nor read past the end.
  for (const auto& sense : {std::string(), std::string(8, '\0'), std::string("\x72"),
                            ata_sense(0, 0x4f, 0xc2).substr(0, 15), "\x72" + std::string(60, '\0')}) {
    CHECK_FALSE(parse_ata_smart_status(sense).has_value());
  }
}

TEST_CASE("Self-test and error logs give counts and whether the newest test failed") {
  std::string tests(512, '\0');
  put(tests, 2, 0x01, 1);
  put(tests, 3, 0x00, 1);
  put(tests, 2 + 24, 0x02, 1);
  put(tests, 3 + 24, 0x79, 1);  // read failure
  put(tests, 508, 2, 1);
  SmartReport report;
  REQUIRE(parse_ata_self_test_log(with_sum(tests), report).has_value());
  CHECK(report.self_tests == 2U);
  CHECK(report.self_tests_failed == 1U);
  CHECK(report.latest_self_test_failed == true);

  std::string errors(512, '\0');
  put(errors, 0, 1, 1);
  put(errors, 1, 1, 1);
  put(errors, 2 + 61, 0x40, 1);
  put(errors, 452, 321, 2);
  REQUIRE(parse_ata_error_log(with_sum(errors), report).has_value());
  CHECK(report.error_log_count == 321U);
  CHECK(report.error_log_unc == 1U);

  put(tests, 508, 22, 1);
  CHECK_FALSE(parse_ata_self_test_log(with_sum(tests), report).has_value());
}
