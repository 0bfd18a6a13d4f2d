#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rules/detectors/condition.hpp"
#include "rules/detectors/occurrences.hpp"
#include "rules/detectors/registry.hpp"
#include "rules/detectors/widen.hpp"
#include "rules/loader/json_view.hpp"

/// `counter` and `event_rate`: something happened so often in a window: in all, on so many distinct days, or on any one
/// day.
namespace hale::rules {
namespace {

enum class Reset : std::uint8_t { rebaseline, restart };

struct Window {
  Slot slot{};
  bool events{};
  FactInfo input;   ///< of a counter: its present value
  FactInfo amount;  ///< "increase" or "count"
  std::string metric;
  Millis window{};
  bool hourly{};   ///< buckets are hours, else local days
  double total{};  ///< any of the three criteria that is above 0
  int days{};
  double any_day{};
  double per_day{};  ///< a day with less does not count for `days`
  Millis quiet{};    ///< ends after so long without an occurrence
  Reset reset{};
  int baseline_days{};  ///< learn what a usual day has, on so many first days
  double baseline_times{};
  std::optional<Slot> excuse;          ///< an event that takes the blame for everything on its day
  Millis after_gap{};                  ///< not so soon after a gap
  std::optional<Condition> only_when;  ///< only what happens while this holds counts
  bool unknown_counts{};               ///< and what happens while it cannot be told
  SlotMask uses{};
};

class WindowTracker final : public Tracker {
 public:
  explicit WindowTracker(const Window& parameters) : p_(parameters) {}

  bool observe(const Inputs& inputs, const Row& row, const OtherRules&) override {
    const std::int32_t bucket = p_.hourly ? row.hour : row.day;
    if (p_.excuse && inputs.is_fresh(*p_.excuse)) excuse(row.day);
    if (inputs.is_fresh(p_.slot)) take(inputs, bucket, row);
    if (!occurrences_.empty()) occurrences_.forget_before(bucket - buckets_in_window() + 1);
    if (active_) {
      if (row.time - last_ >= p_.quiet) {
        active_ = false;
        occurrences_ = {};
      }
      return active_;
    }
    if (occurrences_.empty() || learning()) return false;
    return active_ = reached();
  }

  void explain(const Inputs& inputs, const Row& row, const OtherRules&, EvidenceBuilder& builder) const override {
    if (!p_.events && inputs.has(p_.slot)) builder.fact(p_.input.name, inputs.values[p_.slot], p_.input.unit);
    builder.fact(p_.amount.name, occurrences_.total(), p_.amount.unit);
    builder.fact("days", occurrences_.buckets_with(p_.hourly ? 0 : needed_per_day()), "");
    builder.fact("most", occurrences_.largest(), p_.amount.unit);
    builder.fact("window", static_cast<double>(p_.window) / kDay, "d");
    const Millis bucket_ms = p_.hourly ? kHour : kDay;
    const auto& buckets = occurrences_.buckets();
    builder.evidence.to = Timestamp(std::chrono::milliseconds(row.time));
    builder.evidence.from =
        buckets.empty() ? builder.evidence.to : Timestamp(std::chrono::milliseconds(buckets.front().id * bucket_ms));
    Plot plot;
    plot.metric = p_.metric;
    plot.unit = p_.amount.unit;
    for (const auto& entry : buckets) {
      plot.points.emplace_back(Timestamp(std::chrono::milliseconds(entry.id * bucket_ms)), widen(entry.amount));
    }
    if (plot.points.size() > 1) builder.evidence.plots.push_back(std::move(plot));
  }

  std::string lacking() const override {
    if (p_.events) return {};
    if (!has_value_ || first_ == newest_) return "needs a second reading to compare with";
    if (learning())
      return fmt::format("has seen {} of the {} days it needs to know what is usual", learned_days_, p_.baseline_days);
    return {};
  }
  void save(StateWriter& writer) const override {
    for (const bool flag : {active_, has_value_}) writer.number(flag);
    for (const Millis time : {first_, newest_, last_}) writer.number(time);
    for (const std::int32_t day : {excused_day_, today_, learned_days_}) writer.number(day);
    for (const double value : {value_, today_amount_, learned_amount_}) writer.number(value);
    occurrences_.save(writer);
  }
  void restore(StateReader& reader) override {
    for (bool* flag : {&active_, &has_value_}) reader.number(*flag);
    for (Millis* time : {&first_, &newest_, &last_}) reader.number(*time);
    for (std::int32_t* day : {&excused_day_, &today_, &learned_days_}) reader.number(*day);
    for (double* value : {&value_, &today_amount_, &learned_amount_}) reader.number(*value);
    occurrences_.restore(reader);
  }
  std::size_t bytes() const override { return sizeof(*this) + occurrences_.bytes(); }

 private:
  std::int32_t buckets_in_window() const {
    return static_cast<std::int32_t>((p_.window + (p_.hourly ? kHour : kDay) - 1) / (p_.hourly ? kHour : kDay));
  }
  bool learning() const { return learned_days_ < p_.baseline_days; }
  double needed_per_day() const {
    if (p_.baseline_days == 0 || learned_days_ == 0) return p_.per_day;
    return std::max(p_.per_day, p_.baseline_times * learned_amount_ / learned_days_);
  }

  void excuse(std::int32_t day) {
    excused_day_ = day;
    occurrences_.drop(day);
  }

  void take(const Inputs& inputs, std::int32_t bucket, const Row& row) {
    const double value = inputs.values[p_.slot];
    if (first_ < 0) first_ = row.time;
    newest_ = row.time;
    const double amount = p_.events ? value : increase(value);
    if (p_.baseline_days > 0) learn(amount, row.day);
    if (amount <= 0) return;
    if (p_.only_when && !p_.only_when->holds(inputs).value_or(p_.unknown_counts)) return;
    if (p_.excuse && excused_day_ == row.day) return;
    if (p_.after_gap > 0 && row.time - row.awake_since < p_.after_gap) return;
    occurrences_.add(bucket, amount);
    // Where days are counted, a day with too little is as good as quiet.
    const bool small =
        p_.days > 0 && p_.total <= 0 && static_cast<double>(occurrences_.buckets().back().amount) < needed_per_day();
    if (!small) last_ = row.time;
  }

  double increase(double value) {
    const double before = value_;
    value_ = value;
    if (!has_value_) {
      has_value_ = true;
      return 0;
    }
    if (value >= before) return value - before;
    return p_.reset == Reset::restart ? value : 0;
  }

  void learn(double amount, std::int32_t day) {
    if (day != today_) {
      if (today_ != kNoDay && learning()) {
        learned_amount_ += today_amount_;
        ++learned_days_;
        if (!learning()) occurrences_ = {};  // what was usual is no occurrence
      }
      today_ = day;
      today_amount_ = 0;
    }
    today_amount_ += amount;
  }

  bool reached() const {
    if (p_.total > 0 && occurrences_.total() >= p_.total) return true;
    if (p_.any_day > 0 && occurrences_.largest() >= p_.any_day) return true;
    return p_.days > 0 && occurrences_.buckets_with(needed_per_day()) >= p_.days;
  }

  static constexpr std::int32_t kNoDay = -1;
  const Window& p_;
  Occurrences occurrences_;
  double value_{};
  double today_amount_{};
  double learned_amount_{};
  Millis first_{-1};
  Millis newest_{-1};
  Millis last_{};
  std::int32_t excused_day_{kNoDay};
  std::int32_t today_{kNoDay};
  std::int32_t learned_days_{};
  bool has_value_{};
  bool active_{};
};

class WindowDetector final : public Detector {
 public:
  explicit WindowDetector(Window parameters) : p_(std::move(parameters)) {}
  std::unique_ptr<Tracker> track() const override { return std::make_unique<WindowTracker>(p_); }
  std::vector<FactInfo> facts() const override {
    std::vector<FactInfo> facts{p_.amount, {"days", ""}, {"most", p_.amount.unit}, {"window", "d"}};
    if (!p_.events) facts.push_back(p_.input);
    return facts;
  }
  SlotMask uses() const override { return p_.uses; }
  std::string_view tier() const override { return p_.events ? "events" : "history"; }

 private:
  Window p_;
};

/// What contradicts itself.
void check_window(const JsonView& json, const Window& p) {
  if (p.days > p.window / kDay)
    json.report("days", fmt::format("{} are more than the window has ({})", p.days, p.window / kDay));
  if (p.per_day > 0 && p.days == 0) json.report("per_day", "says what a day needs, but no days are counted");
  if (p.per_day < 0) json.report("per_day", "is negative");
  if (p.any_day > 0 && p.total > 0 && p.any_day >= p.total)
    json.report("any_day", "is never needed: total is reached first");
  if (p.any_day > 0 && p.per_day > p.any_day) json.report("per_day", "is more than any_day, which alone is enough");
  if (p.quiet <= 0) json.report("clear.quiet", "expected more than 0");
}

Window parse_common(const JsonView& json, const RuleScope& scope) {
  Window p;
  p.slot = scope.slot(json, "input");
  const InputSpec& input = scope.input(p.slot);
  p.input = {input.name, input.unit};
  p.metric = input.kind == InputKind::series ? std::string(info(input.metric).name) : input.name;
  p.window = json.duration("window");
  p.total = json.number_or("total", 0);
  p.days = json.whole_or("days", 0, 1, 400);
  p.any_day = json.number_or("any_day", 0);
  p.per_day = json.number_or("per_day", 0);
  p.hourly = p.window <= 2 * kDay;
  p.quiet = p.window;
  if (json.has("clear")) {
    json.child("clear").allow({"quiet"});
    p.quiet = json.child("clear").duration("quiet");
  }
  if (p.total <= 0 && p.days == 0 && p.any_day <= 0) json.report("needs one of total, days or any_day");
  if (p.hourly && (p.days > 0 || p.any_day > 0)) json.report("window", "counting days needs a window longer than 2d");
  if (p.window > 400 * kDay || p.window < kHour) json.report("window", "expected 1h to 400d");
  check_window(json, p);
  p.uses = 1u << p.slot;
  return p;
}

}  // namespace

std::unique_ptr<const Detector> make_counter(const JsonView& json, const RuleScope& scope) {
  json.allow({"kind", "input", "window", "total", "days", "any_day", "per_day", "clear", "reset", "baseline"});
  Window p = parse_common(json, scope);
  if (!json.errors().good()) return nullptr;
  if (scope.input(p.slot).kind == InputKind::events) json.report("input", "is of events: use event_rate");
  p.amount = {"increase", p.input.unit};
  p.reset =
      json.word<Reset>("reset", {{"rebaseline", Reset::rebaseline}, {"restart", Reset::restart}}, Reset::rebaseline);
  if (json.has("baseline")) {
    const JsonView baseline = json.child("baseline");
    baseline.allow({"days", "times"});
    p.baseline_days = baseline.whole_or("days", 14, 1, 100);
    p.baseline_times = baseline.number("times");
    if (p.baseline_times <= 0) baseline.report("times", "expected more than 0");
    if (p.days == 0) baseline.report("is about what a day usually has, but no days are counted");
  }
  return std::make_unique<WindowDetector>(std::move(p));
}

std::unique_ptr<const Detector> make_event_rate(const JsonView& json, const RuleScope& scope) {
  json.allow({"kind", "input", "window", "total", "days", "any_day", "per_day", "clear", "not_on_days_with",
              "not_after_gap", "only_when", "unknown_counts"});
  Window p = parse_common(json, scope);
  if (!json.errors().good()) return nullptr;
  if (scope.input(p.slot).kind != InputKind::events) json.report("input", "is not of events: use counter");
  p.events = true;
  p.amount = {"count", ""};
  if (json.has("not_on_days_with")) {
    p.excuse = scope.slot(json, "not_on_days_with");
    p.uses |= 1u << *p.excuse;
  }
  p.after_gap = json.duration_or("not_after_gap", 0);
  if (p.after_gap >= kDay) json.report("not_after_gap", "leaves out whole days: expected less than 24h");
  if (json.has("only_when")) {
    p.only_when = Condition::parse(json.child("only_when"), scope);
    p.uses |= p.only_when->uses();
    p.unknown_counts = json.flag_or("unknown_counts", false);
  } else if (json.has("unknown_counts")) {
    json.report("unknown_counts", "says something only together with only_when");
  }
  return std::make_unique<WindowDetector>(std::move(p));
}

}  // namespace hale::rules
