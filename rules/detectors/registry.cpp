#include "rules/detectors/registry.hpp"

#include <fmt/format.h>

#include <array>
#include <span>
#include <utility>

#include "rules/loader/json_view.hpp"

namespace hale::rules {
namespace {

// The only list of detectors: a new kind is one file beside this one and one line here.
constexpr std::array<std::pair<std::string_view, DetectorFactory>, 7> kDetectors{{
    {"threshold", make_threshold},
    {"counter", make_counter},
    {"event_rate", make_event_rate},
    {"duration", make_duration},
    {"trend", make_trend},
    {"combination", make_combination},
    {"verdict", make_verdict},
}};

// And of models.
constexpr std::array<std::pair<std::string_view, DetectorFactory>, 2> kModels{{
    {"cooling_model", make_cooling_model},
    {"disk_risk", make_disk_risk},
}};

std::unique_ptr<const Detector> make_of(std::span<const std::pair<std::string_view, DetectorFactory>> list,
                                        std::string_view what, const JsonView& json, const RuleScope& scope) {
  const std::string kind = json.text("kind");
  std::vector<std::string_view> known;
  for (const auto& [name, factory] : list) {
    if (name == kind) {
      auto detector = factory(json, scope);
      return json.errors().good() ? std::move(detector) : nullptr;
    }
    known.push_back(name);
  }
  json.report("kind", fmt::format("unknown {} \"{}\"{}", what, kind, JsonView::suggestion(kind, known)));
  return nullptr;
}

}  // namespace

Slot RuleScope::slot(const JsonView& json, std::string_view key) const {
  const std::string name = json.text(key);
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < inputs->size(); ++i) {
    if ((*inputs)[i].name == name) return static_cast<Slot>(i);
    known.push_back((*inputs)[i].name);
  }
  json.report(key, "the rule has no input \"" + name + "\"" + JsonView::suggestion(name, known));
  return 0;
}

std::unique_ptr<const Detector> make_detector(const JsonView& json, const RuleScope& scope) {
  return make_of(kDetectors, "detector", json, scope);
}

std::unique_ptr<const Detector> make_model(const JsonView& json, const RuleScope& scope) {
  return make_of(kModels, "model", json, scope);
}

}  // namespace hale::rules
