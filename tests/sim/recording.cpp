#include "tests/sim/recording.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "platform/compression.hpp"

namespace hale::sim {
namespace {

std::vector<Channel> shown_channels(const Scenario& scenario) {
  std::vector<Channel> channels;
  for (std::size_t i = 0; i < kChannels; ++i) {
    if (scenario.sensors.sensors[i].present) channels.push_back(static_cast<Channel>(i));
  }
  return channels;
}

void append_number(std::string& line, double value) {
  if (std::isnan(value)) return;
  if (value == std::round(value)) {
    fmt::format_to(std::back_inserter(line), "{:.0f}", value);
    return;
  }
  fmt::format_to(std::back_inserter(line), "{:.3f}", value);
  while (line.back() == '0') line.pop_back();
}

void append_context(std::string& line, const Row& row, bool first, const Scenario& scenario) {
  if (row.context_changed) {
    const Context& now = *row.context;
    fmt::format_to(std::back_inserter(line), ",{},{},{},{},{},{},{}", now.boot_id, now.os_build, now.bios_version,
                   now.platform_profile, first ? now.host_chassis : "", first ? fmt::format("{}", *now.utc_offset) : "",
                   first ? (scenario.machine.hard_disk ? "Simulated HDD" : "Simulated SSD") : "");
  } else {
    line += ",,,,,,,";
  }
}

}  // namespace

Result<Simulation> write_recording(const Scenario& scenario, const std::filesystem::path& file) {
  const auto channels = shown_channels(scenario);
  std::string text =
      "time,device,boot_id,os.build,bios.version,platform.profile,host.chassis,host.utc_offset,hw.model/disk0";
  for (const Channel channel : channels) text.append(",").append(column_of(channel));
  text += '\n';
  Simulation simulation(scenario);
  Row row;
  bool first = true;
  while (simulation.next(row)) {
    fmt::format_to(std::back_inserter(text), "{},sim-{}", row.time_ms / 1000, scenario.seed);
    append_context(text, row, first, scenario);
    for (const Channel channel : channels) {
      text += ',';
      append_number(text, row.values[static_cast<std::size_t>(channel)]);
    }
    text += '\n';
    first = false;
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  const std::string bytes = file.extension() == ".gz" ? gzip_compress(text) : std::move(text);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return fail(Errc::io, "cannot write " + file.string());
  return simulation;
}

}  // namespace hale::sim
