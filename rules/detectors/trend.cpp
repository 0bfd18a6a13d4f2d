#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rules/detectors/bucket_medians.hpp"
#include "rules/detectors/condition.hpp"
#include "rules/detectors/registry.hpp"
#include "rules/detectors/sanity.hpp"
#include "rules/detectors/theil_sen.hpp"
#include "rules/detectors/widen.hpp"
#include "rules/loader/json_view.hpp"

/// Slow change: medians of days or weeks, a robust line through them, and the day on which it reaches a limit. Or a
/// level that so many medians in a row have passed; or a drop within so long.
namespace hale::rules {
namespace {

enum class Direction : std::uint8_t { rising, falling };

struct Trend {
  Slot slot{};
  FactInfo input;
  std::string metric;
  int bucket_days{1};
  std::size_t keep{60};
  std::size_t min_buckets{};
  Direction direction{};
  std::optional<double> limit;  ///< projection
  double horizon_days{};
  std::optional<double> from;   ///< project only once this level is passed
  std::optional<double> level;  ///< in_a_row medians at or beyond it
  std::size_t in_a_row{};
  std::optional<double> change;  ///< share lost or gained within the kept medians

  bool beyond(double value, double bound) const {
    return direction == Direction::rising ? value >= bound : value <= bound;
  }
};

class TrendTracker final : public Tracker {
 public:
  explicit TrendTracker(const Trend& parameters) : p_(parameters) {}

  bool observe(const Inputs& inputs, const Row& row, const OtherRules&) override {
    if (!inputs.is_fresh(p_.slot)) return active_;
    if (!medians_.add(bucket_of(row), inputs.values[p_.slot], p_.keep)) return active_;
    judge(row);
    return active_;
  }

  void explain(const Inputs& inputs, const Row& row, const OtherRules&, EvidenceBuilder& builder) const override {
    const double newest = medians_.newest().value_or(inputs.has(p_.slot) ? inputs.values[p_.slot] : 0);
    builder.fact(p_.input.name, newest, p_.input.unit);
    builder.fact("per_month", slope_ * 30, p_.input.unit);
    if (p_.change && !medians_.complete().empty()) builder.fact("change", std::abs(change()), "1");
    if (p_.limit) builder.fact("limit", *p_.limit, p_.input.unit);
    if (p_.level) builder.fact("level", *p_.level, p_.input.unit);
    if (projected_ > 0) {
      builder.evidence.projected = Timestamp(std::chrono::milliseconds(projected_));
      builder.fact("days_left", std::max(0.0, static_cast<double>(projected_ - row.time) / kDay), "d");
    }
    builder.evidence.to = Timestamp(std::chrono::milliseconds(row.time));
    builder.evidence.from = builder.evidence.to;
    Plot plot;
    plot.metric = p_.metric;
    plot.unit = p_.input.unit;
    plot.threshold = p_.limit ? p_.limit : p_.level;
    for (const auto& entry : medians_.complete()) {
      plot.points.emplace_back(Timestamp(std::chrono::milliseconds(entry.bucket * p_.bucket_days * kDay)),
                               widen(entry.median));
    }
    if (!plot.points.empty()) builder.evidence.from = plot.points.front().first;
    if (plot.points.size() > 1) builder.evidence.plots.push_back(std::move(plot));
  }

  std::string lacking() const override {
    const std::size_t have = medians_.complete().size();
    if (have >= p_.min_buckets) return {};
    return fmt::format("has {} of the {} {} of readings it needs", have, p_.min_buckets,
                       p_.bucket_days == 7   ? "weeks"
                       : p_.bucket_days == 1 ? "days"
                                             : "periods");
  }
  void save(StateWriter& writer) const override {
    writer.number(active_);
    writer.number(slope_);
    writer.number(projected_);
    medians_.save(writer);
  }
  void restore(StateReader& reader) override {
    reader.number(active_);
    reader.number(slope_);
    reader.number(projected_);
    medians_.restore(reader);
  }
  std::size_t bytes() const override { return sizeof(*this) + medians_.bytes(); }

 private:
  std::int32_t bucket_of(const Row& row) const { return row.day / p_.bucket_days; }

  double change() const {
    const auto& entries = medians_.complete();
    const double newest = static_cast<double>(entries.back().median);
    double extreme = newest;
    for (const auto& entry : entries) {
      const double value = static_cast<double>(entry.median);
      extreme = p_.direction == Direction::falling ? std::max(extreme, value) : std::min(extreme, value);
    }
    return extreme == 0 ? 0 : (newest - extreme) / std::abs(extreme);
  }

  void judge(const Row& row) {
    const auto& entries = medians_.complete();
    if (entries.size() < p_.min_buckets) return;
    const bool level = p_.level && passed_level(active_);
    const bool jump = p_.change && std::abs(change()) >= *p_.change * (active_ ? 0.6 : 1.0);
    const bool projected = p_.limit && reaches_limit(row);
    active_ = level || jump || projected;
  }

  /// While active, one median well on the good side ends it; the margin is a twentieth of the level [own].
  bool passed_level(bool active) const {
    const auto& entries = medians_.complete();
    if (active) {
      const double margin = std::abs(*p_.level) * 0.05;
      const double newest = static_cast<double>(entries.back().median);
      return p_.direction == Direction::rising ? newest >= *p_.level - margin : newest <= *p_.level + margin;
    }
    if (entries.size() < p_.in_a_row) return false;
    return std::all_of(entries.end() - static_cast<std::ptrdiff_t>(p_.in_a_row), entries.end(),
                       [this](const auto& entry) { return p_.beyond(static_cast<double>(entry.median), *p_.level); });
  }

  bool reaches_limit(const Row& row) {
    const auto& entries = medians_.complete();
    std::vector<std::pair<double, double>> points;
    for (const auto& entry : entries)
      points.emplace_back(static_cast<double>(entry.bucket) * p_.bucket_days, static_cast<double>(entry.median));
    const Line line = fit_line(points);
    slope_ = line.slope;
    projected_ = 0;
    const double newest = points.back().second;
    const double towards = p_.direction == Direction::rising ? line.slope : -line.slope;
    const double z = p_.direction == Direction::rising ? line.z : -line.z;
    if (p_.beyond(newest, *p_.limit)) {
      projected_ = row.time;
      return true;
    }
    if (towards <= 0 || z < 2 || (p_.from && !p_.beyond(newest, *p_.from))) return false;
    const double days = std::abs(*p_.limit - newest) / towards;
    if (days > 3650) return false;
    projected_ = row.time + static_cast<Millis>(days * static_cast<double>(kDay));
    // Leaves only when clearly further away than what raised it: 1/0.6 of the horizon.
    return days <= (active_ ? p_.horizon_days / 0.6 : p_.horizon_days);
  }

  const Trend& p_;
  BucketMedians medians_;
  double slope_{};
  Millis projected_{};
  bool active_{};
};

class TrendDetector final : public Detector {
 public:
  explicit TrendDetector(Trend parameters) : p_(std::move(parameters)) {}
  std::unique_ptr<Tracker> track() const override { return std::make_unique<TrendTracker>(p_); }
  std::vector<FactInfo> facts() const override {
    std::vector<FactInfo> facts{p_.input, {"per_month", p_.input.unit}};
    if (p_.limit) {
      facts.push_back({"limit", p_.input.unit});
      facts.push_back({"days_left", "d"});
      facts.push_back({"projected", "date"});
    }
    if (p_.level) facts.push_back({"level", p_.input.unit});
    if (p_.change) facts.push_back({"change", "1"});
    return facts;
  }
  SlotMask uses() const override { return 1u << p_.slot; }
  std::string_view tier() const override { return "history"; }

 private:
  Trend p_;
};

std::optional<double> optional_number(const JsonView& json, std::string_view key) {
  if (!json.has(key)) return {};
  return json.number(key);
}

/// What contradicts itself or cannot be read.
void check_trend(const JsonView& json, const RuleScope& scope, const Trend& p) {
  if (!json.errors().good()) return;
  const auto check = [&](const char* key, const std::optional<double>& value) {
    if (value) check_within(json, key, scope, p.slot, *value);
  };
  check("limit", p.limit);
  check("level", p.level);
  check("from", p.from);
  if (p.limit && p.horizon_days <= 0) json.report("horizon", "expected more than 0");
  if (p.from && !p.limit) json.report("from", "says something only together with limit");
  if (p.from && p.limit && p.beyond(*p.from, *p.limit) && *p.from != *p.limit)
    json.report("from", "lies beyond the limit, so that nothing is ever projected");
  if (p.change && (*p.change <= 0 || (p.direction == Direction::falling && *p.change >= 1)))
    json.report("change", "is a share: expected more than 0, and less than 1 where it falls");
  if (p.in_a_row > 1 && !p.level) json.report("in_a_row", "counts medians beyond level, which is missing");
}

}  // namespace

std::unique_ptr<const Detector> make_trend(const JsonView& json, const RuleScope& scope) {
  json.allow({"kind", "input", "bucket", "keep", "min_buckets", "direction", "limit", "horizon", "from", "level",
              "in_a_row", "change"});
  Trend p;
  p.slot = scope.slot(json, "input");
  p.input = {scope.input(p.slot).name, scope.input(p.slot).unit};
  p.metric =
      scope.input(p.slot).kind == InputKind::series ? std::string(info(scope.input(p.slot).metric).name) : p.input.name;
  p.bucket_days = json.word<int>("bucket", {{"day", 1}, {"week", 7}}, 1);
  p.keep = static_cast<std::size_t>(json.whole_or("keep", 60, 2, 120));
  p.direction = json.word<Direction>("direction", {{"rising", Direction::rising}, {"falling", Direction::falling}});
  p.limit = optional_number(json, "limit");
  if (p.limit) p.horizon_days = static_cast<double>(json.duration("horizon")) / kDay;
  p.from = optional_number(json, "from");
  p.level = optional_number(json, "level");
  p.in_a_row = static_cast<std::size_t>(json.whole_or("in_a_row", 1, 1, 120));
  p.change = optional_number(json, "change");
  p.min_buckets = static_cast<std::size_t>(json.whole_or("min_buckets", p.limit ? 8 : 2, 1, 120));
  check_trend(json, scope, p);
  if (!p.limit && !p.level && !p.change) json.report("needs one of limit (with horizon), level or change");
  if (p.min_buckets > p.keep || p.in_a_row > p.keep) json.report("keep", "is less than the medians it needs");
  return std::make_unique<TrendDetector>(std::move(p));
}

}  // namespace hale::rules
