#include <fmt/format.h>

#include <algorithm>

#include "rules/detectors/condition.hpp"
#include "rules/detectors/plot_points.hpp"
#include "rules/detectors/registry.hpp"
#include "rules/detectors/sanity.hpp"
#include "rules/loader/json_view.hpp"

/// A condition that holds: for a length of active time, and in a number of reads that lie apart. Ends when another
/// condition holds likewise.
namespace hale::rules {
namespace {

struct Reads {
  int count{1};
  Millis apart{};
};

struct Threshold {
  Condition when;
  Millis hold{};
  Reads reads;
  std::optional<Condition> clear_when;  ///< else: `when` is false
  Millis clear_hold{};
  Reads clear_reads;
  Millis patience{};  ///< overrides the row's when the inputs are read more seldom than rows come
  SlotMask uses{};
  std::string metric;
  FactInfo main;
  std::vector<std::pair<Slot, FactInfo>> inputs;
};

/// How long, and in how many reads, something has been true.
struct Streak {
  Millis since{-1};  ///< first time it was true; -1 = it is not
  Millis last{};
  Millis held{};
  Millis last_read{};
  std::uint16_t reads{};

  void advance(const Row& row, Millis patience, const Reads& wanted) {
    if (since < 0) {
      *this = {row.time, row.time, 0, row.time, 1};
      return;
    }
    const bool lasted = last >= row.awake_since && row.time - last <= std::max(patience, row.patience);
    held = lasted ? held + (row.time - last) : 0;
    last = row.time;
    if (reads < wanted.count && row.time - last_read >= wanted.apart) {
      ++reads;
      last_read = row.time;
    }
  }
  bool reached(Millis hold, const Reads& wanted) const { return since >= 0 && held >= hold && reads >= wanted.count; }
  void save(StateWriter& writer) const {
    writer.number(since);
    writer.number(last);
    writer.number(held);
    writer.number(last_read);
    writer.number(reads);
  }
  void restore(StateReader& reader) {
    reader.number(since);
    reader.number(last);
    reader.number(held);
    reader.number(last_read);
    reader.number(reads);
  }
};

class ThresholdTracker final : public Tracker {
 public:
  explicit ThresholdTracker(const Threshold& parameters) : p_(parameters) {}

  bool observe(const Inputs& inputs, const Row& row, const OtherRules&) override {
    if ((inputs.fresh & p_.uses) == 0) return active_;
    const auto holds = p_.when.holds(inputs);
    if (!holds) return active_;
    if (first_ < 0) first_ = row.time;
    last_ = row.time;
    const Slot main = p_.when.main().slot;
    if (*holds) {
      if (episode_.since < 0) points_.clear();
      episode_.advance(row, p_.patience, p_.reads);
    } else if (!active_) {
      episode_ = {};
    }
    if (episode_.since >= 0 && inputs.has(main)) points_.add(row.time, inputs.values[main]);
    if (!active_) {
      active_ = *holds && episode_.reached(p_.hold, p_.reads);
      return active_;
    }
    return active_ = !has_cleared(inputs, row, *holds);
  }

  void explain(const Inputs& inputs, const Row& row, const OtherRules&, EvidenceBuilder& builder) const override {
    for (const auto& [slot, info] : p_.inputs) {
      if (inputs.has(slot)) builder.fact(info.name, inputs.values[slot], info.unit);
    }
    const Test& main = p_.when.main();
    std::optional<double> limit;
    if (main.compare != Compare::any_bits && (!main.other || inputs.has(*main.other))) limit = main.limit(inputs);
    if (limit) builder.fact("limit", *limit, p_.main.unit);
    builder.fact("lasted", static_cast<double>(lasted()) / kMinute, "min");
    builder.evidence.from = Timestamp(std::chrono::milliseconds(episode_.since < 0 ? row.time : episode_.since));
    builder.evidence.to = Timestamp(std::chrono::milliseconds(row.time));
    points_.show(p_.main, p_.metric, limit, builder);
  }

  std::string lacking() const override {
    if (p_.reads.count <= 1 || last_ - first_ >= p_.reads.apart * (p_.reads.count - 1)) return {};
    return fmt::format("needs {} reads at least {} h apart", p_.reads.count, p_.reads.apart / kHour);
  }
  void save(StateWriter& writer) const override {
    writer.number(active_);
    writer.number(first_);
    writer.number(last_);
    episode_.save(writer);
    clearing_.save(writer);
    points_.save(writer);
  }
  void restore(StateReader& reader) override {
    reader.number(active_);
    reader.number(first_);
    reader.number(last_);
    episode_.restore(reader);
    clearing_.restore(reader);
    points_.restore(reader);
  }
  std::size_t bytes() const override { return sizeof(*this) + points_.bytes(); }

 private:
  /// A trouble seen in reads days apart lasted from the first to the last of them; otherwise only time awake counts.
  Millis lasted() const {
    if (episode_.since < 0) return 0;
    return p_.reads.count > 1 ? episode_.last - episode_.since : episode_.held;
  }

  bool has_cleared(const Inputs& inputs, const Row& row, bool holds) {
    const auto clear = p_.clear_when ? p_.clear_when->holds(inputs) : std::optional<bool>(!holds);
    if (!clear) return false;
    if (!*clear) {
      clearing_ = {};
      return false;
    }
    clearing_.advance(row, p_.patience, p_.clear_reads);
    if (!clearing_.reached(p_.clear_hold, p_.clear_reads)) return false;
    clearing_ = {};
    episode_ = {};
    return true;
  }

  const Threshold& p_;
  Millis first_{-1};
  Millis last_{-1};
  Streak episode_;
  Streak clearing_;
  PlotPoints points_;
  bool active_{};
};

class ThresholdDetector final : public Detector {
 public:
  explicit ThresholdDetector(Threshold parameters) : p_(std::move(parameters)) {}
  std::unique_ptr<Tracker> track() const override { return std::make_unique<ThresholdTracker>(p_); }
  std::vector<FactInfo> facts() const override {
    std::vector<FactInfo> facts;
    for (const auto& [slot, info] : p_.inputs) facts.push_back(info);
    if (p_.when.main().compare != Compare::any_bits) facts.push_back({"limit", p_.main.unit});
    facts.push_back({"lasted", "min"});
    return facts;
  }
  SlotMask uses() const override { return p_.uses; }
  std::string_view tier() const override { return p_.reads.count > 1 ? "history" : "snapshot"; }

 private:
  Threshold p_;
};

Reads parse_reads(const JsonView& json) {
  Reads reads;
  if (!json.has("reads")) return reads;
  const JsonView view = json.child("reads");
  view.allow({"count", "apart"});
  reads.count = view.whole_or("count", 2, 1, 1000);
  reads.apart = view.duration_or("apart", 0);
  if (reads.count > 1 && reads.apart * (reads.count - 1) > 400 * kDay)
    view.report("apart", "so many reads so far apart take more than the 400d that are kept");
  return reads;
}

}  // namespace

std::unique_ptr<const Detector> make_threshold(const JsonView& json, const RuleScope& scope) {
  json.allow({"kind", "when", "hold", "reads", "patience", "clear"});
  Threshold p;
  p.when = Condition::parse(json.child("when"), scope);
  if (!json.errors().good()) return nullptr;
  p.hold = json.duration_or("hold", 0);
  // Only time awake counts, and a break begins it anew.
  if (p.hold > 30 * kDay) json.report("hold", "is longer than any PC runs without a break: at most 30d");
  p.reads = parse_reads(json);
  p.patience = json.duration_or("patience", 0);
  p.uses = p.when.uses();
  if (json.has("clear")) {
    const JsonView clear = json.child("clear");
    clear.allow({"when", "hold", "reads"});
    if (clear.has("when")) p.clear_when = Condition::parse(clear.child("when"), scope);
    p.clear_hold = clear.duration_or("hold", 0);
    p.clear_reads = parse_reads(clear);
    if (p.clear_when) {
      p.uses |= p.clear_when->uses();
      if (json.errors().good()) check_clear(clear, scope, p.when, *p.clear_when);
    }
    if (p.clear_hold > 30 * kDay) clear.report("hold", "is longer than any PC runs without a break: at most 30d");
  }
  for (std::size_t i = 0; i < scope.inputs->size(); ++i) {
    const InputSpec& input = scope.input(static_cast<Slot>(i));
    if ((p.uses >> i & 1u) != 0) p.inputs.emplace_back(static_cast<Slot>(i), FactInfo{input.name, input.unit});
  }
  const InputSpec& main = scope.input(p.when.main().slot);
  p.main = {main.name, main.unit};
  p.metric = main.kind == InputKind::series ? std::string(info(main.metric).name) : main.name;
  return std::make_unique<ThresholdDetector>(std::move(p));
}

}  // namespace hale::rules
