#include <algorithm>

#include "rules/detectors/registry.hpp"
#include "rules/loader/json_view.hpp"

/// All or any of other detectors, and of other rules' active findings at the same component.
namespace hale::rules {
namespace {

struct Part {
  std::unique_ptr<const Detector> detector;  ///< else `rule`
  std::uint16_t rule{};
};

struct Combination {
  bool any{};
  std::vector<Part> parts;
};

class CombinationTracker final : public Tracker {
 public:
  explicit CombinationTracker(const Combination& parameters) : p_(parameters) {
    for (const Part& part : p_.parts) trackers_.push_back(part.detector ? part.detector->track() : nullptr);
  }

  bool observe(const Inputs& inputs, const Row& row, const OtherRules& others) override {
    bool all = true;
    bool any = false;
    for (std::size_t i = 0; i < p_.parts.size(); ++i) {
      const bool state = trackers_[i] ? trackers_[i]->observe(inputs, row, others) : others.is_active(p_.parts[i].rule);
      if (state && !any) speaking_ = i;  // kept when all end, so that an `any` explains its end by what raised it
      all &= state;
      any |= state;
    }
    return p_.any ? any : all;
  }

  void explain(const Inputs& inputs, const Row& row, const OtherRules& others,
               EvidenceBuilder& builder) const override {
    for (std::size_t i = 0; i < trackers_.size(); ++i) {
      if (!trackers_[i] || (p_.any && i != explaining())) continue;
      EvidenceBuilder part;
      trackers_[i]->explain(inputs, row, others, part);
      merge(part.evidence, builder.evidence);
    }
  }

  std::string lacking() const override {
    std::string first;
    for (const auto& tracker : trackers_) {
      if (!tracker) continue;
      const std::string part = tracker->lacking();
      if (part.empty() && p_.any) return {};
      if (first.empty()) first = part;
    }
    return first;
  }
  void save(StateWriter& writer) const override {
    writer.number(static_cast<std::uint32_t>(speaking_));
    for (std::size_t i = 0; i < trackers_.size(); ++i) {
      if (trackers_[i]) trackers_[i]->save(writer);
    }
  }
  void restore(StateReader& reader) override {
    speaking_ = std::min<std::size_t>(reader.number<std::uint32_t>(), trackers_.size() - 1);
    for (std::size_t i = 0; i < trackers_.size(); ++i) {
      if (trackers_[i]) trackers_[i]->restore(reader);
    }
  }
  std::size_t bytes() const override {
    std::size_t sum = sizeof(*this) + trackers_.capacity() * sizeof(trackers_[0]);
    for (const auto& tracker : trackers_) sum += tracker ? tracker->bytes() : 0;
    return sum;
  }

 private:
  std::size_t explaining() const {
    if (trackers_[speaking_]) return speaking_;
    for (std::size_t i = 0; i < trackers_.size(); ++i) {
      if (trackers_[i]) return i;
    }
    return 0;
  }

  static void merge(const Evidence& from, Evidence& into) {
    for (const Fact& fact : from.facts) {
      const bool known =
          std::any_of(into.facts.begin(), into.facts.end(), [&](const Fact& other) { return other.name == fact.name; });
      if (!known) into.facts.push_back(fact);
    }
    into.plots.insert(into.plots.end(), from.plots.begin(), from.plots.end());
    if (into.to == Timestamp{} || from.from < into.from) into.from = from.from;
    into.to = std::max(into.to, from.to);
    if (from.projected) into.projected = from.projected;
  }

  const Combination& p_;
  std::vector<std::unique_ptr<Tracker>> trackers_;
  std::size_t speaking_{};
};

class CombinationDetector final : public Detector {
 public:
  explicit CombinationDetector(Combination parameters) : p_(std::move(parameters)) {}
  std::unique_ptr<Tracker> track() const override { return std::make_unique<CombinationTracker>(p_); }
  std::vector<FactInfo> facts() const override {
    std::vector<FactInfo> facts;
    bool first = true;
    for (const Part& part : p_.parts) {
      if (!part.detector) continue;
      const auto more = part.detector->facts();
      const auto known = [](const std::vector<FactInfo>& list, const FactInfo& one) {
        return std::find(list.begin(), list.end(), one) != list.end();
      };
      if (p_.any && !first) std::erase_if(facts, [&](const FactInfo& fact) { return !known(more, fact); });
      for (const FactInfo& fact : more) {
        if ((first || !p_.any) && !known(facts, fact)) facts.push_back(fact);
      }
      first = false;
    }
    return facts;
  }
  SlotMask uses() const override {
    SlotMask mask = 0;
    for (const Part& part : p_.parts) mask |= part.detector ? part.detector->uses() : 0;
    return mask;
  }
  std::vector<std::uint16_t> rules() const override {
    std::vector<std::uint16_t> rules;
    for (const Part& part : p_.parts) {
      if (!part.detector) {
        rules.push_back(part.rule);
        continue;
      }
      const auto inner = part.detector->rules();
      rules.insert(rules.end(), inner.begin(), inner.end());
    }
    return rules;
  }
  std::string_view tier() const override {
    std::string_view tier = "snapshot";
    for (const Part& part : p_.parts) {
      if (part.detector && part.detector->tier() != "snapshot") tier = part.detector->tier();
    }
    return tier;
  }

 private:
  Combination p_;
};

Part parse_part(const JsonView& json, const RuleScope& scope) {
  Part part;
  if (!json.has("rule")) {
    part.detector = make_detector(json, scope);
    return part;
  }
  json.allow({"rule"});
  const std::string id = json.text("rule");
  if (const auto rule = scope.rule(id)) {
    part.rule = *rule;
  } else if (json.errors().good()) {
    json.report("rule", "no rule \"" + id + "\" stands before this one");
  }
  return part;
}

}  // namespace

std::unique_ptr<const Detector> make_combination(const JsonView& json, const RuleScope& scope) {
  json.allow({"kind", "all", "any"});
  if (json.has("all") == json.has("any")) json.report("expected either all or any");
  Combination p;
  p.any = json.has("any");
  for (const JsonView& item : json.list(p.any ? "any" : "all")) p.parts.push_back(parse_part(item, scope));
  if (!json.errors().good()) return nullptr;
  if (p.parts.empty()) json.report("has no parts");
  return std::make_unique<CombinationDetector>(std::move(p));
}

}  // namespace hale::rules
