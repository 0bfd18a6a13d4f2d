// hale record, replay, doctor: work without the agent.
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/cli/commands.hpp"
#include "agent/service/log.hpp"
#include "agent/service/scheduler.hpp"
#include "platform/crypto.hpp"
#include "platform/process.hpp"
#include "rules/recording.hpp"

namespace hale::agent::cli {
namespace {

/// One look only: a slow disk's answer is waited for.
constexpr std::chrono::seconds kDoctorWaits{30};

std::atomic<bool> interrupted{false};

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

CollectorEnvironment environment_for(const SystemRoots& roots) {
  // A recording or a diagnosis leaves this PC in the person's own hands: serial numbers are hashed with a key that is
  // thrown away.
  CollectorEnvironment environment;
  environment.roots = roots;
  if (!roots.captured) environment.probe = find_program("hale-probe");
  if (!roots.captured) environment.smartctl = find_program("smartctl");
  environment.serial_salt = crypto::random_bytes(32);
  return environment;
}

/// Sleeps in short pieces so that Ctrl-C ends it.
void wait_until(Clock::Steady time) {
  while (!interrupted && system_clock().steady() < time)
    std::this_thread::sleep_until(std::min(time, system_clock().steady() + std::chrono::milliseconds(200)));
}

}  // namespace

int record(const Context& context, const RecordOptions& options) {
  auto writer = rules::RecordingWriter::create(options.out);
  if (!writer)
    return complain(context, {writer.error(), writer.error().code == Errc::invalid_input ? kBadInput : kFailed});
  stop_on_signals();
  Scheduler scheduler(make_collectors(environment_for(options.roots)),
                      {.sweep = std::chrono::seconds(options.interval_s), .battery_stretch = 1, .skipped = {}},
                      system_clock(), [](std::string line) { log_warning(line); });
  Collection collection;
  std::vector<std::size_t> ends;
  std::uint64_t rows = 0;
  for (auto next = system_clock().steady(); !interrupted; wait_until(next)) {
    collection.time = system_clock().now();
    collection.components.clear();
    collection.readings.clear();
    collection.events.clear();
    collection.partial_errors.clear();
    scheduler.sweep(collection, ends);
    for (const auto& error : collection.partial_errors)
      log_warning(fmt::format("{}: {}: {}", error.collector, error.what, error.error.message));
    if (auto written = (*writer)->write(collection); !written) return complain(context, {written.error(), kFailed});
    if (++rows == options.count) break;
    next += std::chrono::seconds(options.interval_s);
  }
  if (auto closed = (*writer)->close(); !closed) return complain(context, {closed.error(), kFailed});
  if (context.json)
    print_json({{"file", options.out.string()}, {"rows", rows}});
  else
    print(context.texts.fill("record.done", {std::to_string(rows), options.out.string()}) + "\n");
  return kOk;
}

int replay(const ReplayArguments& arguments) {
  rules::ReplayOptions options;
  options.rules = arguments.rules;
  options.language = arguments.language;
  options.from_smartctl = arguments.from_smartctl;
  options.coverage = !arguments.no_coverage;
  const auto line_to = [](std::FILE* file) {
    return [file](std::string_view line) {
      std::fwrite(line.data(), 1, line.size(), file);
      if (line.empty() || line.back() != '\n') std::fputc('\n', file);
    };
  };
  const int code = rules::replay(arguments.files, options, line_to(stdout), line_to(stderr));
  if (std::fflush(stdout) != 0) return kFailed;
  return code;
}

int doctor(const Context& context, const SystemRoots& roots) {
  auto environment = environment_for(roots);
  environment.disk_patience = kDoctorWaits;
  Scheduler scheduler(make_collectors(environment),
                      {.sweep = std::chrono::seconds(10), .battery_stretch = 1, .skipped = {}}, system_clock(),
                      [](std::string line) { log_warning(line); });
  Collection collection;
  collection.time = system_clock().now();
  std::vector<std::size_t> ends;
  scheduler.sweep(collection, ends);
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t i = 0; i < scheduler.entries().size(); ++i) {
    const auto& entry = scheduler.entries()[i];
    const auto status = scheduler.status(i);
    list.push_back({{"name", entry.collector->name()},
                    {"status", to_string(status.state)},
                    {"readings", entry.readings},
                    {"detail", status.detail}});
    if (!context.json)
      print(fmt::format("{} {} {} {}\n", padded(entry.collector->name(), 12),
                        padded(context.texts.get(fmt::format("status.{}", to_string(status.state))), 8),
                        padded(context.texts.fill("status.readings", {std::to_string(entry.readings)}), 14),
                        status.detail));
  }
  nlohmann::json errors = nlohmann::json::array();
  for (const auto& error : collection.partial_errors) {
    errors.push_back({{"collector", error.collector}, {"what", error.what}, {"error", error.error.message}});
    if (!context.json) print(fmt::format("  {}: {}: {}\n", error.collector, error.what, error.error.message));
  }
  if (context.json)
    print_json({{"collectors", list},
                {"components", collection.components.size()},
                {"readings", collection.readings.size()},
                {"errors", errors}});
  else
    print(context.texts.fill("doctor.sum", {std::to_string(collection.components.size()),
                                            std::to_string(collection.readings.size())}) +
          "\n");
  return kOk;
}

}  // namespace hale::agent::cli
