#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "collectors/cpu/cpu.hpp"
#include "collectors/cpu/cpu_model_linux.hpp"
#include "collectors/cpu/proc_stat.hpp"
#include "collectors/sensor_file_linux.hpp"
#include "collectors/sweep.hpp"
#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

/// More frequency domains than this are sampled evenly: the mean is as good, and the sweep's cost stays bounded.
constexpr std::size_t kMaxPolicies = 16;
constexpr double kHzPerKhz = 1000.0;

/// Numbered entries of a folder ("policy0", "cpu12"), in the order of their numbers.
std::vector<fs::path> numbered(const fs::path& folder, std::string_view prefix) {
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  const auto names = list_directory(folder, 65536);
  if (!names) return {};
  for (const std::string_view name : *names) {
    if (!name.starts_with(prefix)) continue;
    if (const auto number = parse_uint(name.substr(prefix.size()))) found.emplace_back(*number, folder / name);
  }
  std::sort(found.begin(), found.end());
  std::vector<fs::path> paths;
  for (auto& [number, path] : found) paths.push_back(std::move(path));
  return paths;
}

/// Seconds this machine slept since boot: /proc/uptime counts them, powered-on time must not.
double seconds_asleep() {
  timespec with{};
  timespec without{};
  if (clock_gettime(CLOCK_BOOTTIME, &with) != 0 || clock_gettime(CLOCK_MONOTONIC, &without) != 0) return 0.0;
  const auto seconds = [](const timespec& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  return std::max(0.0, seconds(with) - seconds(without));
}

/// Throttle counters of one CPU package.
struct Package {
  SensorFile count;
  SensorFile time;
};

class CpuCollector final : public Collector {
 public:
  explicit CpuCollector(const CollectorEnvironment& environment)
      : roots_(environment.roots),
        clock_(clock_of(environment)),
        stat_(roots_.proc / "stat"),
        uptime_(roots_.proc / "uptime") {}

  std::string_view name() const override { return "cpu"; }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  void look();
  void look_for_packages(const fs::path& cpus);
  void read_context();
  void read_utilisation(Collection& out);
  void read_frequency(Collection& out);
  void read_frequency_from_cpuinfo(Collection& out);
  void read_throttling(Collection& out);
  void read_uptime(Collection& out);

  SystemRoots roots_;
  const Clock& clock_;
  SensorFile stat_;
  SensorFile uptime_;
  SensorFile cpuinfo_;
  EverySoOften look_due_{kRescanInterval};
  std::vector<SensorFile> frequencies_;
  std::vector<Package> packages_;
  std::optional<CpuTimes> last_times_;
  Context context_;
  ComponentBook book_;
  FaultLog faults_{"cpu"};
  bool working_{false};
};

void CpuCollector::look_for_packages(const fs::path& cpus) {
  packages_.clear();
  std::set<std::int64_t> seen;
  for (const auto& cpu : numbered(cpus, "cpu")) {
    const auto folder = cpu / "thermal_throttle";
    std::error_code error;
    if (!fs::exists(folder, error)) continue;
    // Without topology all CPUs are one package.
    if (!seen.insert(read_int_once(cpu / "topology" / "physical_package_id").value_or(0)).second) continue;
    const auto file = [&](const char* name) {
      return fs::exists(folder / name, error) ? SensorFile(folder / name) : SensorFile();
    };
    packages_.push_back({file("package_throttle_count"), file("package_throttle_total_time_ms")});
  }
}

void CpuCollector::look() {
  const fs::path cpus = roots_.sys / "devices" / "system" / "cpu";
  frequencies_.clear();
  auto policies = numbered(cpus / "cpufreq", "policy");
  std::string suffix = "scaling_cur_freq";
  if (policies.empty()) {
    policies = numbered(cpus, "cpu");
    suffix = "cpufreq/scaling_cur_freq";
  }
  const std::size_t step = (policies.size() + kMaxPolicies - 1) / kMaxPolicies;
  std::error_code error;
  for (std::size_t i = 0; i < policies.size(); i += std::max<std::size_t>(step, 1)) {
    if (fs::exists(policies[i] / suffix, error)) frequencies_.emplace_back(policies[i] / suffix);
  }
  cpuinfo_ = SensorFile(roots_.proc / "cpuinfo");
  look_for_packages(cpus);
  Component cpu;
  cpu.id = "cpu";
  cpu.parent = "host";
  cpu.type = ComponentType::cpu;
  cpu.model = cpu_model(roots_.proc);
  cpu.name = cpu.model.empty() ? "CPU" : cpu.model;
  if (cpu.model.find("AMD") != std::string::npos) cpu.vendor = "AMD";
  if (cpu.model.find("Intel") != std::string::npos) cpu.vendor = "Intel";
  book_.set({cpu});
}

/// boot_id and release do not change while we run; the profile is a firmware call on some laptops, so it is not asked
/// every sweep.
void CpuCollector::read_context() {
  context_.boot_id = text_or_empty(roots_.proc / "sys" / "kernel" / "random" / "boot_id");
  context_.os_build = text_or_empty(roots_.proc / "sys" / "kernel" / "osrelease");
  context_.platform_profile = text_or_empty(roots_.sys / "firmware" / "acpi" / "platform_profile");
}

void CpuCollector::read_utilisation(Collection& out) {
  std::array<char, 512> buffer{};
  const auto text = stat_.read(buffer);
  if (!text) return faults_.failed(out, "utilization", text.error());
  const auto times = parse_proc_stat(*text);
  if (!times)
    return faults_.failed(out, "utilization",
                          Error{Errc::invalid_input, stat_.path() + " does not begin with a line of CPU times"});
  faults_.worked("utilization");
  working_ = true;
  if (last_times_) {
    if (const auto share = utilisation(*last_times_, *times))
      add_reading(out, Metric::system_cpu_utilization, "", *share);
  }
  last_times_ = times;
}

void CpuCollector::read_frequency(Collection& out) {
  double sum = 0;
  int count = 0;
  for (auto& file : frequencies_) {
    const auto khz = file.read_int();
    // 0 and "<unknown>" are what some drivers say of a core that is off.
    if (!khz || *khz <= 0) continue;
    sum += static_cast<double>(*khz) * kHzPerKhz;
    ++count;
  }
  if (count > 0) return add_reading(out, Metric::system_cpu_frequency, "", sum / count);
  if (frequencies_.empty()) read_frequency_from_cpuinfo(out);
}

/// Without cpufreq (usual in a VM) /proc/cpuinfo may still say the current clock.
void CpuCollector::read_frequency_from_cpuinfo(Collection& out) {
  std::array<char, 16384> buffer{};
  const auto text = cpuinfo_.read(buffer);
  if (!text) return;
  double sum = 0;
  int count = 0;
  for (const auto line : split(*text, '\n')) {
    const auto colon = line.find(':');
    if (!line.starts_with("cpu MHz") || colon == std::string_view::npos) continue;
    const auto mhz = parse_double(trim(line.substr(colon + 1)));
    if (!mhz || *mhz <= 0) continue;
    sum += *mhz * 1e6;
    ++count;
  }
  if (count > 0) add_reading(out, Metric::system_cpu_frequency, "", sum / count);
}

/// Of several packages the one that was slowed most.
void CpuCollector::read_throttling(Collection& out) {
  std::optional<std::int64_t> count;
  std::optional<std::int64_t> time;
  const auto read = [&](SensorFile& file, std::optional<std::int64_t>& most, const char* what) {
    if (!file.named()) return;
    const auto value = file.read_int();
    if (!value) return faults_.failed(out, what, value.error());
    faults_.worked(what);
    most = std::max(most.value_or(*value), *value);
  };
  for (auto& package : packages_) {
    read(package.count, count, "throttle count");
    read(package.time, time, "throttle time");
  }
  if (count) add_reading(out, Metric::hale_cpu_throttle_count, "", static_cast<double>(*count));
  if (time) add_reading(out, Metric::hale_cpu_throttle_time, "", static_cast<double>(*time));
}

void CpuCollector::read_uptime(Collection& out) {
  std::array<char, 64> buffer{};
  const auto text = uptime_.read(buffer);
  if (!text) return faults_.failed(out, "uptime", text.error());
  const auto seconds = parse_double(text->substr(0, text->find(' ')));
  if (!seconds)
    return faults_.failed(out, "uptime",
                          Error{Errc::invalid_input, uptime_.path() + " does not begin with a number of seconds"});
  faults_.worked("uptime");
  const bool own = !roots_.captured && roots_.proc == "/proc";
  add_reading(out, Metric::system_uptime, "", std::max(0.0, *seconds - (own ? seconds_asleep() : 0.0)));
}

void CpuCollector::collect(Collection& out, bool describe_all) {
  working_ = false;
  if (look_due_.due(clock_.steady())) {
    look();
    read_context();
  }
  read_utilisation(out);
  read_frequency(out);
  read_throttling(out);
  read_uptime(out);
  out.context.boot_id = context_.boot_id;
  out.context.os_build = context_.os_build;
  out.context.platform_profile = context_.platform_profile;
  book_.tell(out, describe_all);
}

CollectorStatus CpuCollector::status() const {
  const auto wrong = faults_.summary();
  if (!working_ && !wrong.empty()) return {CollectorState::error, "cannot read " + wrong};
  if (!working_) return {CollectorState::absent, "no CPU times in " + stat_.path()};
  std::string detail = fmt::format("utilization{}{}", frequencies_.empty() ? "" : ", frequency",
                                   packages_.empty() ? "" : ", throttling");
  if (packages_.empty()) detail += "; no thermal_throttle counters (only Intel CPUs have them)";
  if (!wrong.empty()) detail += "; cannot read " + wrong;
  return {CollectorState::ok, detail};
}

}  // namespace

std::unique_ptr<Collector> make_cpu_collector(const CollectorEnvironment& environment) {
  return std::make_unique<CpuCollector>(environment);
}

}  // namespace hale
