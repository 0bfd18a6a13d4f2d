#include <algorithm>

#include "rules/detectors/registry.hpp"
#include "rules/loader/json_view.hpp"

/// Speaks for one conclusion of a model at the same component.
namespace hale::rules {
namespace {

class VerdictTracker final : public Tracker {
 public:
  explicit VerdictTracker(Detector::Asked asked) : asked_(asked) {}

  bool observe(const Inputs&, const Row&, const OtherRules& others) override {
    const Model* model = others.model(asked_.model);
    return model != nullptr && model->holds(asked_.question);
  }
  void explain(const Inputs&, const Row& row, const OtherRules& others, EvidenceBuilder& builder) const override {
    if (const Model* model = others.model(asked_.model)) model->show(asked_.question, row, builder);
  }
  std::optional<double> confidence(const OtherRules& others) const override {
    const Model* model = others.model(asked_.model);
    if (model == nullptr) return {};
    return model->sureness(asked_.question);
  }
  std::string lacking() const override { return {}; }  // coverage asks the model
  void save(StateWriter&) const override {}
  void restore(StateReader&) override {}
  std::size_t bytes() const override { return sizeof(*this); }

 private:
  Detector::Asked asked_;
};

class VerdictDetector final : public Detector {
 public:
  VerdictDetector(Asked asked, std::vector<FactInfo> facts) : asked_(asked), facts_(std::move(facts)) {}
  std::unique_ptr<Tracker> track() const override { return std::make_unique<VerdictTracker>(asked_); }
  std::vector<FactInfo> facts() const override { return facts_; }
  SlotMask uses() const override { return 0; }
  std::vector<std::uint16_t> rules() const override { return {asked_.model}; }
  std::string_view tier() const override { return "history"; }
  std::optional<Asked> asks() const override { return asked_; }

 private:
  Asked asked_;
  std::vector<FactInfo> facts_;
};

}  // namespace

std::unique_ptr<const Detector> make_verdict(const JsonView& json, const RuleScope& scope) {
  json.allow({"kind", "model", "says"});
  const std::string name = json.text("model");
  const std::string says = json.text("says");
  if (!json.errors().good()) return nullptr;
  const auto model = scope.model(name);
  if (!model) {
    json.report("model", "no model \"" + name + "\" stands before this rule");
    return nullptr;
  }
  const auto questions = scope.model_detector(*model).questions();
  std::vector<std::string_view> known;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (questions[i].name == says) {
      return std::make_unique<VerdictDetector>(Detector::Asked{*model, static_cast<Model::Question>(i)},
                                               questions[i].facts);
    }
    known.push_back(questions[i].name);
  }
  json.report("says", "this model does not say \"" + says + "\"" + JsonView::suggestion(says, known));
  return nullptr;
}

}  // namespace hale::rules
