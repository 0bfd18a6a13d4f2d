#include "fleet/swarm/swarm.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/text.hpp"
#include "fleet/swarm/simulated_device.hpp"
#include "platform/clock.hpp"

namespace hale::swarm {
namespace {

using Steady = std::chrono::steady_clock;
using Devices = std::vector<std::unique_ptr<SimulatedDevice>>;

Result<> check(const Options& options, const EnrolmentToken& token) {
  if (options.devices < 1 || options.devices > 10'000) return fail(Errc::invalid_input, "devices: expected 1 to 10000");
  if (options.threads < 1 || options.threads > 64) return fail(Errc::invalid_input, "threads: expected 1 to 64");
  if (options.time < std::chrono::seconds(0) || options.time > std::chrono::hours(1))
    return fail(Errc::invalid_input, "seconds: expected 0 to 3600");
  for (const auto& url : {token.url, options.upload_url.empty() ? token.url : options.upload_url}) {
    if (!is_loopback(url) && !options.allow_remote)
      return fail(Errc::permission, url +
                                        " is not this machine; this is a load generator: aim it at another machine "
                                        "only with its owner's consent (--allow-remote)");
  }
  return {};
}

bool cancelled(const Options& options) { return options.cancel != nullptr && options.cancel->load(); }

/// One thread's share of the devices: number, number + threads, …
class Worker {
 public:
  Worker(const Options& options, Devices& devices, std::size_t number)
      : options_(options), devices_(devices), number_(number) {}

  void enrol(const EnrolmentToken& token) {
    for (std::size_t i = number_; i < devices_.size() && !cancelled(options_); i += step()) {
      auto device = SimulatedDevice::enrol(options_, token, i);
      if (!device) {
        report.first_error = device.error().message;
        return;
      }
      devices_[i] = std::move(*device);
      ++report.enrolled;
    }
  }
  void upload(Steady::time_point start) {
    const auto end = start + options_.time;
    const double interval_s = options_.rate > 0 ? static_cast<double>(step()) / options_.rate : 0;
    for (std::uint64_t turn = 0; !cancelled(options_); ++turn) {
      const auto due = start + std::chrono::duration_cast<Steady::duration>(
                                   std::chrono::duration<double>(interval_s * static_cast<double>(turn)));
      if (std::max(due, Steady::now()) >= end) return;
      std::this_thread::sleep_until(due);
      upload_one(*devices_[number_ + turn % share() * step()]);
    }
  }

  Report report;

 private:
  std::size_t step() const { return static_cast<std::size_t>(options_.threads); }
  std::size_t share() const { return (devices_.size() - number_ + step() - 1) / step(); }
  void upload_one(SimulatedDevice& device) {
    const auto done = device.upload();
    ++report.uploads;
    report.accepted += done.accepted;
    report.rejected += done.rejected;
    if (done.error.empty()) return report.latency_ms.push_back(done.latency_ms);
    ++report.failed;
    if (report.first_error.empty()) report.first_error = done.error;
  }

  const Options& options_;
  Devices& devices_;
  std::size_t number_;
};

template <class Work>
double on_all(std::vector<Worker>& workers, const Work& work) {
  const auto start = Steady::now();
  {
    std::vector<std::jthread> threads;
    for (auto& worker : workers) threads.emplace_back([&worker, &work] { work(worker); });
  }
  return std::chrono::duration<double>(Steady::now() - start).count();
}

void add(Report& sum, const Report& part) {
  sum.uploads += part.uploads;
  sum.accepted += part.accepted;
  sum.rejected += part.rejected;
  sum.failed += part.failed;
  sum.latency_ms.insert(sum.latency_ms.end(), part.latency_ms.begin(), part.latency_ms.end());
  if (sum.first_error.empty()) sum.first_error = part.first_error;
}

void hold(const Options& options) {
  const auto end = Steady::now() + options.hold;
  while (Steady::now() < end && !cancelled(options)) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

}  // namespace

bool is_loopback(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return false;
  url.remove_prefix(kScheme.size());
  const auto authority = url.substr(0, url.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) return false;
  if (authority == "[::1]" || authority.starts_with("[::1]:")) return true;
  const auto host = to_lower_ascii(authority.substr(0, authority.find(':')));
  if (host == "localhost") return true;
  // 127.0.0.0/8 as four numbers: "127.evil.example" is a name.
  const auto parts = split(host, '.');
  return parts.size() == 4 && parts[0] == "127" && std::ranges::all_of(parts, [](std::string_view part) {
           const auto number = parse_uint(part);
           return number && *number <= 255;
         });
}

double percentile(const std::vector<double>& ascending, double part) {
  if (ascending.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(ascending.size())));
  return ascending[std::clamp<std::size_t>(rank, 1, ascending.size()) - 1];
}

Result<Report> run(const Options& options, const std::function<void(const Report&)>& holding) {
  const auto token = parse_token(options.token_text);
  if (!token) return fail(token.error());
  if (auto good = check(options, *token); !good) return fail(good.error());
  Devices devices(static_cast<std::size_t>(options.devices));
  std::vector<Worker> workers;
  for (int i = 0; i < std::min(options.threads, options.devices); ++i)
    workers.emplace_back(options, devices, static_cast<std::size_t>(i));
  Report report;
  report.enrol_s = on_all(workers, [&](Worker& worker) { worker.enrol(*token); });
  for (const auto& worker : workers) report.enrolled += worker.report.enrolled;
  for (const auto& worker : workers) {
    if (report.enrolled < options.devices && !worker.report.first_error.empty())
      return fail(Errc::unavailable, std::to_string(report.enrolled) + " of " + std::to_string(options.devices) +
                                         " devices enrolled, then: " + worker.report.first_error);
  }
  if (cancelled(options)) return fail(Errc::unavailable, "interrupted");
  const auto start = Steady::now();
  report.upload_s = on_all(workers, [&](Worker& worker) { worker.upload(start); });
  for (const auto& worker : workers) add(report, worker.report);
  std::ranges::sort(report.latency_ms);
  if (options.hold.count() > 0) {
    holding(report);
    hold(options);
  }
  return report;
}

}  // namespace hale::swarm
