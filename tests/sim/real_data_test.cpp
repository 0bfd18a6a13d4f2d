// Keeps the simulator honest: what real machines recorded lies within what its
// ranges can make.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <fstream>
#include <sstream>

#include "platform/compression.hpp"
#include "tests/sim/simulation.hpp"
#include "tests/support/data.hpp"

using namespace hale::sim;

namespace {

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream text(line);
  for (std::string cell; std::getline(text, cell, ',');) {
    if (cell.size() >= 2 && cell.front() == '"') cell = cell.substr(1, cell.size() - 2);
    cells.push_back(cell);
  }
  return cells;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Of the simulated values, the share below the real one.
double place_of(double real, const std::vector<double>& simulated) {
  const auto below = std::count_if(simulated.begin(), simulated.end(), [&](double one) { return one < real; });
  return static_cast<double>(below) / static_cast<double>(simulated.size());
}

struct Second {
  double watts{}, die{}, rpm{}, room{};
};

/// Ryzen 4650G under an NH-L9a, power limit raised by 1 W every 25 s.
std::vector<Second> ryzen() {
  std::ifstream file(hale::test::data_or_skip("thermal/ryzen4650g_nhl9a_ppt_steps.csv"));
  std::vector<Second> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const auto cells = cells_of(line);
    rows.push_back({std::stod(cells[1]), std::stod(cells[2]), std::stod(cells[3]), std::stod(cells[4])});
  }
  return rows;
}

double resistance_between(const std::vector<Second>& rows, double low_rpm, double high_rpm) {
  std::vector<double> values;
  for (const Second& row : rows) {
    if (row.rpm >= low_rpm && row.rpm < high_rpm && row.watts > 17) values.push_back((row.die - row.room) / row.watts);
  }
  REQUIRE(values.size() > 50);
  return mean(values);
}

/// Dell Precision 5570: package power and hottest core, once a second, at some
/// tenth of its load.
std::vector<Second> precision() {
  std::ifstream file(hale::test::data_or_skip("thermal/hwinfo_precision5570.csv.gz"), std::ios::binary);
  std::stringstream packed;
  packed << file.rdbuf();
  const auto text = hale::gzip_decompress(packed.str(), 1u << 28);
  REQUIRE(text);
  std::stringstream lines(*text);
  std::string line;
  std::getline(lines, line);
  const auto names = cells_of(line);
  const auto column = [&](const std::string& begin) {
    const auto at =
        std::find_if(names.begin(), names.end(), [&](const std::string& name) { return name.starts_with(begin); });
    REQUIRE(at != names.end());
    return static_cast<std::size_t>(at - names.begin());
  };
  const auto power = column("CPU Package Power"), die = column("CPU Package [");
  std::vector<Second> rows;
  while (std::getline(lines, line)) {
    const auto cells = cells_of(line);
    // The log ends with its header again.
    if (cells.size() <= std::max(power, die) || cells[power].find_first_not_of("0123456789.") != std::string::npos)
      continue;
    rows.push_back({std::stod(cells[power]), std::stod(cells[die]), 0, 25});  // its room is not recorded: an office
  }
  return rows;
}

}  // namespace

TEST_CASE(
    "a real desktop's resistance, and how it falls with fan speed, lie "
    "within the simulated towers") {
  const auto rows = ryzen();
  const double slow = resistance_between(rows, 620, 760), fast = resistance_between(rows, 1750, 1950);
  std::vector<double> ratios, resistances;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed, Stream::machine);
    const Machine machine = draw_machine(MachineClass::tower, random);
    Network network(machine);
    network.set_wear({});
    const Heat heat{.cpu = 35, .gpu = 0, .other = 10, .disk = 1, .battery = 0, .sun = 0};
    // The NH-L9a's top speed is 2500 rpm.
    const double at_slow = network.resistance(heat, 690 / 2500.0), at_fast = network.resistance(heat, 1850 / 2500.0);
    ratios.push_back(at_slow / at_fast);
    resistances.push_back(at_fast);
  }
  INFO("real: " << slow << " K/W at 690 rpm, " << fast << " at 1850; place of the ratio "
                << place_of(slow / fast, ratios) << ", of the resistance " << place_of(fast, resistances));
  CHECK(place_of(slow / fast, ratios) > 0.03);
  CHECK(place_of(slow / fast, ratios) < 0.97);
  CHECK(place_of(fast, resistances) > 0.03);
  CHECK(place_of(fast, resistances) < 0.97);
}

TEST_CASE(
    "a real laptop's heat at light load, and how restless it is, lie "
    "within the simulated laptops") {
  const auto rows = precision();
  REQUIRE(rows.size() > 1000);
  std::vector<double> per_watt;
  double scatter = 0;
  for (std::size_t minute = 0; minute + 60 <= rows.size(); minute += 60) {
    double watts = 0, die = 0, squares = 0;
    for (std::size_t i = minute; i < minute + 60; ++i) watts += rows[i].watts / 60, die += rows[i].die / 60;
    for (std::size_t i = minute; i < minute + 60; ++i) squares += (rows[i].die - die) * (rows[i].die - die) / 60;
    per_watt.push_back((die - 25) / watts);
    scatter += std::sqrt(squares) * 60 / static_cast<double>(rows.size());
  }
  std::vector<double> simulated, restless;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Simulation simulation(draw_scenario(
        seed, {Case::healthy, seed % 2 == 0 ? MachineClass::gaming : MachineClass::thin, Tier::full, 12}));
    Row row;
    std::vector<double> light, jumps;
    double before = 0;
    while (simulation.next(row)) {
      const double load = row.values[static_cast<std::size_t>(Channel::load)], watts = simulation.processor().watts;
      if (load > 0.05 && load < 0.25 && watts > 4) {
        light.push_back((simulation.processor().die - simulation.room_now()) / watts);
        jumps.push_back(std::abs(simulation.processor().die - before));
      }
      before = simulation.processor().die;
    }
    if (light.size() < 30) continue;
    simulated.push_back(mean(light));
    restless.push_back(mean(jumps));
  }
  // Independent readings that scatter by s differ by 2 s / sqrt(pi) on average.
  const double jump = scatter * 2 / std::sqrt(3.14159);
  INFO("real: " << mean(per_watt) << " K/W, minute to minute " << jump << " K; places "
                << place_of(mean(per_watt), simulated) << ", " << place_of(jump, restless));
  CHECK(place_of(mean(per_watt), simulated) > 0.02);
  CHECK(place_of(mean(per_watt), simulated) < 0.98);
  CHECK(place_of(jump, restless) > 0.02);
  CHECK(place_of(jump, restless) < 0.98);
}
