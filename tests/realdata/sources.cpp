#include "tests/realdata/sources.hpp"

#include <zlib.h>

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>

#include "collectors/tests/machine.hpp"
#include "collectors/tests/sensors_output.hpp"
#include "collectors/tests/ttar.hpp"
#include "core/text.hpp"
#include "platform/parse/event_xml.hpp"
#include "platform/tests/event_xml_file.hpp"

namespace hale::test {
namespace {

namespace fs = std::filesystem;
using Extremes = std::map<std::string, std::pair<double, double>>;

const Timestamp kBegin = from_unix_ms(1'767'268'800'000);

/// Plain or gzip.
std::string text_of(const fs::path& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  std::string chunk(1 << 16, '\0');
  for (int got = 0; (got = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;)
    text.append(chunk, 0, static_cast<std::size_t>(got));
  gzclose(file);
  return text;
}

void widen_by(const Pipeline& pipeline, Extremes& extremes) {
  for (const auto& [metric, range] : pipeline.extremes()) {
    const auto [at, fresh] = extremes.try_emplace(metric, range);
    at->second.first = std::min(at->second.first, range.first);
    at->second.second = std::max(at->second.second, range.second);
  }
}

void sweep_everything(Pipeline& pipeline, Machine& machine, const CollectorEnvironment& environment) {
  for (const auto& collector : make_collectors(environment)) {
    Collection out;
    out.time = machine.clock().now();
    collector->collect(out, true);
    pipeline.take(out);
    machine.pass(std::chrono::milliseconds(10));
  }
}

std::vector<std::string> csv_cells(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else if (c != '\r')
      cells.back() += c;
  }
  return cells;
}

std::string component_of(const std::string& heading) {
  std::string id;
  for (const char c : heading.substr(0, heading.rfind('[')))
    id += std::isalnum(static_cast<unsigned char>(c)) != 0 ? static_cast<char>(std::tolower(c)) : '-';
  return id;
}

std::optional<Metric> metric_of(const std::string& heading) {
  if (heading.ends_with("C]")) return Metric::hw_temperature;
  if (heading.ends_with("[RPM]")) return Metric::hw_fan_speed;
  if (heading.ends_with("[W]")) return Metric::hw_power;
  return std::nullopt;
}

/// The number after a key: "energy-full-design:  48.84 Wh" -> 48.84.
std::optional<double> number_after(const std::string& text, const std::string& key) {
  const auto at = text.find(key);
  if (at == std::string::npos) return std::nullopt;
  const auto begin = text.find_first_of("0123456789", at + key.size());
  if (begin == std::string::npos) return std::nullopt;
  return parse_double(text.substr(begin, text.find_first_not_of("0123456789.", begin) - begin));
}

}  // namespace

Pipeline::Tally judge_kernel_log(const rules::RuleSet& rules, const fs::path& log) {
  Machine machine;
  fs::create_directories(machine.path() / "dev");
  std::ofstream(machine.path() / "dev" / "kmsg", std::ios::binary) << text_of(log);
  Pipeline pipeline(rules);
  const auto collector = find_collector(machine.environment(), "events");
  std::string before = "none";
  while (collector->bookmark() != before) {
    before = collector->bookmark();
    pipeline.take(machine.sweep(*collector));
    machine.pass(std::chrono::seconds(10));
  }
  return pipeline.tally();
}

Pipeline::Tally judge_windows_log(const rules::RuleSet& rules, const fs::path& log) {
  Pipeline pipeline(rules);
  static constexpr std::string_view kTargets[] = {"host", "cpu", "memory", "gpu", "pci", "disk0"};
  for (const auto& xml : events_in(log)) {
    const auto event = parse_event_xml(xml);
    REQUIRE(event);
    if (!event->has_value()) continue;
    const bool numbered = (*event)->device.starts_with("Harddisk");
    const auto component = numbered ? "disk" + (*event)->device.substr(8)
                                    : std::string(kTargets[static_cast<std::size_t>((*event)->target)]);
    pipeline.happen(component, (*event)->source, (*event)->code);
    pipeline.step((*event)->time);
  }
  return pipeline.tally();
}

Pipeline::Tally judge_sensors(const rules::RuleSet& rules, const fs::path& output, Extremes& extremes) {
  Machine machine(sensors_tree(parse_sensors(read_all(output)), false));
  Pipeline pipeline(rules);
  sweep_everything(pipeline, machine, machine.environment());
  widen_by(pipeline, extremes);
  return pipeline.tally();
}

Pipeline::Tally judge_sysfs(const rules::RuleSet& rules, const fs::path& archive, const std::string& root,
                            Extremes& extremes) {
  Machine machine;
  unpack_ttar(archive, machine.path());
  auto environment = machine.environment();
  environment.roots.sys = machine.path() / root / "sys";
  environment.roots.proc = machine.path() / root / "proc";
  Pipeline pipeline(rules);
  sweep_everything(pipeline, machine, environment);
  widen_by(pipeline, extremes);
  return pipeline.tally();
}

Pipeline::Tally judge_battery(const rules::RuleSet& rules, const fs::path& output) {
  const auto text = read_all(output);
  Pipeline pipeline(rules);
  const auto give = [&](Metric metric, const std::string& key, double per) {
    if (const auto value = number_after(text, key)) pipeline.read(metric, "battery", *value / per);
  };
  give(Metric::hw_battery_capacity_full, "energy-full:", 1);
  give(Metric::hw_battery_capacity_design, "energy-full-design:", 1);
  give(Metric::hw_battery_charge, "percentage:", 100);
  // acpi -V tells charge, which without a voltage is no energy: only its percentage is taken.
  for (const std::string state : {"Battery 0: Charging,", "Battery 0: Discharging,", "Battery 0: Full,"})
    give(Metric::hw_battery_charge, state, 100);
  pipeline.step(kBegin);
  return pipeline.tally();
}

Pipeline::Tally judge_hwinfo(const rules::RuleSet& rules, const fs::path& log, int seconds, Extremes& extremes) {
  std::istringstream lines(text_of(log));
  std::string line;
  REQUIRE(std::getline(lines, line));
  const auto headings = csv_cells(line);
  Pipeline pipeline(rules);
  for (int row = 0; std::getline(lines, line); ++row) {
    const auto cells = csv_cells(line);
    for (std::size_t i = 0; i < std::min(cells.size(), headings.size()); ++i) {
      const auto metric = metric_of(headings[i]);
      const auto value = parse_double(cells[i]);
      if (metric && value) pipeline.read(*metric, std::to_string(i) + component_of(headings[i]), *value);
    }
    pipeline.step(kBegin + std::chrono::seconds(row * seconds));
  }
  widen_by(pipeline, extremes);
  return pipeline.tally();
}

Pipeline::Tally judge_sbc_bench(const rules::RuleSet& rules, const fs::path& series, Extremes& extremes) {
  std::istringstream lines(text_of(series));
  std::string line;
  REQUIRE(std::getline(lines, line));
  std::map<std::string, std::pair<std::unique_ptr<Pipeline>, int>> runs;
  while (std::getline(lines, line)) {
    const auto cells = csv_cells(line);
    if (cells.size() < 7) continue;
    auto& [pipeline, row] = runs[cells[0]];
    if (!pipeline) pipeline = std::make_unique<Pipeline>(rules);
    if (const auto load = parse_double(cells[5])) pipeline->read(Metric::system_cpu_utilization, "", *load / 100);
    if (const auto temperature = parse_double(cells[6])) pipeline->read(Metric::hw_temperature, "cpu", *temperature);
    pipeline->step(kBegin + std::chrono::seconds(10 * row++));
  }
  Pipeline::Tally sum;
  for (const auto& [name, run] : runs) {
    sum += run.first->tally();
    widen_by(*run.first, extremes);
  }
  return sum;
}

}  // namespace hale::test
