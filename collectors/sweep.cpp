#include "collectors/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hale {
namespace {

constexpr std::chrono::hours kSayAgainAfter{1};
constexpr std::size_t kMaxFaults = 1024;
constexpr std::size_t kFaultsInSummary = 3;

/// "1 battery", "3 fans".
std::string counted(std::size_t count, std::string_view nouns) {
  std::string text = fmt::format("{} {}", count, nouns);
  if (count != 1) return text;
  if (nouns.ends_with("ies")) return text.replace(text.size() - 3, 3, "y");
  if (nouns.ends_with("s")) text.pop_back();
  return text;
}

}  // namespace

void add_reading(Collection& out, Metric metric, std::string_view component, double value, std::string_view key) {
  out.readings.push_back({metric, std::string(component), std::string(key), value, out.time});
}

void FaultLog::failed(Collection& out, const std::string& what, const Error& error) {
  if (faults_.size() >= kMaxFaults && !faults_.contains(what)) return;
  const auto [entry, fresh] = faults_.try_emplace(what, Fault{error, out.time});
  Fault& fault = entry->second;
  const bool other_kind = fault.error.code != error.code;
  const bool back_again = !fault.lasting && out.time - fault.reported >= kSayAgainAfter;
  fault.lasting = true;
  if (!fresh && !other_kind && !back_again) return;
  fault.error = error;
  fault.reported = out.time;
  out.partial_errors.push_back({collector_, what, error});
}

void FaultLog::worked(const std::string& what) {
  if (faults_.empty()) return;
  if (const auto found = faults_.find(what); found != faults_.end()) found->second.lasting = false;
}

bool FaultLog::any() const {
  return std::any_of(faults_.begin(), faults_.end(), [](const auto& entry) { return entry.second.lasting; });
}

std::string FaultLog::summary() const {
  std::string text;
  std::size_t count = 0;
  for (const auto& [what, fault] : faults_) {
    if (!fault.lasting) continue;
    if (++count > kFaultsInSummary) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", what, fault.error.message);
  }
  if (count > kFaultsInSummary) text += fmt::format("; and {} more", count - kFaultsInSummary);
  return text;
}

void ComponentBook::set(std::vector<Component> components) {
  components_ = std::move(components);
  pending_ = true;
}

void ComponentBook::tell(Collection& out, bool describe_all) {
  if (!describe_all && !pending_) return;
  for (const auto& component : components_) {
    auto& told = told_[component.id];
    const bool news = told != component;
    if (describe_all || news) out.components.push_back(component);
    if (news) told = component;
  }
  pending_ = false;
}

bool EverySoOften::due(Clock::Steady now) {
  if (started_ && now - last_ < every_) return false;
  last_ = now;
  started_ = true;
  return true;
}

CollectorStatus status_of(std::size_t sensors, std::string_view nouns, const FaultLog& faults, std::string_view hint) {
  const std::string wrong = faults.summary();
  if (sensors > 0)
    return {CollectorState::ok,
            fmt::format("{}{}{}", counted(sensors, nouns), wrong.empty() ? "" : "; cannot read ", wrong)};
  if (!wrong.empty()) return {CollectorState::error, "cannot read " + wrong};
  return {CollectorState::absent, std::string(hint)};
}

}  // namespace hale
