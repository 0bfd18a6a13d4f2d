#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "collectors/power/power.hpp"
#include "collectors/power/rapl_linux.hpp"
#include "core/text.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"

namespace hale {
namespace {

constexpr double kMicro = 1e6;
/// A child process a minute costs less than 0.01 % of a core; the mean over a minute is as good as six means over ten
/// seconds.
constexpr std::chrono::seconds kProbeInterval{60};
constexpr std::chrono::milliseconds kProbeDeadline{2000};

struct PowerSensor {
  std::string id;
  bool energy{false};       ///< the file is an energy counter in microjoules, else power in microwatts
  bool part_of_cpu{false};  ///< to be summed up as the CPU's power when RAPL gives none
  SensorFile input;
  EnergyMeter meter;
};

/// hwmon sensors that are the CPU's power: facts about drivers.
bool is_cpu_power(const HwmonChip& chip, const HwmonChannel& channel) {
  if (chip.name == "zenpower") return channel.label.starts_with("SVI2_P_");
  if (chip.name == "fam15h_power") return channel.attribute == "power1";
  if (chip.name == "amd_energy") return channel.label.starts_with("Esocket");
  return false;
}

class PowerCollector final : public Collector {
 public:
  PowerCollector(const CollectorEnvironment& environment, std::shared_ptr<HwmonTree> hwmon)
      : environment_(environment), clock_(clock_of(environment)), hwmon_(std::move(hwmon)) {}

  std::string_view name() const override { return "power"; }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  void look(Collection& out);
  void rebuild_sensors();
  void describe();
  std::optional<double> read_domain(Collection& out, RaplDomain& domain);
  Result<std::uint64_t> read_energy(RaplDomain& domain);
  void read_rapl(Collection& out);
  void read_sensors(Collection& out);

  CollectorEnvironment environment_;
  const Clock& clock_;
  std::shared_ptr<HwmonTree> hwmon_;
  EverySoOften look_due_{kRescanInterval};
  EverySoOften probe_due_{kProbeInterval};
  bool probe_now_{false};
  bool cpu_by_rapl_{false};
  unsigned generation_{0};
  std::vector<std::string> zones_;
  std::vector<RaplDomain> domains_;
  std::vector<PowerSensor> sensors_;
  ComponentBook book_;
  FaultLog faults_{"power"};
  std::size_t working_{0};
};

void PowerCollector::rebuild_sensors() {
  sensors_.clear();
  for (const auto& chip : hwmon_->chips()) {
    for (const auto& channel : chip.channels) {
      if (channel.kind != HwmonKind::power && channel.kind != HwmonKind::energy) continue;
      // amd_energy counts every core as well: only sockets are kept.
      if (channel.kind == HwmonKind::energy && !is_cpu_power(chip, channel)) continue;
      sensors_.push_back({channel.id, channel.kind == HwmonKind::energy, is_cpu_power(chip, channel),
                          SensorFile(chip.folder / channel.input), EnergyMeter()});
    }
  }
}

Component make_power_component(std::string id, std::string name, std::string parent) {
  Component component;
  component.id = std::move(id);
  component.parent = std::move(parent);
  component.type = ComponentType::power_supply;
  component.name = std::move(name);
  return component;
}

void PowerCollector::describe() {
  std::vector<Component> components;
  for (const auto& sensor : sensors_)
    components.push_back(make_power_component(sensor.id, sensor.id, sensor.part_of_cpu ? "cpu" : "host"));
  for (const auto& domain : domains_) {
    const auto id = make_component_id("rapl", "", domain.name);
    components.push_back(make_power_component(id, domain.package ? "CPU " + domain.name : "Whole platform",
                                              domain.package ? "cpu" : "host"));
  }
  book_.set(std::move(components));
}

void PowerCollector::look(Collection& out) {
  hwmon_->refresh(out);
  bool changed = false;
  if (generation_ != hwmon_->generation()) {
    generation_ = hwmon_->generation();
    rebuild_sensors();
    changed = true;
  }
  if (look_due_.due(clock_.steady())) {
    auto zones =
        list_directory(environment_.roots.sys / "class" / "powercap", 4096).value_or(std::vector<std::string>{});
    if (zones != zones_) {
      zones_ = std::move(zones);
      domains_ = find_rapl_domains(environment_.roots.sys);
      changed = true;
    }
  }
  if (changed) describe();
}

/// The counter, through hale-probe where it is only root's to read (since CVE-2020-8694 the kernel's default).
Result<std::uint64_t> PowerCollector::read_energy(RaplDomain& domain) {
  const auto value = domain.energy.read_int();
  if (value && *value >= 0) return static_cast<std::uint64_t>(*value);
  if (value) return fail(Errc::invalid_input, domain.energy.path() + " is negative");
  const bool can_probe = !environment_.probe.empty() && !environment_.roots.captured;
  if (value.error().code != Errc::permission || !can_probe) return fail(value.error());
  if (!probe_now_) return fail(Errc::unavailable, "not asked this time");
  ProcessSpec spec;
  spec.program = environment_.probe;
  spec.arguments = {"rapl", domain.zone};
  spec.deadline = kProbeDeadline;
  spec.max_output = 256;
  const auto result = run_process(spec);
  if (!result) return fail(Error(result.error()).with_context("asking hale-probe for " + domain.zone));
  const auto number = parse_uint(trim(result->output));
  if (result->exit_code == 0 && number) return *number;
  return fail(Errc::permission, fmt::format("hale-probe cannot read {} either: {}", domain.zone,
                                            trim(sanitize_utf8(result->error_output))));
}

std::optional<double> PowerCollector::read_domain(Collection& out, RaplDomain& domain) {
  const auto energy = read_energy(domain);
  if (!energy) {
    // Between two questions to hale-probe there is nothing new to say.
    if (energy.error().code == Errc::unavailable) return std::nullopt;
    domain.working = false;
    if (energy.error().code == Errc::permission) {
      faults_.failed(out, domain.name,
                     Error{Errc::permission, energy.error().message +
                                                 "; install Hale's udev rule or hale-probe to let it read CPU power"});
    } else {
      faults_.failed(out, domain.name, energy.error());
    }
    return std::nullopt;
  }
  domain.working = true;
  faults_.worked(domain.name);
  const auto power = domain.meter.add(*energy, clock_.steady(), out.time);
  const auto id = make_component_id("rapl", "", domain.name);
  add_reading(out, Metric::hw_energy, id, domain.meter.joules());
  if (power) add_reading(out, Metric::hw_power, id, *power);
  return power;
}

void PowerCollector::read_rapl(Collection& out) {
  probe_now_ = !environment_.probe.empty() && probe_due_.due(clock_.steady());
  bool all = true;
  bool any = false;
  cpu_by_rapl_ = false;
  double power = 0;
  std::optional<double> limit;
  for (auto& domain : domains_) {
    const auto watts = read_domain(out, domain);
    if (!domain.package) continue;
    any = true;
    cpu_by_rapl_ = cpu_by_rapl_ || domain.working;
    all = all && watts.has_value();
    power += watts.value_or(0.0);
    if (!domain.long_term.named()) continue;
    const auto microwatts = domain.long_term.read_int();
    if (microwatts && *microwatts > 0) limit = limit.value_or(0.0) + static_cast<double>(*microwatts) / kMicro;
  }
  if (any && all) add_reading(out, Metric::hw_power, "cpu", power);
  if (limit) add_reading(out, Metric::hw_power_limit, "cpu", *limit, "long_term");
}

void PowerCollector::read_sensors(Collection& out) {
  std::optional<double> of_cpu;
  bool complete = true;
  std::vector<std::pair<std::string, Error>> failures;
  bool gone = false;
  for (auto& sensor : sensors_) {
    const auto value = sensor.input.read_int();
    std::optional<double> watts;
    if (!value) {
      gone = gone || value.error().code == Errc::not_found;
      failures.emplace_back(sensor.id, value.error());
    } else {
      ++working_;
      faults_.worked(sensor.id);
      if (!sensor.energy) watts = static_cast<double>(*value) / kMicro;
      if (sensor.energy && *value >= 0)
        watts = sensor.meter.add(static_cast<std::uint64_t>(*value), clock_.steady(), out.time);
      if (sensor.energy && *value >= 0) add_reading(out, Metric::hw_energy, sensor.id, sensor.meter.joules());
    }
    if (watts) add_reading(out, Metric::hw_power, sensor.id, *watts);
    if (!sensor.part_of_cpu) continue;
    complete = complete && watts.has_value();
    if (watts) of_cpu = of_cpu.value_or(0.0) + *watts;
  }
  if (of_cpu && complete && !cpu_by_rapl_) add_reading(out, Metric::hw_power, "cpu", *of_cpu);
  if (gone && hwmon_->suspect(out)) return;
  for (const auto& [id, error] : failures) faults_.failed(out, id, error);
}

void PowerCollector::collect(Collection& out, bool describe_all) {
  working_ = 0;
  look(out);
  read_rapl(out);
  read_sensors(out);
  book_.tell(out, describe_all);
}

CollectorStatus PowerCollector::status() const {
  const auto domains =
      std::count_if(domains_.begin(), domains_.end(), [](const auto& domain) { return domain.working; });
  return status_of(working_ + static_cast<std::size_t>(domains), "power sensors", faults_,
                   "no power sensors: the processor has no RAPL counters (usual in a virtual machine) and no hwmon "
                   "chip measures power");
}

}  // namespace

std::unique_ptr<Collector> make_power_collector(const CollectorEnvironment& environment,
                                                std::shared_ptr<HwmonTree> hwmon) {
  return std::make_unique<PowerCollector>(environment, std::move(hwmon));
}

}  // namespace hale
