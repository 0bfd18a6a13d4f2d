#include <fmt/format.h>

#include "collectors/fan/fan.hpp"
#include "collectors/sensor_file_linux.hpp"

namespace hale {
namespace {

struct Fan {
  std::string id;
  SensorFile input;
};

class FanCollector final : public Collector {
 public:
  explicit FanCollector(std::shared_ptr<HwmonTree> hwmon) : hwmon_(std::move(hwmon)) {}

  std::string_view name() const override { return "fan"; }
  void collect(Collection& out, bool describe_all) override;
  CollectorStatus status() const override;

 private:
  void rebuild();
  void read_speeds(Collection& out);

  std::shared_ptr<HwmonTree> hwmon_;
  unsigned generation_{0};
  std::vector<Fan> fans_;
  ComponentBook book_;
  FaultLog faults_{"fan"};
  std::size_t working_{0};
};

void FanCollector::rebuild() {
  generation_ = hwmon_->generation();
  fans_.clear();
  std::vector<Component> components;
  for (const auto& chip : hwmon_->chips()) {
    for (const auto& channel : chip.channels) {
      if (channel.kind != HwmonKind::fan) continue;
      fans_.push_back({channel.id, SensorFile(chip.folder / channel.input)});
      Component fan;
      fan.id = channel.id;
      fan.parent = "host";
      fan.type = ComponentType::fan;
      fan.name = fmt::format("{} {}", chip.name, channel.label.empty() ? channel.attribute : channel.label);
      components.push_back(std::move(fan));
    }
  }
  book_.set(std::move(components));
}

void FanCollector::read_speeds(Collection& out) {
  working_ = 0;
  std::vector<std::pair<std::string, Error>> failures;
  bool gone = false;
  for (auto& fan : fans_) {
    const auto speed = fan.input.read_int();
    if (!speed) {
      gone = gone || speed.error().code == Errc::not_found;
      failures.emplace_back(fan.id, speed.error());
      continue;
    }
    ++working_;
    faults_.worked(fan.id);
    add_reading(out, Metric::hw_fan_speed, fan.id, static_cast<double>(*speed));
  }
  if (gone && hwmon_->suspect(out)) return;
  for (const auto& [id, error] : failures) faults_.failed(out, id, error);
}

void FanCollector::collect(Collection& out, bool describe_all) {
  hwmon_->refresh(out);
  if (generation_ != hwmon_->generation()) rebuild();
  read_speeds(out);
  book_.tell(out, describe_all);
}

CollectorStatus FanCollector::status() const {
  if (!hwmon_->trouble().empty()) return {CollectorState::error, hwmon_->trouble()};
  return status_of(working_, "fans", faults_,
                   "no fan speed sensors: the PC has no fan, its firmware keeps the speed to itself, or the board's "
                   "sensor driver is not loaded "
                   "(sensors-detect finds it)");
}

}  // namespace

std::unique_ptr<Collector> make_fan_collector(const CollectorEnvironment&, std::shared_ptr<HwmonTree> hwmon) {
  return std::make_unique<FanCollector>(std::move(hwmon));
}

}  // namespace hale
