#include "rules/recording.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/sim/recording.hpp"
#include "tests/sim/truth.hpp"
#include "tests/support/data.hpp"

using namespace hale::sim;

TEST_CASE("a recording reads back through the product's reader, row for row and value for value") {
  const hale::test::TemporaryFolder folder;
  for (const char* name : {"one.csv", "one.csv.gz"}) {
    const Scenario scenario = draw_scenario(5, {Case::dust, MachineClass::gaming, Tier::full, 12});
    const auto file = folder.path() / name;
    REQUIRE(write_recording(scenario, file));
    hale::rules::Layout layout;
    auto reader = hale::rules::RecordingReader::open(file, layout);
    REQUIRE(reader);
    CHECK((*reader)->unknown_columns().empty());
    Simulation simulation(scenario);
    Row row;
    hale::rules::RecordingRow read;
    int rows = 0;
    while (simulation.next(row)) {
      REQUIRE((*reader)->next(read).value());
      ++rows;
      CHECK(hale::to_unix_ms(read.time) == row.time_ms);
      for (const auto& sample : read.samples) {
        const std::string column = hale::rules::name_of(layout.all_series()[sample.series]);
        for (std::size_t i = 0; i < kChannels; ++i) {
          if (column_of(static_cast<Channel>(i)) == column) CHECK(std::abs(row.values[i] - sample.value) <= 0.0006);
        }
      }
      REQUIRE(read.context != nullptr);
      CHECK(read.context->boot_id == row.context->boot_id);
      CHECK(read.context->host_chassis == "laptop");
    }
    CHECK_FALSE((*reader)->next(read).value());
    CHECK(rows > 100);
  }
}

TEST_CASE("the truth beside a recording names the fault, its days and what it did to whom") {
  const Scenario scenario = draw_scenario(8, {Case::dust, MachineClass::thin, Tier::basic, 60});
  const auto truth = nlohmann::json::parse(to_json(scenario, truth_of(scenario)));
  CHECK(truth["fault"] == "dust");
  CHECK(truth["resistance"].size() == 60);
  CHECK(truth["resistance"][0] == 1);
  CHECK(truth["twin_throttled_minutes"].size() == 60);
  CHECK(truth["device"] == "sim-8");
}
