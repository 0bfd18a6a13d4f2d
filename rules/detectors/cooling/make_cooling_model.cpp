#include <array>
#include <string_view>

#include "rules/detectors/cooling/cooling_model.hpp"
#include "rules/detectors/registry.hpp"
#include "rules/loader/json_view.hpp"

/// From the pack's JSON to the model's parameters.
namespace hale::rules {
namespace {

using namespace cooling;

// In the order of Source.
constexpr std::array<std::string_view, kSources> kSourceNames{"cpu_temperature",
                                                              "gpu_temperature",
                                                              "board_temperature",
                                                              "disk_temperature",
                                                              "battery_temperature",
                                                              "fan_speed",
                                                              "cpu_power",
                                                              "gpu_power",
                                                              "cpu_load",
                                                              "gpu_load",
                                                              "cpu_frequency",
                                                              "throttle_time",
                                                              "uptime",
                                                              "mains",
                                                              "cpu_limit"};

class CoolingDetector final : public Detector {
 public:
  CoolingDetector(const Parameters& parameters, const Slots& slots) : p_(parameters), slots_(slots) {}
  std::unique_ptr<Tracker> track() const override { return std::make_unique<CoolingModel>(p_, slots_); }
  std::vector<FactInfo> facts() const override { return {}; }
  SlotMask uses() const override {
    SlotMask mask = 0;
    for (const Slot slot : slots_) mask |= slot == kNoSlot ? 0 : 1u << slot;
    return mask;
  }
  std::string_view tier() const override { return "history"; }
  std::vector<QuestionInfo> questions() const override {
    const std::vector<FactInfo> rise{{"excess", "1"}, {"hotter", "Cel"}, {"usual_rise", "Cel"}};
    std::vector<FactInfo> paste = rise;
    paste.push_back({"fast", "1"});
    return {{"dust", rise},
            {"degraded", rise},
            {"thermal_interface", paste},
            {"blocked", {{"excess", "1"}, {"hotter", "Cel"}}},
            {"fan_worn", {{"slower", "1"}}},
            {"hot_room", {{"room", "Cel"}}}};
  }

 private:
  Parameters p_;
  Slots slots_;
};

double within(const JsonView& json, std::string_view key, double least, double most) {
  const double value = json.number(key);
  if (json.errors().good() && !(value >= least && value <= most))
    json.report(key, "expected a number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

int count(const JsonView& json, std::string_view key, int least, int most) {
  if (!json.has(key)) json.number(key);  // says that it is missing
  return json.whole_or(key, least, least, most);
}

Parameters::Learning parse_learning(const JsonView& json) {
  json.allow({"days", "days_if_late", "late_after", "buckets_a_day", "least_rise"});
  return {count(json, "days", 5, 60), count(json, "days_if_late", 4, 60), count(json, "late_after", 10, 400),
          count(json, "buckets_a_day", 2, 100), within(json, "least_rise", 1, 40)};
}

Parameters::Physics parse_physics(const JsonView& json) {
  json.allow(
      {"power_step", "rise_exponent", "fan_exponent", "idle_share", "clock_exponent", "drift_a_day", "day_scatter"});
  return {within(json, "power_step", 1.05, 3),    within(json, "rise_exponent", 0.2, 1.2),
          within(json, "fan_exponent", 0, 1.2),   within(json, "idle_share", 0.01, 1),
          within(json, "clock_exponent", 0.5, 4), within(json, "drift_a_day", 1e-4, 0.1),
          within(json, "day_scatter", 1e-3, 0.3)};
}

Parameters::RoomPrior parse_room(const JsonView& json) {
  json.allow({"mean", "spread", "step", "reading", "gpu_warmer"});
  return {within(json, "mean", 5, 40), within(json, "spread", 0.5, 30), within(json, "step", 0.2, 20),
          within(json, "reading", 0.1, 10), within(json, "gpu_warmer", 0, 20)};
}

Parameters::Error parse_error(const JsonView& json) {
  json.allow({"kelvin", "share", "mix", "mix_day", "far", "far_share"});
  return {within(json, "kelvin", 0.05, 10), within(json, "share", 0, 0.5), within(json, "mix", 0, 0.5),
          within(json, "mix_day", 0, 1),    within(json, "far", 0.05, 10), within(json, "far_share", 0, 1)};
}

Parameters::Dust parse_dust(const JsonView& json) {
  json.allow({"level", "without_power", "without_fan", "leave", "days", "of_days", "trend_z", "large",
              "throttled_level", "throttled_minutes", "throttled_times", "throttled_three", "slope"});
  Parameters::Dust dust{within(json, "level", 0.02, 1),
                        within(json, "without_power", 0.5, 5),
                        within(json, "without_fan", 0.5, 5),
                        within(json, "leave", 0.1, 0.95),
                        count(json, "days", 1, 60),
                        count(json, "of_days", 1, 60),
                        within(json, "trend_z", 0, 5),
                        within(json, "large", 0.05, 3),
                        within(json, "throttled_level", 0.01, 1),
                        within(json, "throttled_minutes", 1, 1440),
                        within(json, "throttled_times", 1, 20),
                        within(json, "throttled_three", 0.01, 1),
                        within(json, "slope", 0, 0.1)};
  if (dust.days > dust.of_days) json.report("days", "is more than of_days");
  if (dust.throttled_level > dust.level) json.report("throttled_level", "is above level, which needs less evidence");
  return dust;
}

Parameters parse_parameters(const JsonView& json) {
  Parameters p{};
  p.learning = parse_learning(json.child("learning"));
  p.physics = parse_physics(json.child("physics"));
  p.room = parse_room(json.child("room"));
  p.error = parse_error(json.child("error"));
  p.dust = parse_dust(json.child("dust"));
  const JsonView paste = json.child("paste");
  paste.allow({"fast", "share", "pairs", "alone", "least"});
  p.paste = {within(paste, "fast", 0.01, 1), within(paste, "share", 0, 1), count(paste, "pairs", 10, 20000),
             within(paste, "alone", 0.01, 2), within(paste, "least", -1, 1)};
  const JsonView blocked = json.child("blocked");
  blocked.allow({"level", "over_usual", "over_own", "without_power", "kelvin", "hot", "buckets"});
  p.blocked = {within(blocked, "level", 0.05, 3), within(blocked, "over_usual", 0.05, 3),
               within(blocked, "over_own", 0, 3), within(blocked, "without_power", 0.5, 5),
               within(blocked, "kelvin", 1, 60),  within(blocked, "hot", 30, 110),
               count(blocked, "buckets", 1, 100)};
  const JsonView fan = json.child("fan");
  fan.allow({"slow", "days", "of_days"});
  p.fan = {within(fan, "slow", 0.02, 0.9), count(fan, "days", 1, 60), count(fan, "of_days", 1, 60)};
  if (p.fan.days > p.fan.of_days) fan.report("days", "is more than of_days");
  const JsonView sudden = json.child("sudden");
  sudden.allow({"step", "settle", "level", "stays"});
  p.sudden = {within(sudden, "step", 0.1, 1), count(sudden, "settle", 1, 60), within(sudden, "level", 0.05, 3),
              count(sudden, "stays", 1, 60)};
  return p;
}

}  // namespace

std::unique_ptr<const Detector> make_cooling_model(const JsonView& json, const RuleScope& scope) {
  json.allow({"kind", "learning", "physics", "room", "error", "dust", "paste", "blocked", "fan", "sudden"});
  Slots slots;
  slots.fill(kNoSlot);
  std::vector<std::string_view> known(kSourceNames.begin(), kSourceNames.end());
  for (std::size_t i = 0; i < scope.inputs->size(); ++i) {
    const std::string& name = (*scope.inputs)[i].name;
    const auto at = std::find(kSourceNames.begin(), kSourceNames.end(), name);
    if (at == kSourceNames.end()) {
      json.report("this model reads no input \"" + name + "\"" + JsonView::suggestion(name, known));
      return nullptr;
    }
    slots[static_cast<std::size_t>(at - kSourceNames.begin())] = static_cast<Slot>(i);
  }
  return std::make_unique<CoolingDetector>(parse_parameters(json), slots);
}

}  // namespace hale::rules
