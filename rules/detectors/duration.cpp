#include <algorithm>

#include "rules/detectors/condition.hpp"
#include "rules/detectors/occurrences.hpp"
#include "rules/detectors/registry.hpp"
#include "rules/detectors/widen.hpp"
#include "rules/loader/json_view.hpp"

/// A condition that held without a break for so long, on so many days of a window.
namespace hale::rules {
namespace {

struct Duration {
  Condition when;
  Millis per_day{};  ///< shorter stretches do not count
  int days{};
  Millis window{};
  Millis quiet{};  ///< ends after so long without a day that counts
  SlotMask uses{};
  std::string metric;
  FactInfo main;
};

class DurationTracker final : public Tracker {
 public:
  explicit DurationTracker(const Duration& parameters) : p_(parameters) {}

  bool observe(const Inputs& inputs, const Row& row, const OtherRules&) override {
    if ((inputs.fresh & p_.uses) != 0) take(inputs, row);
    if (!minutes_.empty()) minutes_.forget_before(row.day - static_cast<std::int32_t>(p_.window / kDay) + 1);
    if (active_) {
      active_ = row.time - last_ < p_.quiet;
      if (!active_) minutes_ = {};
      return active_;
    }
    return active_ = days() >= p_.days;
  }

  void explain(const Inputs&, const Row& row, const OtherRules&, EvidenceBuilder& builder) const override {
    builder.fact("highest", highest_, p_.main.unit);
    builder.fact("days", days(), "");
    builder.fact("most", minutes_.largest(), "min");
    builder.fact("window", static_cast<double>(p_.window) / kDay, "d");
    builder.evidence.to = builder.evidence.from = Timestamp(std::chrono::milliseconds(row.time));
    Plot plot;
    plot.metric = p_.metric;
    plot.unit = "min";
    for (const auto& day : minutes_.buckets())
      plot.points.emplace_back(Timestamp(std::chrono::milliseconds(day.id * kDay)), widen(day.amount));
    if (!plot.points.empty()) builder.evidence.from = plot.points.front().first;
    if (plot.points.size() > 1) builder.evidence.plots.push_back(std::move(plot));
  }

  std::string lacking() const override { return {}; }
  void save(StateWriter& writer) const override {
    writer.number(active_);
    for (const Millis time : {since_, last_true_, counted_, last_}) writer.number(time);
    writer.number(highest_);
    minutes_.save(writer);
  }
  void restore(StateReader& reader) override {
    reader.number(active_);
    for (Millis* time : {&since_, &last_true_, &counted_, &last_}) reader.number(*time);
    reader.number(highest_);
    minutes_.restore(reader);
  }
  std::size_t bytes() const override { return sizeof(*this) + minutes_.bytes(); }

 private:
  int days() const { return minutes_.buckets_with(static_cast<double>(p_.per_day) / kMinute); }

  void take(const Inputs& inputs, const Row& row) {
    const auto holds = p_.when.holds(inputs);
    if (!holds) return;
    if (!*holds) {
      since_ = -1;
      return;
    }
    if (since_ < 0 || !row.lasted_since(last_true_)) {
      since_ = row.time;
      counted_ = 0;
    }
    last_true_ = row.time;
    const Millis run = row.time - since_;
    if (run < p_.per_day) return;
    if (minutes_.empty()) highest_ = inputs.values[p_.when.main().slot];
    highest_ = std::max(highest_, inputs.values[p_.when.main().slot]);
    minutes_.add(row.day, static_cast<double>(run - counted_) / kMinute);
    counted_ = run;
    last_ = row.time;
  }

  const Duration& p_;
  Occurrences minutes_;  ///< a day
  Millis since_{-1};     ///< the condition holds since; -1 = it does not
  Millis last_true_{};
  Millis counted_{};  ///< of the present stretch
  Millis last_{};
  double highest_{};
  bool active_{};
};

class DurationDetector final : public Detector {
 public:
  explicit DurationDetector(Duration parameters) : p_(std::move(parameters)) {}
  std::unique_ptr<Tracker> track() const override { return std::make_unique<DurationTracker>(p_); }
  std::vector<FactInfo> facts() const override {
    return {{"highest", p_.main.unit}, {"days", ""}, {"most", "min"}, {"window", "d"}};
  }
  SlotMask uses() const override { return p_.uses; }
  std::string_view tier() const override { return "history"; }

 private:
  Duration p_;
};

}  // namespace

std::unique_ptr<const Detector> make_duration(const JsonView& json, const RuleScope& scope) {
  json.allow({"kind", "when", "per_day", "days", "window", "clear"});
  Duration p;
  p.when = Condition::parse(json.child("when"), scope);
  if (!json.errors().good()) return nullptr;
  p.per_day = json.duration("per_day");
  p.days = json.whole_or("days", 1, 1, 400);
  p.window = json.duration("window");
  p.quiet = p.window;
  if (json.has("clear")) {
    json.child("clear").allow({"quiet"});
    p.quiet = json.child("clear").duration("quiet");
  }
  if (p.per_day <= 0 || p.per_day > kDay) json.report("per_day", "expected more than 0, at most 24h");
  if (p.window < kDay || p.window > 400 * kDay) json.report("window", "expected 1d to 400d");
  if (p.days > p.window / kDay) json.report("days", "is more than the window has");
  p.uses = p.when.uses();
  const InputSpec& main = scope.input(p.when.main().slot);
  p.main = {main.name, main.unit};
  p.metric = main.name;
  return std::make_unique<DurationDetector>(std::move(p));
}

}  // namespace hale::rules
