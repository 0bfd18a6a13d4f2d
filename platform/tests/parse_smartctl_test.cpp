#include <catch2/catch_test_macros.hpp>
#include <string>

#include "platform/parse/smartctl.hpp"

using namespace hale;

namespace {

const std::string kAtaText = R"(smartctl 7.3 2022-02-28 r5338 [x86_64-linux-6.1.0] (local build)

=== START OF INFORMATION SECTION ===
Model Family:     Example Family
Device Model:     ST2000TEST01
Serial Number:    ZEXAMPLE1
Firmware Version: CC52
User Capacity:    2,000,398,934,016 bytes [2.00 TB]
Rotation Rate:    7200 rpm
SMART support is: Available - device has SMART capability.
SMART support is: Enabled

=== START OF READ SMART DATA SECTION ===
SMART overall-health self-assessment test result: FAILED!
Drive failure expected in less than 24 hours. SAVE ALL DATA.

Vendor Specific SMART Attributes with Thresholds:
ID# ATTRIBUTE_NAME          FLAGS    VALUE WORST THRESH FAIL RAW_VALUE
  1 Raw_Read_Error_Rate     POSR--   079   063   044    -    87105608
  5 Reallocated_Sector_Ct   PO--CK   001   001   010    NOW  4032
  9 Power_On_Hours          -O--CK   039   039   000    -    53657
188 Command_Timeout         -O--CK   100   099   000    -    0 0 2
190 Airflow_Temperature_Cel -O---K   066   041   045    Past 34 (Min/Max 30/59)
194 Temperature_Celsius     -O---K   034   059   000    -    34 (0 25 0 0 0)
                            ||||||_ K auto-keep

SMART Extended Comprehensive Error Log Version: 1 (5 sectors)
Device Error Count: 7
Error 7 [6] occurred at disk power-on lifetime: 53000 hours
  40 -- 51 00 08 00 00  Error: UNC at LBA = 0x000007d0 = 2000

SMART Extended Self-test Log Version: 1 (1 sectors)
Num  Test_Description    Status                  Remaining  LifeTime(hours)  LBA_of_first_error
# 1  Extended offline    Completed: read failure       90%     53600         2000
# 2  Short offline       Completed without error       00%     50000         -
)";

const std::string kNvmeText = R"(=== START OF INFORMATION SECTION ===
Model Number:                       EXAMPLE SSD 1TB
Serial Number:                      S1
Firmware Version:                   1B2Q
Critical Comp. Temp. Threshold:     85 Celsius
=== START OF SMART DATA SECTION ===
SMART overall-health self-assessment test result: PASSED

SMART/Health Information (NVMe Log 0x02)
Critical Warning:                   0x04
Temperature:                        31 Celsius
Available Spare:                    98%
Available Spare Threshold:          10%
Percentage Used:                    103%
Data Units Read:                    10.993.125 [5,62 TB]
Power On Hours:                     12,345
Media and Data Integrity Errors:    3
Temperature Sensor 2:               44 Celsius

Error Information (NVMe Log 0x01, 16 of 64 entries)
No Errors Logged
)";

}  // namespace

TEST_CASE("An ATA text report gives identity, verdict, attributes and logs") {
  const auto report = parse_smartctl_text(kAtaText);
  REQUIRE(report.has_value());
  CHECK(report->protocol == DriveProtocol::ata);
  CHECK(report->model == "ST2000TEST01");
  CHECK(report->serial == "ZEXAMPLE1");
  CHECK(report->firmware == "CC52");
  CHECK(report->capacity_bytes == 2'000'398'934'016U);
  CHECK(report->rotation_rpm == 7200);
  CHECK(report->smart_enabled == true);
  CHECK(report->self_assessment == false);
  REQUIRE(report->attributes.size() == 6);
  CHECK(report->find(1)->value == 0.0);
  CHECK(report->find(1)->raw48 == 87'105'608U);
  CHECK(report->find(5)->value == 4032.0);
  CHECK(report->find(5)->failing_now);
  CHECK(report->find(5)->prefailure);
  CHECK(report->find(188)->value == 2.0);
  CHECK(report->find(190)->failed_past);
  CHECK(report->temperature == 34.0);
  CHECK(report->power_on_hours == 53657.0);
  CHECK(report->error_log_count == 7U);
  CHECK(report->error_log_unc == 1U);
  CHECK(report->self_tests == 2U);
  CHECK(report->self_tests_failed == 1U);
  CHECK(report->latest_self_test_failed == true);
}

TEST_CASE("The older attribute table of smartctl -a is read as well") {
  const auto report = parse_smartctl_text(
      "Device Model:     WDC WD10TEST\n"
      "ID# ATTRIBUTE_NAME          FLAG     VALUE WORST THRESH TYPE      UPDATED  WHEN_FAILED RAW_VALUE\n"
      "  5 Reallocated_Sector_Ct   0x0033   100   100   010    Pre-fail  Always       -       17\n"
      "190 Airflow_Temperature_Cel 0x0022   066   041   045    Old_age   Always   In_the_past 34 (Min/Max 30/59)\n");
  REQUIRE(report.has_value());
  REQUIRE(report->attributes.size() == 2);
  CHECK(report->find(5)->value == 17.0);
  CHECK(report->find(5)->prefailure);
  CHECK(report->find(190)->failed_past);
  CHECK(report->temperature == 34.0);
}

TEST_CASE("An NVMe text report is read in any locale's digits") {
  const auto report = parse_smartctl_text(kNvmeText);
  REQUIRE(report.has_value());
  CHECK(report->protocol == DriveProtocol::nvme);
  CHECK(report->nvme.at("critical_warning") == 4.0);
  CHECK(report->nvme.at("percentage_used") == 103.0);
  CHECK(report->nvme.at("data_units_read") == 10'993'125.0);
  CHECK(report->nvme.at("media_errors") == 3.0);
  CHECK(report->nvme.at("temperature_sensors.2") == 44.0);
  CHECK_FALSE(report->nvme.contains("unsafe_shutdowns"));
  CHECK(report->temperature == 31.0);
  CHECK(report->temperature_critical == 85.0);
  CHECK(report->power_on_hours == 12345.0);
}

TEST_CASE("A report quoted in a mail is read like the original") {
  std::string quoted;
  for (const char c : kAtaText) quoted += c == '\n' ? std::string("\n> ") : std::string(1, c);
  const auto report = parse_smartctl_text("> " + quoted);
  REQUIRE(report.has_value());
  CHECK(report->attributes.size() == 6);
}

TEST_CASE("A SCSI drive's health, temperature and defects are read") {
  const auto report = parse_smartctl_text(
      "=== START OF INFORMATION SECTION ===\nVendor:               EXAMPLE\nProduct:              DISK600G\nRevision:  "
      "           A1B2\n"
      "=== START OF READ SMART DATA SECTION ===\nSMART Health Status: OK\nCurrent Drive Temperature:     36 "
      "C\nElements in grown defect list: 4\n"
      "Accumulated power on time, hours:minutes 1234:56\n");
  REQUIRE(report.has_value());
  CHECK(report->protocol == DriveProtocol::scsi);
  CHECK(report->self_assessment == true);
  CHECK(report->temperature == 36.0);
  CHECK(report->grown_defects == 4U);
  CHECK(report->power_on_hours == 1234.0);
}

TEST_CASE("A JSON document gives the same as its text") {
  const auto report = parse_smartctl(
      R"({"smartctl":{"version":[7,3]},"device":{"name":"/dev/sda","protocol":"ATA"},"model_name":"ST2000TEST01","serial_number":"Z1",
    "smart_status":{"passed":false},"power_on_time":{"hours":53657},"temperature":{"current":34},
    "ata_smart_attributes":{"table":[
      {"id":5,"name":"Reallocated_Sector_Ct","value":1,"worst":1,"thresh":10,"when_failed":"now","flags":{"prefailure":true},"raw":{"value":4032,"string":"4032"}},
      {"id":188,"name":"Command_Timeout","value":100,"worst":99,"thresh":0,"when_failed":"","raw":{"value":4295032833,"string":"1 1 1"}}]},
    "ata_smart_error_log":{"summary":{"count":7}},
    "ata_smart_self_test_log":{"standard":{"count":2,"table":[{"status":{"value":116,"passed":false}},{"status":{"value":0,"passed":true}}]}}})");
  REQUIRE(report.has_value());
  CHECK(report->self_assessment == false);
  CHECK(report->find(5)->failing_now);
  CHECK(report->find(188)->value == 1.0);
  CHECK(report->find(188)->raw48 == 4'295'032'833U);
  CHECK(report->error_log_count == 7U);
  CHECK(report->latest_self_test_failed == true);
  CHECK(report->power_on_hours == 53657.0);
}

TEST_CASE("A drive that smartctl could not open is said in smartctl's words") {
  const auto report = parse_smartctl(
      R"({"smartctl":{"exit_status":2,"messages":[{"string":"/dev/sdx: Unable to detect device type","severity":"error"}]}})");
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().code == Errc::unavailable);
  CHECK(report.error().message == "smartctl: /dev/sdx: Unable to detect device type");
}

TEST_CASE("What is not smartctl's is refused with the place") {
  for (const char* text : {"", "   ", "hello\nworld", "{", "{\"a\":1}", "[1,2]",
                           "{\"ata_smart_attributes\":{\"table\":3}}", "\xff\xfe\x00"}) {
    CAPTURE(text);
    const auto report = parse_smartctl(text);
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().code == Errc::invalid_input);
  }
  CHECK(parse_smartctl("{\"device\":").error().message.find("byte") != std::string::npos);
}

TEST_CASE("A number that no double can hold makes a document malformed, not the program end") {
  for (const char* text : {R"({"temperature":{"current":1e999}})", R"({"jsn":[2e000000000000000000010000,0]})", "[-1e400"}) {
    const auto report = parse_smartctl_json(text);
    REQUIRE_FALSE(report);
    CHECK(report.error().code == Errc::invalid_input);
  }
}

TEST_CASE("Wrong types and huge numbers in a document are absent, not zero") {
  const auto report = parse_smartctl(
      R"({"model_name":"X","device":{"protocol":7},"temperature":{"current":"hot"},"rotation_rate":1e300,"power_on_time":{"hours":99999999},
    "ata_smart_attributes":{"table":[{"id":0},{"id":300},{"id":5,"value":"a","raw":{"value":-1,"string":"x"}},7]}})");
  REQUIRE(report.has_value());
  CHECK_FALSE(report->temperature.has_value());
  CHECK_FALSE(report->rotation_rpm.has_value());
  CHECK_FALSE(report->power_on_hours.has_value());
  REQUIRE(report->attributes.size() == 1);
  CHECK_FALSE(report->attributes[0].value.has_value());
  CHECK_FALSE(report->attributes[0].normalized.has_value());
}

TEST_CASE("A report becomes readings only for what it says") {
  std::vector<Reading> readings;
  append_smart_readings(*parse_smartctl_text(kAtaText), "disk0", from_unix_ms(1000), readings);
  const auto find = [&](Metric metric, const std::string& key) -> std::optional<double> {
    for (const auto& r : readings) {
      if (r.metric == metric && r.key == key) return r.value;
    }
    return std::nullopt;
  };
  CHECK(find(Metric::hw_physical_disk_smart, "5") == 4032.0);
  CHECK(find(Metric::hw_physical_disk_smart, "1.raw48") == 87'105'608.0);
  CHECK(find(Metric::hw_physical_disk_smart, "5.threshold") == 10.0);
  CHECK(find(Metric::hw_physical_disk_smart, "self_assessment") == 0.0);
  CHECK(find(Metric::hw_temperature, "") == 34.0);
  CHECK(find(Metric::hw_physical_disk_power_on_hours, "") == 53657.0);
  CHECK_FALSE(find(Metric::hw_physical_disk_smart, "194.raw48").has_value());
}
