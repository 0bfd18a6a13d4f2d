#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/disk/disk.hpp"
#include "collectors/disk/disk_devices_linux.hpp"
#include "collectors/disk/smart_reader.hpp"
#include "collectors/sensor_file_linux.hpp"

namespace hale {
namespace {

constexpr double kMilli = 1000.0;  ///< hwmon speaks in thousandths of a degree Celsius
/// Wear and error counters move over days; half an hour still sees a disk that dies within one.
constexpr std::chrono::minutes kSmartInterval{30};
/// A disk that let a question time out is left alone for long: each try may block the kernel's queue of that disk for
/// seconds.
constexpr std::chrono::hours kTimeoutPause{6};
/// A spinning disk's temperature moves over minutes, and asking for it may restart the drive's own standby timer.
constexpr std::chrono::seconds kSpinningInterval{60};

struct Disk {
  DiskInfo info;
  Component component;
  SensorFile temperature;
  SensorFile critical;
  SensorFile runtime_status;  ///< named only where the kernel may suspend the disk
  std::optional<Clock::Steady> next_smart;
  std::optional<Clock::Steady> last_temperature;
  std::optional<std::uint64_t> activity;
  std::optional<Timestamp> told_temperature;  ///< the sweep in which SMART data already gave it
  bool asleep{false};
  bool has_smart{false};
  std::string no_smart;  ///< why there is none, where that is normal
};

class DiskCollector final : public Collector {
 public:
  DiskCollector(const CollectorEnvironment& environment, std::shared_ptr<HwmonTree> hwmon,
                std::shared_ptr<DiskTree> tree)
      : roots_(environment.roots),
        clock_(clock_of(environment)),
        salt_(environment.serial_salt),
        reader_(make_probe_client(environment),
                environment.roots.captured ? std::filesystem::path() : environment.smartctl),
        patience_(environment.disk_patience),
        hwmon_(std::move(hwmon)),
        tree_(std::move(tree)) {}

  std::string_view name() const override { return "disk"; }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  void look(Collection& out);
  void adopt(Collection& out);
  void connect_sensors();
  void describe();
  bool suspended(Disk& disk);
  bool may_ask_temperature(Disk& disk);
  void read_temperature(Collection& out, Disk& disk);
  void read_smart_of_those_due(Collection& out);
  bool smart_is_due(Disk& disk);
  void take_answer(Collection& out, std::chrono::milliseconds patience);
  void note_failure(Collection& out, Disk& disk, const std::string& what, const Error& error);
  void take_report(Collection& out, Disk& disk, SmartReport report);

  SystemRoots roots_;
  const Clock& clock_;
  std::string salt_;
  SmartReader reader_;
  std::chrono::milliseconds patience_;
  std::shared_ptr<HwmonTree> hwmon_;
  std::shared_ptr<DiskTree> tree_;
  unsigned hwmon_generation_{0};
  unsigned disks_generation_{0};
  std::vector<Disk> disks_;
  ComponentBook book_;
  FaultLog faults_{"disk"};
};

Component make_component(const DiskInfo& info) {
  Component component;
  component.id = info.id;
  component.parent = "host";
  component.type = ComponentType::physical_disk;
  component.model = info.model;
  component.vendor = info.vendor.empty() ? std::string(disk_maker(info.model)) : info.vendor;
  component.firmware = info.firmware;
  component.bus = info.usb ? "usb" : info.nvme ? "nvme" : "";
  component.serial_hash = info.serial;  // hashed where it was found
  component.name = info.model.empty() ? "Disk" : info.model;
  return component;
}

void DiskCollector::look(Collection& out) {
  hwmon_->refresh(out);
  tree_->refresh(out);
  const bool other_disks = disks_generation_ != tree_->generation();
  if (other_disks) adopt(out);
  if (other_disks || hwmon_generation_ != hwmon_->generation()) connect_sensors();
}

// Disks that stay keep what is known of them.
void DiskCollector::adopt(Collection& out) {
  disks_generation_ = tree_->generation();
  std::vector<Disk> disks;
  for (const auto& info : tree_->disks()) {
    const auto old = std::find_if(disks_.begin(), disks_.end(), [&](const Disk& disk) { return disk.info == info; });
    if (old != disks_.end()) {
      disks.push_back(std::move(*old));
      disks_.erase(old);
      continue;
    }
    Disk disk;
    disk.component = make_component(info);
    disk.info = info;
    const auto power = roots_.sys / info.device / "power";
    const bool may_sleep = !info.device.empty() && text_or_empty(power / "control") == "auto";
    if (may_sleep) disk.runtime_status = SensorFile(power / "runtime_status");
    faults_.worked(info.id);
    disks.push_back(std::move(disk));
  }
  for (const auto& gone : disks_) {
    const auto stays = [&](const Disk& disk) { return disk.info.id == gone.info.id; };
    if (std::any_of(disks.begin(), disks.end(), stays)) continue;
    faults_.failed(out, gone.info.id, Error{Errc::not_found, fmt::format("the disk {} has gone", gone.component.name)});
  }
  disks_ = std::move(disks);
  describe();
}

// The drivers nvme and drivetemp hang their sensors on the disk's own device; the first channel is the disk's
// temperature.
void DiskCollector::connect_sensors() {
  hwmon_generation_ = hwmon_->generation();
  for (auto& disk : disks_) {
    disk.temperature = SensorFile();
    disk.critical = SensorFile();
    for (const auto& chip : hwmon_->chips()) {
      const bool of_disk =
          (chip.name == "nvme" || chip.name == "drivetemp") && !chip.device.empty() && chip.device == disk.info.device;
      const auto first = std::find_if(chip.channels.begin(), chip.channels.end(),
                                      [](const auto& c) { return c.kind == HwmonKind::temperature; });
      if (!of_disk || first == chip.channels.end()) continue;
      disk.temperature = SensorFile(chip.folder / first->input);
      if (first->has_critical) disk.critical = SensorFile(chip.folder / (first->attribute + "_crit"));
    }
  }
}

void DiskCollector::describe() {
  std::vector<Component> components;
  for (const auto& disk : disks_) components.push_back(disk.component);
  book_.set(std::move(components));
}

bool DiskCollector::suspended(Disk& disk) {
  if (!disk.runtime_status.named()) return false;
  std::array<char, 32> buffer{};
  const auto status = disk.runtime_status.read(buffer);
  return status && *status != "active" && *status != "unsupported";
}

// A spinning disk without any I/O since the last time may be about to sleep, or asleep: it is not asked.
bool DiskCollector::may_ask_temperature(Disk& disk) {
  if (suspended(disk)) return false;
  if (!disk.info.rotational) return true;
  const auto now = clock_.steady();
  if (disk.last_temperature && now - *disk.last_temperature < kSpinningInterval) return false;
  const auto activity = disk_activity(roots_.sys, disk.info.name);
  const bool moved = activity != disk.activity;
  const bool known = disk.activity.has_value();
  disk.activity = activity;
  if (moved && known) disk.asleep = false;
  if ((known && !moved) || disk.asleep) return false;
  disk.last_temperature = now;
  return true;
}

void DiskCollector::read_temperature(Collection& out, Disk& disk) {
  if (!disk.temperature.named() || disk.told_temperature == out.time || !may_ask_temperature(disk)) return;
  const auto what = disk.component.id + " temperature";
  const auto value = disk.temperature.read_int();
  if (!value) {
    faults_.failed(out, what, value.error());
    if (value.error().code == Errc::not_found) hwmon_->suspect(out);
    return;
  }
  faults_.worked(what);
  add_reading(out, Metric::hw_temperature, disk.component.id, static_cast<double>(*value) / kMilli);
}

void DiskCollector::take_report(Collection& out, Disk& disk, SmartReport report) {
  disk.has_smart = true;
  auto component = disk.component;
  // IDENTIFY has the whole model; SCSI's inquiry cuts it at 16 characters.
  if (report.model.size() > component.model.size()) component.model = component.name = report.model;
  if (!report.firmware.empty()) component.firmware = report.firmware;
  if (component.vendor.empty()) component.vendor = disk_maker(component.model);
  if (component.serial_hash.empty()) component.serial_hash = hash_serial(report.serial, salt_);
  if (component != disk.component) {
    disk.component = std::move(component);
    describe();
  }
  disk.told_temperature = report.temperature ? std::optional(out.time) : std::nullopt;
  if (disk.critical.named()) {
    if (const auto critical = disk.critical.read_int())
      report.temperature_critical = static_cast<double>(*critical) / kMilli;
  }
  append_smart_readings(report, disk.component.id, out.time, out.readings);
}

bool DiskCollector::smart_is_due(Disk& disk) {
  return (!disk.next_smart || clock_.steady() >= *disk.next_smart) && !suspended(disk);
}

void DiskCollector::read_smart_of_those_due(Collection& out) {
  // A slower disk is heard at a later sweep, and the other disks' turn comes then.
  const auto until = Clock::Steady::clock::now() + patience_;
  const auto left = [&] {
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::Steady::clock::now()),
                    std::chrono::milliseconds(0));
  };
  take_answer(out, std::chrono::milliseconds(0));
  for (auto& disk : disks_) {
    if (!reader_.asking().empty() || left().count() == 0) return;
    if (!smart_is_due(disk)) continue;
    disk.next_smart = clock_.steady() + kSmartInterval;
    reader_.start(disk.info);
    take_answer(out, left());
  }
}

void DiskCollector::take_answer(Collection& out, std::chrono::milliseconds patience) {
  const auto id = reader_.asking();
  auto reading = reader_.take(patience);
  const auto found = std::find_if(disks_.begin(), disks_.end(), [&](const Disk& disk) { return disk.info.id == id; });
  if (!reading || found == disks_.end()) return;
  auto& disk = *found;
  const auto what = disk.component.id + " SMART";
  disk.has_smart = reading->has_value();
  if (!*reading) return note_failure(out, disk, what, reading->error());
  faults_.worked(what);
  disk.no_smart.clear();
  disk.asleep = (*reading)->asleep;
  // I/O from here on says that the disk is awake and warm.
  disk.activity = disk_activity(roots_.sys, disk.info.name);
  disk.last_temperature = clock_.steady();
  if (!disk.asleep) take_report(out, disk, std::move((*reading)->report));
}

// A disk without health data, or no way to ask for them, is normal and said by status(); a disk that should answer and
// does not is a failure.
void DiskCollector::note_failure(Collection& out, Disk& disk, const std::string& what, const Error& error) {
  if (error.code == Errc::timeout) disk.next_smart = clock_.steady() + kTimeoutPause;
  const bool normal =
      error.code == Errc::not_found || error.code == Errc::unavailable || error.code == Errc::unsupported;
  if (normal) {
    disk.no_smart = error.message;
    faults_.worked(what);
  } else {
    faults_.failed(out, what, error);
  }
}

void DiskCollector::collect(Collection& out, bool describe_all) {
  look(out);
  read_smart_of_those_due(out);
  for (auto& disk : disks_) {
    // A disk that has not answered yet may hold up whoever else asks it.
    if (disk.info.id != reader_.asking()) read_temperature(out, disk);
  }
  book_.tell(out, describe_all);
}

CollectorStatus DiskCollector::status() const {
  const auto asleep = std::count_if(disks_.begin(), disks_.end(), [](const Disk& disk) { return disk.asleep; });
  const auto smart = std::count_if(disks_.begin(), disks_.end(), [](const Disk& disk) { return disk.has_smart; });
  auto status = status_of(
      disks_.size(), "disks", faults_,
      "no physical disk with a kernel driver for SATA, SCSI, USB or NVMe (a virtual machine's vda has no health data)");
  if (!disks_.empty()) status.detail += fmt::format("; SMART read from {}", smart);
  const auto without =
      std::find_if(disks_.begin(), disks_.end(), [](const Disk& disk) { return !disk.no_smart.empty(); });
  if (without != disks_.end())
    status.detail += fmt::format("; none from {}: {}", without->component.name, without->no_smart);
  if (asleep > 0) status.detail += fmt::format("; {} asleep and left asleep", asleep);
  return status;
}

}  // namespace

std::unique_ptr<Collector> make_disk_collector(const CollectorEnvironment& environment,
                                               std::shared_ptr<HwmonTree> hwmon, std::shared_ptr<DiskTree> disks) {
  return std::make_unique<DiskCollector>(environment, std::move(hwmon), std::move(disks));
}

}  // namespace hale
