#include "rules/detectors/disk/disk_risk.hpp"

#include <algorithm>
#include <cmath>

#include "rules/detectors/widen.hpp"

namespace hale::rules::disk {
namespace {

/// More days with a rise than that say no more; the oldest go. Bounds the state of a drive that dies slowly.
constexpr std::size_t kMostDays = 4;

bool has_bits(double value, double bits) {
  return value >= 0 && value < 0x1p53 && (static_cast<std::uint64_t>(value) & static_cast<std::uint64_t>(bits)) != 0;
}

/// Days since 1970 as they are remembered: until 2149; a clock outside that is wrong.
std::uint16_t kept_day(std::int32_t day) { return static_cast<std::uint16_t>(std::clamp(day, 1, 65535)); }

}  // namespace

double Card::odds_of(int points) const {
  if (odds.empty()) return 0.5;
  if (points <= odds.front().first) return odds.front().second;
  for (std::size_t i = 1; i < odds.size(); ++i) {
    if (points > odds[i].first) continue;
    const auto& [x0, y0] = odds[i - 1];
    const auto& [x1, y1] = odds[i];
    return std::round(100 * (y0 + (y1 - y0) * (points - x0) / (x1 - x0))) / 100;
  }
  return odds.back().second;
}

double DiskRisk::odds() const {
  const bool own_path = score_ > points_ && points_ < card_.stages[kTell].enter;
  return own_path ? card_.own_path_odds : card_.odds_of(points_);
}

const DiskRisk::Memory* DiskRisk::memory_of(Slot slot) const {
  const auto found =
      std::find_if(memories_.begin(), memories_.end(), [slot](const Memory& one) { return one.slot == slot; });
  return found == memories_.end() ? nullptr : &*found;
}

void DiskRisk::take(Slot slot, double value, std::int32_t day) {
  const bool events = (card_.events >> slot & 1u) != 0;
  auto memory =
      std::find_if(memories_.begin(), memories_.end(), [slot](const Memory& one) { return one.slot == slot; });
  if (memory == memories_.end()) {
    // The first value is what the drive came with, not a rise.
    if (memories_.size() == memories_.capacity()) memories_.reserve(memories_.size() + 3);
    memories_.emplace_back();
    memory = memories_.end() - 1;
    memory->slot = slot;
    memory->value = events ? 0 : static_cast<float>(value);
  }
  const double rise = events ? value : value - static_cast<double>(memory->value);
  if (rise > 0) {
    if (!memory->rises) memory->rises = std::make_unique<Occurrences>();
    memory->rises->forget_before(day - card_.longest_window);
    const auto& days = memory->rises->buckets();
    if (days.size() >= kMostDays && days.back().id < day) memory->rises->drop(days.front().id);
    memory->rises->add(day, rise);
  }
  memory->value = static_cast<float>(value);
  memory->peak = std::max(memory->peak, memory->value);
  if (value > 0) {
    memory->last_high = kept_day(day);
    if (memory->first_high == 0) memory->first_high = memory->last_high;
  }
}

bool DiskRisk::holds(const Term& term, std::int32_t day) const {
  if (term.only && (facts_ >> *term.only & 1u) == 0) return false;
  const Memory* memory = memory_of(term.slot);
  if (memory == nullptr) return false;
  const auto value = static_cast<double>(memory->value);
  double rise = 0;
  double days = 0;
  if (memory->rises) {
    for (const auto& bucket : memory->rises->buckets()) {
      if (day - bucket.id > term.window_days) continue;
      rise += static_cast<double>(bucket.amount);
      ++days;
    }
  }
  switch (term.sign) {
    case Sign::at_least:
      return value >= term.limit;
    case Sign::bits:
      return has_bits(value, term.limit);
    case Sign::rise:
      return rise >= term.limit;
    case Sign::rise_days:
      return days >= term.limit;
    case Sign::was:
      return value < term.limit && static_cast<double>(memory->peak) >= term.limit &&
             day - memory->last_high <= term.window_days;
    case Sign::peak:
      return static_cast<double>(memory->peak) >= term.limit;
    case Sign::began:
      return memory->first_high != 0 && day - memory->first_high <= term.window_days;
  }
  return false;
}

DiskRisk::Count DiskRisk::count(std::int32_t day) const {
  Count sum;
  for (const Term& term : card_.terms) {
    if (!holds(term, day)) continue;
    sum.all += term.points;
    if (!term.only) sum.plain += term.points;
  }
  return sum;
}

bool DiskRisk::observe(const Inputs& inputs, const Row& row, const OtherRules&) {
  const auto before = active_;
  const bool was_scored = scored_;
  const bool first = !seen_;
  seen_ = true;
  facts_ = 0;
  for (std::size_t i = 0; i < card_.inputs.size(); ++i) {
    const auto slot = static_cast<Slot>(i);
    if ((card_.watched >> slot & 1u) == 0) {
      if (inputs.has(slot) && inputs.values[slot] == 1) facts_ |= 1u << slot;
    } else if (inputs.is_fresh(slot)) {
      take(slot, inputs.values[slot], row.day);
    }
  }
  scored_ = scored_ || (inputs.fresh & card_.scored_by) != 0;
  day_ = row.day;
  const Count sum = count(row.day);
  score_ = static_cast<std::int16_t>(sum.all);
  points_ = static_cast<std::int16_t>(sum.plain);
  for (std::size_t i = 0; i < kStages; ++i) {
    const Band& band = card_.stages[i];
    // Their own path lets drives be told of; it does not make it urgent.
    const int reached = i == kAct ? sum.plain : sum.all;
    active_[i] = scored_ && reached >= (active_[i] ? band.leave : band.enter);
  }
  if (active_[kWatch]) course_.add(row.time, sum.all);
  if (!active_[kWatch] && !course_.empty()) course_.clear();
  return first || before != active_ || was_scored != scored_;
}

bool DiskRisk::holds(Question question) const { return question == kUnscored ? seen_ && !scored_ : active_[question]; }

Model::Judged DiskRisk::judged(Question) const { return {true, "snapshot", {}}; }

void DiskRisk::show(Question question, const Row& row, EvidenceBuilder& builder) const {
  builder.evidence.from = builder.evidence.to = Timestamp(std::chrono::milliseconds(row.time));
  if (question == kUnscored) return;
  std::vector<int> of_input(card_.inputs.size());
  SlotMask flags = 0;  // no count: not the number to be told
  for (const Term& term : card_.terms) {
    if (holds(term, day_)) of_input[term.slot] += term.points;
    if (term.sign == Sign::bits) flags |= 1u << term.slot;
  }
  int signs = 0;
  double worst = 0;
  int most = -1;
  for (std::size_t i = 0; i < of_input.size(); ++i) {
    if (of_input[i] == 0) continue;
    ++signs;
    const Memory* memory = memory_of(static_cast<Slot>(i));
    if (of_input[i] <= most || (flags >> i & 1u) != 0) continue;
    most = of_input[i];
    worst = std::max(widen(memory->value), widen(memory->peak));
  }
  builder.fact("risk", score_, "");
  builder.fact("in_ten", std::max(1.0, std::round(10 * odds())), "");
  builder.fact("signs", signs, "");
  builder.fact("worst", worst, "");
  // The table for an engineer: what the drive says, and how many points that is.
  for (std::size_t i = 0; i < of_input.size(); ++i) {
    const Memory* memory = memory_of(static_cast<Slot>(i));
    if (memory == nullptr || (memory->peak == 0 && of_input[i] == 0)) continue;
    builder.fact(card_.inputs[i].name, widen(memory->value), card_.inputs[i].unit);
    builder.fact(card_.inputs[i].name + ".points", of_input[i], "");
  }
  course_.show({"risk", ""}, "disk_risk", card_.stages[std::min<std::size_t>(question, kAct)].enter, builder);
  if (!builder.evidence.plots.empty()) builder.evidence.from = builder.evidence.plots.front().points.front().first;
}

void DiskRisk::save(StateWriter& writer) const {
  writer.number(static_cast<std::uint32_t>(memories_.size()));
  for (const Memory& memory : memories_) {
    writer.number(memory.slot);
    writer.number(memory.value);
    writer.number(memory.peak);
    writer.number(memory.last_high);
    writer.number(memory.first_high);
    writer.number(memory.rises != nullptr);
    if (memory.rises) memory.rises->save(writer);
  }
  course_.save(writer);
  writer.number(facts_);
  writer.number(day_);
  writer.number(score_);
  writer.number(points_);
  writer.number(scored_);
  writer.number(seen_);
  for (const bool flag : active_) writer.number(flag);
}

void DiskRisk::restore(StateReader& reader) {
  memories_.resize(reader.count(14));
  for (Memory& memory : memories_) {
    memory.slot = static_cast<Slot>(std::min<std::size_t>(reader.number<Slot>(), card_.inputs.size() - 1));
    reader.number(memory.value);
    reader.number(memory.peak);
    reader.number(memory.last_high);
    reader.number(memory.first_high);
    if (!reader.number<bool>()) continue;
    memory.rises = std::make_unique<Occurrences>();
    memory.rises->restore(reader);
  }
  course_.restore(reader);
  reader.number(facts_);
  reader.number(day_);
  reader.number(score_);
  reader.number(points_);
  reader.number(scored_);
  reader.number(seen_);
  for (bool& flag : active_) reader.number(flag);
}

std::size_t DiskRisk::bytes() const {
  std::size_t sum = sizeof(*this) + memories_.capacity() * sizeof(Memory) + course_.bytes();
  for (const Memory& memory : memories_) sum += memory.rises ? sizeof(Occurrences) + memory.rises->bytes() : 0;
  return sum;
}

}  // namespace hale::rules::disk
