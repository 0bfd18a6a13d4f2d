#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "collectors/gpu/gpu.hpp"
#include "collectors/gpu/gpu_devices_linux.hpp"
#include "collectors/gpu/nvml_linux.hpp"
#include "collectors/power/energy_meter.hpp"
#include "collectors/sensor_file_linux.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

/// A GPU that may sleep is left alone at least this long between readings: drivers put it to sleep after 5 s without
/// use (the usual autosuspend delay), and every reading begins that wait anew.
constexpr std::chrono::seconds kSleepyInterval{10};
/// Opening and closing an NVML session costs tens of milliseconds and wakes the driver.
constexpr std::chrono::seconds kNvmlSessionInterval{60};

struct Channel {
  std::string id;
  std::string label;
  HwmonKind kind{};
  SensorFile input;
  std::string critical_file;
  EnergyMeter meter;
};

/// One GPU and, while it is awake, its open files.
struct Gpu {
  GpuDevice device;
  SensorFile runtime_status;
  std::optional<unsigned> described;  ///< state of the hwmon tree when the files below were looked for
  bool may_sleep{false};
  std::string model;
  std::vector<Channel> channels;
  SensorFile busy;  ///< gpu_busy_percent
  EverySoOften touch_due{kSleepyInterval};
  EverySoOften nvml_due{kNvmlSessionInterval};
  EverySoOften limits_due{kRescanInterval};
  bool awake{false};
};

std::string vendor_of(const std::string& driver) {
  if (driver == "amdgpu" || driver == "radeon") return "AMD";
  if (driver == "i915" || driver == "xe") return "Intel";
  return "NVIDIA";
}

/// Which temperature stands for the GPU: the hottest place its driver knows. Lower is better.
int role_rank(const std::string& label) {
  static constexpr std::array<std::string_view, 3> kLabels{"junction", "edge", "pkg"};
  const auto found = std::find(kLabels.begin(), kLabels.end(), label);
  return static_cast<int>(found - kLabels.begin());
}

class GpuCollector final : public Collector {
 public:
  GpuCollector(const CollectorEnvironment& environment, std::shared_ptr<HwmonTree> hwmon, std::string nvml)
      : roots_(environment.roots),
        clock_(clock_of(environment)),
        hwmon_(std::move(hwmon)),
        nvml_name_(std::move(nvml)) {}

  std::string_view name() const override { return "gpu"; }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  void look(Collection& out);
  void describe_components();
  bool is_awake(Collection& out, Gpu& gpu);
  void open_files(Gpu& gpu);
  void add_chip(Gpu& gpu, HwmonChip chip);
  void read(Collection& out, Gpu& gpu);
  void read_channels(Collection& out, Gpu& gpu);
  void read_channel(Collection& out, const Gpu& gpu, Channel& channel);
  void read_busy(Collection& out, Gpu& gpu);
  void read_nvml(Collection& out, Gpu& gpu);
  Nvml* nvml(Collection& out);

  SystemRoots roots_;
  const Clock& clock_;
  std::shared_ptr<HwmonTree> hwmon_;
  std::string nvml_name_;
  std::unique_ptr<Nvml> nvml_;
  EverySoOften nvml_load_due_{std::chrono::hours(1)};
  EverySoOften look_due_{kRescanInterval};
  std::vector<Gpu> gpus_;
  ComponentBook book_;
  FaultLog faults_{"gpu"};
};

void GpuCollector::look(Collection& out) {
  hwmon_->refresh(out);
  if (!look_due_.due(clock_.steady())) return;
  auto devices = find_gpus(roots_.sys);
  const auto same = [](const Gpu& gpu, const GpuDevice& device) {
    return gpu.device.device == device.device && gpu.device.driver == device.driver;
  };
  if (!gpus_.empty() && std::equal(gpus_.begin(), gpus_.end(), devices.begin(), devices.end(), same)) return;
  for (const auto& gpu : gpus_) {
    const auto stays = [&](const GpuDevice& device) { return same(gpu, device); };
    if (std::any_of(devices.begin(), devices.end(), stays)) continue;
    faults_.failed(out, gpu.device.address,
                   Error{Errc::not_found, fmt::format("the GPU {} has gone", gpu.device.address)});
  }
  gpus_.clear();
  for (auto& device : devices) {
    Gpu gpu;
    gpu.runtime_status = SensorFile(roots_.sys / device.device / "power" / "runtime_status");
    gpu.device = std::move(device);
    gpus_.push_back(std::move(gpu));
  }
  describe_components();
}

Component make_gpu_component(const Gpu& gpu) {
  Component component;
  component.id = gpu.device.id;
  component.parent = "host";
  component.type = ComponentType::gpu;
  component.vendor = vendor_of(gpu.device.driver);
  component.model = gpu.model;
  component.name = gpu.model.empty()
                       ? fmt::format("{} {} GPU", component.vendor, gpu.device.discrete ? "discrete" : "integrated")
                       : gpu.model;
  return component;
}

void GpuCollector::describe_components() {
  std::vector<Component> components;
  for (const auto& gpu : gpus_) {
    components.push_back(make_gpu_component(gpu));
    for (const auto& channel : gpu.channels) {
      Component sensor;
      sensor.id = channel.id;
      sensor.parent = gpu.device.id;
      sensor.name = fmt::format("{} {}", gpu.device.driver, channel.label);
      switch (channel.kind) {
        case HwmonKind::temperature:
          sensor.type = ComponentType::temperature;
          break;
        case HwmonKind::fan:
          sensor.type = ComponentType::fan;
          break;
        case HwmonKind::power:
        case HwmonKind::energy:
          sensor.type = ComponentType::power_supply;
          break;
      }
      components.push_back(std::move(sensor));
    }
  }
  book_.set(std::move(components));
}

/// "active", or a kernel without runtime power management for the device. Suspending, resuming and errors count as
/// asleep.
bool GpuCollector::is_awake(Collection& out, Gpu& gpu) {
  std::array<char, 32> buffer{};
  const auto status = gpu.runtime_status.read(buffer);
  if (!status) {
    const bool none = status.error().code == Errc::not_found;
    if (!none) faults_.failed(out, gpu.device.id, status.error());
    return none && list_directory(roots_.sys / gpu.device.device).has_value();
  }
  return *status == "active" || *status == "unsupported";
}

void GpuCollector::add_chip(Gpu& gpu, HwmonChip chip) {
  if (!describe_hwmon_chip(chip)) return;
  std::vector<HwmonChip> one{std::move(chip)};
  assign_hwmon_ids(one);
  for (const auto& channel : one.front().channels) {
    const auto& folder = one.front().folder;
    const auto critical = channel.has_critical ? (folder / (channel.attribute + "_crit")).string() : std::string();
    gpu.channels.push_back({channel.id, channel.label.empty() ? channel.attribute : channel.label, channel.kind,
                            SensorFile(folder / channel.input), critical, EnergyMeter()});
  }
}

void GpuCollector::open_files(Gpu& gpu) {
  gpu.described = hwmon_->generation();
  gpu.channels.clear();
  // "on" = it never sleeps; without the file nothing puts it to sleep either.
  gpu.may_sleep = text_or_empty(roots_.sys / gpu.device.device / "power" / "control") == "auto";
  gpu.model = text_or_empty(roots_.sys / gpu.device.device / "product_name");
  for (const auto& chip : hwmon_->chips()) {
    if (chip.gpu == gpu.device.device) add_chip(gpu, chip);
  }
  std::error_code error;
  const auto busy = roots_.sys / gpu.device.device / "gpu_busy_percent";
  gpu.busy = fs::exists(busy, error) ? SensorFile(busy) : SensorFile();
  describe_components();
}

void GpuCollector::read_channel(Collection& out, const Gpu& gpu, Channel& channel) {
  const auto raw = channel.input.read_int();
  if (!raw) {
    // amdgpu answers EPERM when it fell asleep since we looked: that is not a failure.
    if (raw.error().code != Errc::permission || !gpu.may_sleep) faults_.failed(out, channel.id, raw.error());
    return;
  }
  faults_.worked(channel.id);
  const auto value = static_cast<double>(*raw);
  switch (channel.kind) {
    case HwmonKind::temperature:
      add_reading(out, Metric::hw_temperature, channel.id, value / 1e3);
      break;
    case HwmonKind::fan:
      add_reading(out, Metric::hw_fan_speed, channel.id, value);
      break;
    case HwmonKind::power:
      add_reading(out, Metric::hw_power, channel.id, value / 1e6);
      break;
    case HwmonKind::energy: {
      if (*raw < 0) break;
      const auto power = channel.meter.add(static_cast<std::uint64_t>(*raw), clock_.steady(), out.time);
      if (power) add_reading(out, Metric::hw_power, channel.id, *power);
      break;
    }
  }
}

/// The sensors themselves, and the two that stand for the GPU: its hottest place, and its power. An integrated AMD
/// GPU's power is that of the whole processor, so it does not stand for the GPU.
void GpuCollector::read_channels(Collection& out, Gpu& gpu) {
  const Channel* hottest = nullptr;
  const Channel* power = nullptr;
  for (const auto& channel : gpu.channels) {
    const bool better = channel.kind == HwmonKind::temperature &&
                        (hottest == nullptr || role_rank(channel.label) < role_rank(hottest->label));
    if (better) hottest = &channel;
    const bool measures = channel.kind == HwmonKind::power || channel.kind == HwmonKind::energy;
    if (measures && power == nullptr && gpu.device.discrete) power = &channel;
  }
  for (auto& channel : gpu.channels) {
    const auto before = out.readings.size();
    read_channel(out, gpu, channel);
    if (out.readings.size() == before || (&channel != hottest && &channel != power)) continue;
    Reading role = out.readings.back();
    role.component = gpu.device.id;
    out.readings.push_back(std::move(role));
  }
  if (hottest == nullptr || hottest->critical_file.empty() || !gpu.limits_due.due(clock_.steady())) return;
  const auto critical = read_int_once(hottest->critical_file);
  if (!critical) return;
  add_reading(out, Metric::hw_temperature_limit, hottest->id, static_cast<double>(*critical) / 1e3, "critical");
  add_reading(out, Metric::hw_temperature_limit, gpu.device.id, static_cast<double>(*critical) / 1e3, "critical");
}

void GpuCollector::read_busy(Collection& out, Gpu& gpu) {
  if (!gpu.busy.named()) return;
  const auto percent = gpu.busy.read_int();
  const auto what = gpu.device.id + " utilization";
  if (!percent) {
    if (percent.error().code != Errc::permission || !gpu.may_sleep) faults_.failed(out, what, percent.error());
    return;
  }
  faults_.worked(what);
  add_reading(out, Metric::hw_gpu_utilization, gpu.device.id, static_cast<double>(*percent) / 100.0);
}

Nvml* GpuCollector::nvml(Collection& out) {
  if (nvml_ || !nvml_load_due_.due(clock_.steady())) return nvml_.get();
  auto loaded = Nvml::load(nvml_name_);
  if (!loaded) {
    faults_.failed(out, "nvml", loaded.error());
    return nullptr;
  }
  faults_.worked("nvml");
  nvml_ = std::move(*loaded);
  return nvml_.get();
}

void GpuCollector::read_nvml(Collection& out, Gpu& gpu) {
  const bool named_by_path = nvml_name_.find('/') != std::string::npos;
  if (gpu.device.driver != "nvidia" || nvml_name_.empty() || (roots_.captured && !named_by_path)) return;
  if (gpu.may_sleep && !gpu.nvml_due.due(clock_.steady())) return;
  auto* library = nvml(out);
  if (library == nullptr) return;
  const auto sample = library->sample(gpu.device.address, !gpu.may_sleep);
  const auto what = gpu.device.id + " (NVML)";
  if (!sample) return faults_.failed(out, what, sample.error());
  faults_.worked(what);
  if (sample->temperature) add_reading(out, Metric::hw_temperature, gpu.device.id, *sample->temperature);
  if (sample->critical) add_reading(out, Metric::hw_temperature_limit, gpu.device.id, *sample->critical, "critical");
  if (sample->power) add_reading(out, Metric::hw_power, gpu.device.id, *sample->power);
  if (sample->utilization) add_reading(out, Metric::hw_gpu_utilization, gpu.device.id, *sample->utilization);
  if (sample->name.empty() || sample->name == gpu.model) return;
  gpu.model = sample->name;
  describe_components();
}

void GpuCollector::read(Collection& out, Gpu& gpu) {
  gpu.awake = is_awake(out, gpu);
  if (!gpu.awake) {
    for (auto& channel : gpu.channels) channel.input.close();
    gpu.busy.close();
    return;
  }
  if (gpu.described != hwmon_->generation()) open_files(gpu);
  if (gpu.may_sleep && !gpu.touch_due.due(clock_.steady())) return;
  read_channels(out, gpu);
  read_busy(out, gpu);
  read_nvml(out, gpu);
}

void GpuCollector::collect(Collection& out, bool describe_all) {
  look(out);
  for (auto& gpu : gpus_) read(out, gpu);
  book_.tell(out, describe_all);
}

CollectorStatus GpuCollector::status() const {
  const auto asleep = std::count_if(gpus_.begin(), gpus_.end(), [](const Gpu& gpu) { return !gpu.awake; });
  auto status = status_of(gpus_.size(), "GPUs", faults_, "no GPU with a driver that reports its state");
  if (asleep > 0) status.detail += fmt::format("; {} asleep and left asleep", asleep);
  return status;
}

}  // namespace

std::unique_ptr<Collector> make_gpu_collector(const CollectorEnvironment& environment, std::shared_ptr<HwmonTree> hwmon,
                                              std::string nvml) {
  return std::make_unique<GpuCollector>(environment, std::move(hwmon), std::move(nvml));
}

}  // namespace hale
