#include "core/metric.hpp"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string_view>

using namespace hale;

TEST_CASE("every metric is found by its own name and no two share one") {
  std::set<std::string_view> names;
  for (const auto& row : all_metrics()) {
    CHECK(find_metric(row.name) == row.metric);
    CHECK(&info(row.metric) == &row);
    CHECK_FALSE(row.unit.empty());
    CHECK(names.insert(row.name).second);
  }
}

TEST_CASE("a metric whose name begins like another's is a metric of its own") {
  CHECK(find_metric("hw.battery.capacity.full") == Metric::hw_battery_capacity_full);
  CHECK(find_metric("hw.temperature") == Metric::hw_temperature);
  CHECK(find_metric("hw.temperature.limit") == Metric::hw_temperature_limit);
  CHECK_FALSE(find_metric("hw.battery.capacity"));
  CHECK_FALSE(find_metric("hw.temperature.limits"));
  CHECK_FALSE(find_metric(""));
}

TEST_CASE("units are those of the conventions") {
  CHECK(info(Metric::hw_temperature).unit == "Cel");
  CHECK(info(Metric::hw_fan_speed).unit == "rpm");
  CHECK(info(Metric::hw_battery_charge).unit == "1");
  CHECK(info(Metric::system_cpu_frequency).unit == "Hz");
  CHECK(info(Metric::hale_cpu_throttle_time).unit == "ms");
}

TEST_CASE("system-wide metrics have no component and SMART has a further key") {
  CHECK_FALSE(info(Metric::system_cpu_utilization).has_component);
  CHECK_FALSE(info(Metric::hale_cpu_throttle_count).has_component);
  CHECK(info(Metric::hw_physical_disk_smart).has_key);
  CHECK(info(Metric::hw_errors).has_key);
  CHECK(info(Metric::hw_errors).kind == MetricKind::counter);
}
