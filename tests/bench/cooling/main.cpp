// hale-bench-cooling: how right the cooling rules are, on simulated machines. ./dev bench rules runs it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/bench/cooling/run.hpp"
#include "tests/bench/cooling/tables.hpp"

namespace {

using namespace hale;

/// Seeds that a rule may be tuned on, and those that measure it. Never look at the second when tuning.
constexpr std::uint64_t kTuningSeed = 1, kFinalSeed = 5'000'001;

struct Options {
  bool tuning{}, quick{};
  std::uint64_t first{};
  std::string csv, into, rules;
  bench::FleetRequest fleet;
};

template <typename T>
void filter(CLI::App& app, const char* flag, std::optional<T>& into, std::optional<T> (*parse)(std::string_view)) {
  app.add_option_function<std::string>(
      flag,
      [&into, parse, flag](const std::string& text) {
        into = parse(text);
        if (!into) throw CLI::ValidationError(flag, "unknown: " + text);
      },
      "Only this one");
}

bool write(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) std::fprintf(stderr, "hale-bench-cooling: cannot write %s\n", file.c_str());
  return bool(out);
}

/// Between the markers of a page that says more than this.
bool put_into_page(const std::string& file, const std::string& tables) {
  const std::string begin = "<!-- cooling: begin -->\n", end = "<!-- cooling: end -->";
  std::ifstream in(file, std::ios::binary);
  std::stringstream page;
  page << in.rdbuf();
  std::string text = page.str();
  const auto from = text.find(begin), to = text.find(end);
  if (from == std::string::npos || to == std::string::npos || to < from) {
    std::fprintf(stderr, "hale-bench-cooling: %s has no place for the tables\n", file.c_str());
    return false;
  }
  text.replace(from + begin.size(), to - from - begin.size(), tables);
  return write(file, text);
}

std::string command(const Options& options) {
  std::string how = "hale-bench-cooling";
  if (options.tuning) how += " --tuning";
  if (options.first != 0) how += " --seed " + std::to_string(options.first);
  how += " --count " + std::to_string(options.fleet.count);
  if (options.fleet.request.days > 0) how += " --days " + std::to_string(options.fleet.request.days);
  return how;
}

int run(Options& options) {
  const auto rules = options.rules.empty() ? rules::RuleSet::builtin() : rules::RuleSet::load(options.rules);
  if (!rules) {
    std::fprintf(stderr, "hale-bench-cooling: %s\n", rules.error().message.c_str());
    return 2;
  }
  options.fleet.first_seed = options.first != 0 ? options.first : options.tuning ? kTuningSeed : kFinalSeed;
  const int count = options.fleet.count;
  const auto fleet = bench::judge_fleet(options.fleet, *rules, [&](int done) {
    if (done % 20 == 0 || done == count) std::fprintf(stderr, "\r%d of %d histories", done, count);
  });
  std::fprintf(stderr, "\n");
  const std::string tables = bench::cooling_tables(fleet, command(options));
  std::fputs(tables.c_str(), stdout);
  if (!options.csv.empty() && !write(options.csv, bench::machines_csv(fleet))) return 1;
  if (!options.into.empty() && !put_into_page(options.into, tables)) return 1;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Judges simulated machine-histories and prints how right the cooling rules were.");
  Options options;
  options.fleet.count = 800;
  app.add_flag("--tuning", options.tuning, "Seeds 1 and up instead of the final ones, 5000001 and up");
  app.add_option("--seed", options.first, "First seed, instead");
  auto* count = app.add_option("--count", options.fleet.count, "Histories")->check(CLI::Range(1, 1'000'000));
  app.add_flag("--quick", options.quick, "200 histories")->excludes(count);
  app.add_option("--days", options.fleet.request.days, "Length of each; 0 = drawn from 120 to 365")
      ->check(CLI::Range(0, 4000));
  app.add_option("--jobs", options.fleet.jobs, "Threads")->check(CLI::Range(1, 64));
  app.add_option("--csv", options.csv, "Also one line a machine, into this file");
  app.add_option("--into", options.into, "Also put the tables between the markers of this page");
  app.add_option("--rules", options.rules, "Folder of packs instead of those built in");
  filter(app, "--case", options.fleet.request.what, sim::parse_case);
  filter(app, "--class", options.fleet.request.kind, sim::parse_class);
  filter(app, "--tier", options.fleet.request.tier, sim::parse_tier);
  CLI11_PARSE(app, argc, argv);
  if (options.quick) options.fleet.count = 200;
  return run(options);
}
