#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "collectors/inventory/filesystems_linux.hpp"
#include "collectors/inventory/inventory.hpp"
#include "collectors/inventory/machine_linux.hpp"
#include "collectors/sweep.hpp"
#include "platform/crypto.hpp"
#include "platform/files.hpp"

namespace hale {
namespace {

/// Disks fill over hours; nothing else here changes without a restart or a mount.
constexpr std::chrono::minutes kLookInterval{10};
constexpr std::size_t kMaxMountinfo = 1U << 20U;

struct Filesystem {
  std::string id;
  std::string mount_point;
};

class InventoryCollector final : public Collector {
 public:
  explicit InventoryCollector(const CollectorEnvironment& environment)
      : roots_(environment.roots), clock_(clock_of(environment)), key_(crypto::hash_hex(environment.serial_salt)) {}

  std::string_view name() const override { return "inventory"; }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  void look(Collection& out);
  Component host() const;
  void find_filesystems(Collection& out, std::vector<Component>& components);
  void read_filesystems(Collection& out);

  SystemRoots roots_;
  const Clock& clock_;
  std::string key_;
  MachineInfo machine_;
  std::optional<double> utc_offset_;
  std::vector<Filesystem> filesystems_;
  EverySoOften look_due_{kLookInterval};
  ComponentBook book_;
  FaultLog faults_{"inventory"};
};

Component InventoryCollector::host() const {
  Component host;
  host.id = "host";
  host.type = ComponentType::host;
  host.vendor = machine_.vendor;
  host.model = machine_.model;
  host.name = machine_.model.empty() ? "This PC" : machine_.model;
  host.firmware = machine_.bios_version;
  if (!machine_.bios_date.empty()) host.firmware += (host.firmware.empty() ? "" : " ") + machine_.bios_date;
  if (!machine_.serial.empty()) host.serial_hash = crypto::hash_hex(machine_.serial, key_).substr(0, 32);
  return host;
}

// A mount point may hold a user's or a company's name: only those of the system are told.
std::string told_name(std::string_view mount_point) {
  static constexpr auto kOwn = std::to_array<std::string_view>(
      {"/", "/home", "/var", "/usr", "/opt", "/srv", "/tmp", "/data", "/mnt", "/var/lib", "/var/log", "/root"});
  const bool own = std::find(kOwn.begin(), kOwn.end(), mount_point) != kOwn.end();
  return own ? std::string(mount_point) : "File system";
}

void InventoryCollector::find_filesystems(Collection& out, std::vector<Component>& components) {
  filesystems_.clear();
  const auto text = read_file(roots_.proc / "self" / "mountinfo", kMaxMountinfo);
  if (!text) {
    if (text.error().code != Errc::not_found) faults_.failed(out, "mountinfo", text.error());
    return;
  }
  faults_.worked("mountinfo");
  for (const auto& mounted : parse_mountinfo(*text)) {
    if (is_on_removable(mounted, roots_.sys)) continue;
    const auto id = mounted.mount_point == "/" ? std::string("fs-root")
                                               : "fs-" + crypto::hash_hex(mounted.mount_point, key_).substr(0, 8);
    Component component;
    component.id = id;
    component.parent = "host";
    component.type = ComponentType::logical_disk;
    component.name = told_name(mounted.mount_point);
    component.model = mounted.type;
    components.push_back(std::move(component));
    filesystems_.push_back({id, mounted.mount_point});
  }
}

void InventoryCollector::read_filesystems(Collection& out) {
  if (roots_.captured) return;  // the mount points are another machine's
  for (const auto& filesystem : filesystems_) {
    const auto space = read_space(filesystem.mount_point);
    if (!space) {
      faults_.failed(out, filesystem.id, space.error());
      continue;
    }
    faults_.worked(filesystem.id);
    add_reading(out, Metric::system_filesystem_utilization, filesystem.id, space->utilization);
    add_reading(out, Metric::system_filesystem_limit, filesystem.id, space->size);
  }
}

std::optional<double> local_utc_offset() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  tzset();
  if (localtime_r(&now, &local) == nullptr) return std::nullopt;
  return static_cast<double>(local.tm_gmtoff) / 3600.0;
}

void InventoryCollector::look(Collection& out) {
  machine_ = read_machine(roots_.sys, roots_.proc);
  if (!roots_.captured) utc_offset_ = local_utc_offset();
  std::vector<Component> components{host()};
  find_filesystems(out, components);
  book_.set(std::move(components));
  read_filesystems(out);
}

void InventoryCollector::collect(Collection& out, bool describe_all) {
  if (look_due_.due(clock_.steady())) look(out);
  // The context holds for a sweep: it is told in each, although it is looked at seldom.
  out.context.bios_version = machine_.bios_version;
  out.context.host_chassis = machine_.chassis;
  out.context.utc_offset = utc_offset_;
  book_.tell(out, describe_all);
}

CollectorStatus InventoryCollector::status() const {
  const auto wrong = faults_.summary();
  const auto what = machine_.model.empty() ? std::string("firmware does not say what this PC is")
                                           : machine_.vendor + " " + machine_.model;
  return {CollectorState::ok, fmt::format("{}; {} local file systems{}{}", what, filesystems_.size(),
                                          wrong.empty() ? "" : "; cannot read ", wrong)};
}

}  // namespace

std::unique_ptr<Collector> make_inventory_collector(const CollectorEnvironment& environment) {
  return std::make_unique<InventoryCollector>(environment);
}

}  // namespace hale
