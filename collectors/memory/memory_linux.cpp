#include <fmt/format.h>

#include <map>

#include "collectors/memory/memory.hpp"
#include "collectors/sensor_file_linux.hpp"
#include "collectors/sweep.hpp"
#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxModules = 512;
constexpr std::string_view kCorrected = "memory_corrected";
constexpr std::string_view kUncorrected = "memory_uncorrected";

/// One counter; several may add up under one component.
struct Counter {
  std::string component;
  std::string_view key;
  SensorFile file;
};

class MemoryCollector final : public Collector {
 public:
  explicit MemoryCollector(const CollectorEnvironment& environment)
      : roots_(environment.roots), clock_(clock_of(environment)) {}

  std::string_view name() const override { return "memory"; }
  std::chrono::seconds interval() const override { return std::chrono::seconds(60); }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  void look();
  bool add_dimms(const std::string& controller, const fs::path& folder, std::vector<Component>& components);
  bool add_rows(const std::string& controller, const fs::path& folder, std::vector<Component>& components);
  void add_module(const std::string& id, const std::string& label, const fs::path& corrected,
                  const fs::path& uncorrected, std::vector<Component>& components);
  void add_pair(const std::string& component, const fs::path& corrected, const fs::path& uncorrected);

  SystemRoots roots_;
  const Clock& clock_;
  EverySoOften look_due_{std::chrono::minutes(10)};
  std::vector<std::string> listing_;
  std::vector<Counter> counters_;
  ComponentBook book_;
  FaultLog faults_{"memory"};
  std::size_t working_{0};
};

void MemoryCollector::add_pair(const std::string& component, const fs::path& corrected, const fs::path& uncorrected) {
  std::error_code error;
  if (fs::exists(corrected, error)) counters_.push_back({component, kCorrected, SensorFile(corrected)});
  if (fs::exists(uncorrected, error)) counters_.push_back({component, kUncorrected, SensorFile(uncorrected)});
}

void MemoryCollector::add_module(const std::string& id, const std::string& label, const fs::path& corrected,
                                 const fs::path& uncorrected, std::vector<Component>& components) {
  add_pair(id, corrected, uncorrected);
  Component module;
  module.id = id;
  module.parent = "memory";
  module.type = ComponentType::memory;
  module.name = label.empty() ? id : label;
  components.push_back(std::move(module));
}

/// Since Linux 3.6: a folder a module.
bool MemoryCollector::add_dimms(const std::string& controller, const fs::path& folder,
                                std::vector<Component>& components) {
  bool any = false;
  for (const auto& name : list_directory(folder, 4096).value_or(std::vector<std::string>{})) {
    const bool module = name.starts_with("dimm") || name.starts_with("rank");
    std::error_code error;
    if (!module || components.size() >= kMaxModules || !fs::exists(folder / name / "dimm_ce_count", error)) continue;
    // The slot's number, not its label, names it: firmware and edac-utils may change labels.
    add_module(make_component_id("memory", controller, name), text_or_empty(folder / name / "dimm_label"),
               folder / name / "dimm_ce_count", folder / name / "dimm_ue_count", components);
    any = true;
  }
  return any;
}

/// Older kernels and some drivers: chip-select rows with channels.
bool MemoryCollector::add_rows(const std::string& controller, const fs::path& folder,
                               std::vector<Component>& components) {
  bool any = false;
  for (const auto& row : list_directory(folder, 4096).value_or(std::vector<std::string>{})) {
    if (!row.starts_with("csrow")) continue;
    bool first = true;
    for (const auto& file : list_directory(folder / row, 4096).value_or(std::vector<std::string>{})) {
      if (!file.starts_with("ch") || !file.ends_with("_ce_count") || components.size() >= kMaxModules) continue;
      const auto channel = file.substr(0, file.find('_'));
      // Uncorrected errors are only known for the row: they are counted with its first channel.
      add_module(make_component_id("memory", controller, row + "." + channel),
                 text_or_empty(folder / row / (channel + "_dimm_label")), folder / row / file,
                 first ? folder / row / "ue_count" : fs::path(), components);
      first = false;
      any = true;
    }
  }
  return any;
}

void MemoryCollector::look() {
  const fs::path root = roots_.sys / "devices" / "system" / "edac" / "mc";
  auto names = list_directory(root, 4096).value_or(std::vector<std::string>{});
  if (names == listing_) return;
  listing_ = std::move(names);
  counters_.clear();
  std::vector<Component> components;
  bool controllers = false;
  for (const auto& name : listing_) {
    if (!name.starts_with("mc") || !parse_uint(std::string_view(name).substr(2))) continue;
    controllers = true;
    const fs::path folder = root / name;
    if (add_dimms(name, folder, components) || add_rows(name, folder, components)) {
      add_pair("memory", folder / "ce_noinfo_count", folder / "ue_noinfo_count");
    } else {
      add_pair("memory", folder / "ce_count", folder / "ue_count");
    }
  }
  if (controllers) {
    Component memory;
    memory.id = "memory";
    memory.parent = "host";
    memory.type = ComponentType::memory;
    memory.name = "Memory";
    components.push_back(std::move(memory));
  }
  book_.set(std::move(components));
}

void MemoryCollector::collect(Collection& out, bool describe_all) {
  if (look_due_.due(clock_.steady())) look();
  working_ = 0;
  std::map<std::pair<std::string, std::string_view>, double> sums;
  for (auto& counter : counters_) {
    const auto what = fmt::format("{} {}", counter.component, counter.key);
    const auto value = counter.file.read_int();
    if (!value) {
      faults_.failed(out, what, value.error());
      continue;
    }
    ++working_;
    faults_.worked(what);
    sums[{counter.component, counter.key}] += static_cast<double>(*value);
  }
  for (const auto& [place, sum] : sums)
    add_reading(out, Metric::hw_errors, place.first, sum, place.second);
  book_.tell(out, describe_all);
}

CollectorStatus MemoryCollector::status() const {
  return status_of(working_, "error counters", faults_,
                   "no ECC memory, or no EDAC driver for it: memory errors can then only be seen in the kernel log");
}

}  // namespace

std::unique_ptr<Collector> make_memory_collector(const CollectorEnvironment& environment) {
  return std::make_unique<MemoryCollector>(environment);
}

}  // namespace hale
