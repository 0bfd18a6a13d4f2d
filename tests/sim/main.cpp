// hale-sim: machine-histories with known truth, for tests, demos and tuning. Not installed.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include "tests/sim/recording.hpp"
#include "tests/sim/truth.hpp"

namespace {

namespace fs = std::filesystem;
using namespace hale::sim;

bool write_history(std::uint64_t seed, const Request& request, const fs::path& folder, bool packed) {
  const Scenario scenario = draw_scenario(seed, request);
  const std::string name = std::string(to_string(scenario.what)) + "-" + std::to_string(seed);
  const auto simulation = write_recording(scenario, folder / (name + (packed ? ".csv.gz" : ".csv")));
  if (!simulation) {
    std::fprintf(stderr, "hale-sim: %s\n", simulation.error().message.c_str());
    return false;
  }
  std::ofstream truth(folder / (name + ".truth.json"));
  truth << to_json(scenario, truth_of(scenario, *simulation));
  truth.close();
  if (!truth)
    std::fprintf(stderr, "hale-sim: cannot write the truth of %s\n", name.c_str());
  else
    std::printf("%s %s %s %d days\n", name.c_str(), std::string(to_string(scenario.machine.kind)).c_str(),
                std::string(to_string(scenario.sensors.tier)).c_str(), scenario.days);
  return bool(truth);
}

template <typename T>
void names(CLI::App& app, const char* flag, std::optional<T>& into, std::optional<T> (*parse)(std::string_view),
           int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += (i ? ", " : "") + std::string(to_string(static_cast<T>(i)));
  app.add_option_function<std::string>(
      flag,
      [&into, parse, all](const std::string& text) {
        into = parse(text);
        if (!into) throw CLI::ValidationError(text + ": one of " + all);
      },
      all);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes recordings of simulated PCs, and the truth about each beside it.");
  std::uint64_t seed = 1;
  int count = 1;
  Request request;
  std::string folder;
  bool packed = false;
  app.add_option("--seed", seed, "First seed");
  app.add_option("--count", count, "How many, from that seed on")->check(CLI::PositiveNumber);
  app.add_option("--days", request.days, "Length; 0 = drawn from 120 to 365")->check(CLI::Range(0, 4000));
  app.add_option("--out", folder, "Folder to write into")->required();
  app.add_flag("--gzip", packed, "Write .csv.gz");
  names(app, "--case", request.what, parse_case, kCases);
  names(app, "--class", request.kind, parse_class, kMachineClasses);
  names(app, "--tier", request.tier, parse_tier, kTiers);
  CLI11_PARSE(app, argc, argv);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    std::fprintf(stderr, "hale-sim: %s: %s\n", folder.c_str(), error.message().c_str());
    return 1;
  }
  for (int i = 0; i < count; ++i) {
    if (!write_history(seed + static_cast<std::uint64_t>(i), request, folder, packed)) return 1;
  }
  return 0;
}
