#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "fleet/swarm/swarm.hpp"
#include "platform/crypto.hpp"
#include "platform/files.hpp"

namespace {

using hale::swarm::Connect;
using hale::swarm::Report;

std::atomic<bool> cancel{false};

nlohmann::ordered_json to_json(const Report& report, const hale::swarm::Options& options) {
  const auto ms = [&](double part) { return hale::swarm::percentile(report.latency_ms, part); };
  nlohmann::ordered_json line{{"devices", options.devices},
                              {"enrol_s", report.enrol_s},
                              {"upload_s", report.upload_s},
                              {"uploads", report.uploads},
                              {"uploads_per_s", static_cast<double>(report.uploads) / std::max(report.upload_s, 1e-9)},
                              {"accepted", report.accepted},
                              {"rejected", report.rejected},
                              {"failed", report.failed},
                              {"p50_ms", ms(0.5)},
                              {"p95_ms", ms(0.95)},
                              {"p99_ms", ms(0.99)}};
  if (!report.first_error.empty()) line["first_error"] = hale::sanitize_utf8(report.first_error, 500);
  return line;
}

void print(const Report& report, const hale::swarm::Options& options, bool json) {
  const auto line = to_json(report, options);
  if (json) {
    fmt::print("{}\n", line.dump());
  } else {
    fmt::print("enrolled {} devices in {:.1f} s\n", options.devices, report.enrol_s);
    fmt::print("{} uploads in {:.1f} s: {:.1f}/s; items accepted {}, rejected {}; uploads failed {}\n", report.uploads,
               report.upload_s, line["uploads_per_s"].get<double>(), report.accepted, report.rejected, report.failed);
    fmt::print("latency p50 {:.2f} ms, p95 {:.2f} ms, p99 {:.2f} ms\n", line["p50_ms"].get<double>(),
               line["p95_ms"].get<double>(), line["p99_ms"].get<double>());
    if (!report.first_error.empty()) fmt::print("first error: {}\n", line["first_error"].get<std::string>());
  }
  std::fflush(stdout);
}

/// A folder that goes with the program.
struct WorkFolder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("hale-swarm-" + hale::crypto::random_uuid());
  WorkFolder() {
    std::filesystem::create_directories(path);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace

int main(int argc, char** argv) {
  hale::swarm::Options options;
  std::string token_file;
  double seconds = 10;
  double hold = 0;
  bool json = false;
  CLI::App app{
      "Load generator for hale-fleet: simulated devices with the real uploader. Devices enrol for good: use a fleet "
      "made for it."};
  app.set_version_flag("--version", HALE_VERSION);
  app.add_option("--token-file", token_file, "Enrolment token, good for so many devices")->required();
  app.add_option("--devices", options.devices, "How many")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_option("--seconds", seconds, "How long they upload")->check(CLI::Range(0, 3600))->capture_default_str();
  app.add_option("--rate", options.rate, "Uploads a second in all; 0: as fast as it goes")
      ->check(CLI::Range(0, 100'000))
      ->capture_default_str();
  const std::map<std::string, Connect> ways{
      {"kept", Connect::kept}, {"resumed", Connect::resumed}, {"full", Connect::full}};
  app.add_option(
         "--connect", options.connect,
         "kept: one connection a device; resumed: a new one an upload, as hale-upload; full: without resumption")
      ->transform(CLI::CheckedTransformer(ways));
  app.add_option("--threads", options.threads, "Threads")->check(CLI::Range(1, 64))->capture_default_str();
  app.add_option("--hold", hold, "Keep the connections open for so many seconds after")->check(CLI::Range(0, 3600));
  app.add_option("--upload-url", options.upload_url, "Upload here in place of the fleet, to measure a peer");
  app.add_flag("--allow-remote", options.allow_remote, "The target may be another machine");
  app.add_flag("--json", json, "One JSON line");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { cancel = true; });
  std::signal(SIGPIPE, SIG_IGN);
  const auto token = hale::read_file(token_file, 16u << 10);
  if (!token) {
    fmt::print(stderr, "hale-swarm: {}: {}\n", token_file, token.error().message);
    return 2;
  }
  const WorkFolder work;
  options.token_text = *token;
  options.work = work.path;
  options.time = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  options.hold = std::chrono::milliseconds(static_cast<std::int64_t>(hold * 1000));
  options.cancel = &cancel;
  const auto report = hale::swarm::run(options, [&](const Report& so_far) { print(so_far, options, json); });
  if (!report) {
    fmt::print(stderr, "hale-swarm: {}\n", report.error().message);
    const bool usage =
        report.error().code == hale::Errc::permission || report.error().code == hale::Errc::invalid_input;
    return usage ? 2 : 1;
  }
  if (options.hold.count() == 0) print(*report, options, json);
  return report->failed == 0 ? 0 : 1;
}
