// The parsers, the gate and the rules over everything that other people's machines recorded: nothing crashes, nothing
// absurd gets through, and machines that were well raise nothing.
#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdio>

#include "platform/tests/event_xml_file.hpp"
#include "rules/recording.hpp"
#include "tests/realdata/sources.hpp"
#include "tests/support/data.hpp"

using namespace hale;
using namespace hale::test;

namespace {

namespace fs = std::filesystem;
using Extremes = std::map<std::string, std::pair<double, double>>;

const rules::RuleSet& builtin() {
  static const auto rules = rules::RuleSet::builtin();
  REQUIRE(rules);
  return *rules;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string joined(const std::map<std::string, int>& findings) {
  std::string text;
  for (const auto& [finding, count] : findings)
    text += fmt::format("{}{} × {}", text.empty() ? "" : ", ", count, finding);
  return text.empty() ? "none" : text;
}

int alarms(const Pipeline::Tally& tally) {
  int sum = 0;
  for (const auto& [finding, count] : tally.findings) sum += finding.ends_with(" info") ? 0 : count;
  return sum;
}

/// What no reading that was let through may exceed, by metric.
void check_nothing_absurd(const Extremes& extremes) {
  const Extremes bounds = {{"hw.temperature", {-40, 130}},        {"hw.temperature.limit", {40, 150}},
                           {"hw.fan.speed", {0, 30000}},          {"hw.power", {0, 3000}},
                           {"system.cpu.utilization", {0, 1.02}}, {"hw.battery.charge", {0, 1.05}}};
  for (const auto& [metric, range] : extremes) {
    const auto bound = bounds.find(metric);
    if (bound == bounds.end()) continue;
    INFO(metric << ": " << range.first << " to " << range.second);
    CHECK(range.first >= bound->second.first);
    CHECK(range.second <= bound->second.second);
  }
}

struct Row {
  std::string source, amount;
  Pipeline::Tally tally;
};

Pipeline::Tally kernel_logs(const std::vector<fs::path>& files) {
  Pipeline::Tally sum;
  for (const auto& file : files) sum += judge_kernel_log(builtin(), file);
  return sum;
}

std::vector<fs::path> healthy_logs(const fs::path& data) {
  const auto logs = data / "kernel_logs";
  return {logs / "loghub_Linux_2k.log.gz", logs / "gpud_kmsg1.log", logs / "normal" / "hotsos_openstack_dmesg.gz",
          logs / "normal" / "hotsos_openstack_kern.log.gz"};
}

}  // namespace

TEST_CASE("the kernel logs of healthy machines raise no finding on their way through collector and rules") {
  const auto data = data_or_skip("kernel_logs").parent_path();
  for (const auto& log : healthy_logs(data)) {
    INFO(log.filename().string());
    const auto tally = judge_kernel_log(builtin(), log);
    CHECK(tally.events == 0);
    CHECK(joined(tally.findings) == "none");
    CHECK(tally.messages == 0);
  }
}

// Excerpts of minutes: what is judged by days cannot speak; memory that failed is told at once.
TEST_CASE("logs that people posted because something was wrong run through without harm") {
  const auto tally = kernel_logs(files_in(data_or_skip("kernel_logs/lists")));
  CHECK(tally.events > 1000);
  CHECK(joined(tally.findings) == "2 × memory.failed critical");
}

TEST_CASE(
    "the event logs of two healthy Windows PCs raise no finding, their three disk events and two stops included") {
  const auto folder = data_or_skip("windows");
  for (const auto* name : {"omer_system.evtx.xml.gz", "will_system.evtx.xml.gz"}) {
    INFO(name);
    const auto tally = judge_windows_log(builtin(), folder / name);
    CHECK(tally.events > 0);
    CHECK(joined(tally.findings) == "none");
  }
}

TEST_CASE("one look at a real machine raises no finding and lets nothing absurd through") {
  const auto data = data_or_skip("sensors").parent_path();
  Extremes extremes;
  Pipeline::Tally sum;
  for (const auto& file : files_in(data / "sensors")) {
    INFO(file.string());
    const auto tally = judge_sensors(builtin(), file, extremes);
    CHECK(joined(tally.findings) == "none");
    sum += tally;
  }
  for (const auto& [file, root] :
       std::map<std::string, std::string>{{"node_exporter_sys.ttar.gz", ""}, {"procfs_fixtures.ttar.gz", "fixtures"}}) {
    INFO(file);
    CHECK(joined(judge_sysfs(builtin(), data / "sysfs" / file, root, extremes).findings) == "none");
  }
  CHECK(sum.accepted > 300);
  check_nothing_absurd(extremes);
}

TEST_CASE("batteries as their owners printed them are read, and one look raises nothing") {
  for (const auto& file : files_in(data_or_skip("battery"))) {
    INFO(file.string());
    const auto tally = judge_battery(builtin(), file);
    CHECK(tally.accepted > 0);
    CHECK(tally.refused == 0);
    CHECK(joined(tally.findings) == "none");
  }
}

TEST_CASE("recorded series under full load raise no alarm, and what their sensors made up is refused") {
  const auto folder = data_or_skip("thermal");
  Extremes extremes;
  const auto boards = judge_sbc_bench(builtin(), folder / "sbc_bench_series.csv.gz", extremes);
  CHECK(boards.accepted > 8000);
  CHECK(boards.refused > 0);  // -273200 °C
  CHECK(alarms(boards) == 0);
  for (const auto* name :
       {"hwinfo_precision5570.csv.gz", "hwinfo_versalogic_prime95.csv.gz", "hwinfo_zh_locale.csv.gz"}) {
    INFO(name);
    const auto tally = judge_hwinfo(builtin(), folder / name, 2, extremes);
    CHECK(tally.accepted > 1000);
    CHECK(alarms(tally) == 0);
  }
  check_nothing_absurd(extremes);
}

TEST_CASE("smartctl's documents and reports of real drives are judged or refused by name, never with a crash") {
  const auto data = data_or_skip("smart_json").parent_path();
  for (const auto* folder : {"smart_json", "smart_reports/lists"}) {
    std::size_t said = 0;
    rules::ReplayOptions options;
    options.from_smartctl = true;
    const int code = rules::replay(
        {data / folder}, options, [&](std::string_view text) { said += text.size(); },
        [](std::string_view complaint) { CHECK(complaint.find(": ") != std::string_view::npos); });
    CHECK((code == 0 || code == 2));
    CHECK(said > 1000);
  }
}

// ./dev bench rules prints it: "real_data_test [table]".
TEST_CASE("the table of false alarms by source", "[.][table]") {
  const auto data = data_or_skip("kernel_logs").parent_path();
  Extremes extremes;
  std::vector<Row> rows;
  const auto normal = healthy_logs(data);
  rows.push_back({"kernel logs of healthy machines", fmt::format("{} machines", normal.size()), kernel_logs(normal)});
  const auto posted = files_in(data / "kernel_logs" / "lists");
  rows.push_back({"kernel logs posted for help", fmt::format("{} excerpts", posted.size()), kernel_logs(posted)});
  for (const auto* name : {"omer_system.evtx.xml.gz", "will_system.evtx.xml.gz"}) {
    const auto log = data / "windows" / name;
    rows.push_back({fmt::format("Windows event log ({})", std::string(name).substr(0, 4)),
                    fmt::format("{} events", events_in(log).size()), judge_windows_log(builtin(), log)});
  }
  Pipeline::Tally sensors;
  const auto outputs = files_in(data / "sensors");
  for (const auto& file : outputs) sensors += judge_sensors(builtin(), file, extremes);
  rows.push_back({"sensors of real PCs, one look each", fmt::format("{} outputs", outputs.size()), sensors});
  Pipeline::Tally trees = judge_sysfs(builtin(), data / "sysfs" / "node_exporter_sys.ttar.gz", "", extremes);
  trees += judge_sysfs(builtin(), data / "sysfs" / "procfs_fixtures.ttar.gz", "fixtures", extremes);
  rows.push_back({"captured /sys and /proc", "2 trees", trees});
  rows.push_back({"single-board computers under full load", "sbc-bench runs",
                  judge_sbc_bench(builtin(), data / "thermal" / "sbc_bench_series.csv.gz", extremes)});
  for (const auto* name : {"hwinfo_precision5570", "hwinfo_versalogic_prime95", "hwinfo_zh_locale"})
    rows.push_back({std::string(name), "one PC, every 2 s",
                    judge_hwinfo(builtin(), data / "thermal" / (std::string(name) + ".csv.gz"), 2, extremes)});
  fmt::print(
      "| source | amount | readings kept | refused | events | alarms | good to know | messages "
      "|\n|---|---|---|---|---|---|---|---|\n");
  for (const auto& row : rows) {
    std::map<std::string, int> loud;
    std::map<std::string, int> quiet;
    for (const auto& [finding, count] : row.tally.findings)
      (finding.ends_with(" info") ? quiet : loud)[finding] = count;
    fmt::print("| {} | {} | {} | {} | {} | {} | {} | {} |\n", row.source, row.amount, row.tally.accepted,
               row.tally.refused, row.tally.events, joined(loud), joined(quiet), row.tally.messages);
  }
}
