#include <fmt/format.h>

#include <algorithm>

#include "rules/detectors/disk/disk_risk.hpp"
#include "rules/detectors/registry.hpp"
#include "rules/loader/json_view.hpp"

/// From the pack's JSON to the card. Refuses cards that contradict themselves: a stage that ends above its entry, one
/// that cannot be reached, stages out of order, odds that fall with the points.
namespace hale::rules {
namespace {

using namespace disk;

constexpr std::array<std::string_view, kStages> kStageNames{"watch", "tell", "act"};
constexpr int kMostPoints = 100;

class DiskRiskDetector final : public Detector {
 public:
  explicit DiskRiskDetector(Card card) : card_(std::move(card)) {}
  std::unique_ptr<Tracker> track() const override { return std::make_unique<DiskRisk>(card_); }
  std::vector<FactInfo> facts() const override { return {}; }
  SlotMask uses() const override {
    SlotMask mask = card_.scored_by;
    for (const Term& term : card_.terms) mask |= 1u << term.slot | (term.only ? 1u << *term.only : 0);
    return mask;
  }
  std::string_view tier() const override { return "snapshot"; }
  std::vector<QuestionInfo> questions() const override {
    const std::vector<FactInfo> facts{{"risk", ""}, {"in_ten", ""}, {"signs", ""}, {"worst", ""}};
    std::vector<QuestionInfo> all;
    for (const std::string_view name : kStageNames) all.push_back({std::string(name), facts});
    all.push_back({"unscored", {}});
    return all;
  }

 private:
  Card card_;
};

int days_of(const JsonView& json) {
  const Millis window = json.duration("within");
  if (json.errors().good() && (window < kDay || window > 800 * kDay)) json.report("within", "expected 1d to 800d");
  return static_cast<int>(window / kDay);
}

void parse_sign(const JsonView& json, Term& term, bool events) {
  struct Word {
    std::string_view key;
    Sign sign;
    bool windowed;
  };
  constexpr std::array<Word, 7> kWords{{{"at_least", Sign::at_least, false},
                                        {"any_bits", Sign::bits, false},
                                        {"rises_by", Sign::rise, true},
                                        {"on_days", Sign::rise_days, true},
                                        {"was", Sign::was, true},
                                        {"was_ever", Sign::peak, false},
                                        {"began", Sign::began, true}}};
  int given = 0;
  bool windowed = false;
  for (const Word& word : kWords) {
    if (!json.has(word.key)) continue;
    ++given;
    term.sign = word.sign;
    term.limit = json.number(word.key);
    windowed = word.windowed;
    if (json.errors().good() && !(term.limit > 0)) json.report(word.key, "expected a number above 0");
  }
  if (given != 1)
    return json.report("expected exactly one of at_least, any_bits, rises_by, on_days, was, was_ever, began");
  if (windowed) term.window_days = days_of(json);
  if (json.errors().good() && term.sign == Sign::began && term.limit != 1) json.report("began", "expected 1: above 0");
  if (!windowed && json.has("within")) json.report("within", "goes with rises_by, on_days, was and began only");
  if (events && term.sign != Sign::rise && term.sign != Sign::rise_days)
    json.report("input", "is of events: use rises_by (how many) or on_days");
}

Term parse_term(const JsonView& json, const RuleScope& scope) {
  json.allow(
      {"input", "at_least", "any_bits", "rises_by", "on_days", "was", "was_ever", "began", "within", "points", "only"});
  Term term;
  term.slot = scope.slot(json, "input");
  if (!json.errors().good()) return term;
  if (scope.input(term.slot).kind == InputKind::fact) json.report("input", "is a fact: use it as only");
  parse_sign(json, term, scope.input(term.slot).kind == InputKind::events);
  if (!json.has("points")) json.number("points");
  term.points = json.whole_or("points", 1, 1, kMostPoints);
  if (json.has("only")) {
    term.only = scope.slot(json, "only");
    if (json.errors().good() && scope.input(*term.only).kind != InputKind::fact) json.report("only", "is not a fact");
  }
  return term;
}

void parse_stages(const JsonView& json, Card& card) {
  json.allow({"watch", "tell", "act"});
  int most = 0;
  for (const Term& term : card.terms) most += term.points;
  for (std::size_t i = 0; i < kStages && json.errors().good(); ++i) {
    const JsonView view = json.child(kStageNames[i]);
    view.allow({"enter", "leave"});
    Band& band = card.stages[i];
    band.enter = static_cast<int>(view.number("enter"));
    band.leave = static_cast<int>(view.number_or("leave", band.enter));
    if (!view.errors().good()) return;
    if (band.enter < 1 || band.enter > most)
      view.report("enter", fmt::format("expected 1 to {}, what all points together give", most));
    if (band.leave < 1 || band.leave > band.enter) view.report("leave", "must be at least 1 and at most enter");
    if (i > 0 && (band.enter <= card.stages[i - 1].enter || band.leave < card.stages[i - 1].leave))
      view.report("each stage must begin above, and end no lower than, the one before it");
  }
}

void parse_odds(const JsonView& json, Card& card) {
  for (const JsonView& view : json.list("odds")) {
    view.allow({"points", "failed"});
    const auto points = static_cast<int>(view.number("points"));
    const double failed = view.number("failed");
    if (!view.errors().good()) return;
    if (!(failed > 0 && failed < 1)) view.report("failed", "expected a share above 0 and below 1");
    if (!card.odds.empty() && (points <= card.odds.back().first || failed < card.odds.back().second))
      view.report("more points must not mean better odds");
    card.odds.emplace_back(points, failed);
  }
  if (card.odds.empty()) json.report("\"odds\" is missing or empty");
  card.own_path_odds = json.number("own_path_odds");
  if (json.errors().good() && !(card.own_path_odds > 0 && card.own_path_odds < 1))
    json.report("own_path_odds", "expected a share above 0 and below 1");
}

}  // namespace

std::unique_ptr<const Detector> make_disk_risk(const JsonView& json, const RuleScope& scope) {
  json.allow({"kind", "scored_by", "points", "stages", "odds", "own_path_odds"});
  Card card;
  for (const InputSpec& input : *scope.inputs) card.inputs.push_back({input.name, input.unit});
  for (const JsonView& name : json.list("scored_by")) {
    const std::string wanted = name.as_text();
    const auto found = std::find_if(scope.inputs->begin(), scope.inputs->end(),
                                    [&](const InputSpec& input) { return input.name == wanted; });
    if (found == scope.inputs->end()) {
      name.report("the model has no input \"" + wanted + "\"");
      return nullptr;
    }
    card.scored_by |= 1u << (found - scope.inputs->begin());
  }
  if (card.scored_by == 0) json.report("\"scored_by\" is missing or empty");
  for (const JsonView& view : json.list("points")) {
    if (!json.errors().good()) return nullptr;
    const Term term = parse_term(view, scope);
    card.terms.push_back(term);
    card.longest_window = std::max(card.longest_window, term.window_days);
  }
  if (card.terms.empty()) json.report("\"points\" is missing or empty");
  if (!json.errors().good()) return nullptr;
  for (const Term& term : card.terms) {
    card.watched |= 1u << term.slot;
    if (scope.input(term.slot).kind == InputKind::events) card.events |= 1u << term.slot;
  }
  parse_stages(json.child("stages"), card);
  if (json.errors().good()) parse_odds(json, card);
  return std::make_unique<DiskRiskDetector>(std::move(card));
}

}  // namespace hale::rules
