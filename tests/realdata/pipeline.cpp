#include "tests/realdata/pipeline.hpp"

#include <algorithm>

namespace hale::test {
namespace {

rules::PolicyOptions somebody_there() {
  rules::PolicyOptions options;
  options.assume_present = true;
  return options;
}

}  // namespace

Pipeline::Pipeline(const rules::RuleSet& rules) : judge_(rules, layout_, somebody_there(), *this) {}

void Pipeline::read(Metric metric, std::string_view component, double value, std::string_view key) {
  samples_.push_back({layout_.series(metric, component, key), value});
}

void Pipeline::happen(std::string_view component, std::string_view source, std::string_view code, std::uint32_t count) {
  events_.push_back({layout_.event(component, source, code), count});
  tally_.events += count;
}

void Pipeline::step(Timestamp time) {
  judge_.step(time, samples_, events_);
  samples_.clear();
  events_.clear();
  ++tally_.rows;
  for (const auto& sample : judge_.accepted()) {
    ++tally_.accepted;
    const auto& series = layout_.all_series()[sample.series];
    const auto [at, fresh] = extremes_.try_emplace(std::string(info(series.metric).name), sample.value, sample.value);
    at->second.first = std::min(at->second.first, sample.value);
    at->second.second = std::max(at->second.second, sample.value);
  }
}

void Pipeline::take(const Collection& collection) {
  for (const auto& component : collection.components) judge_.describe(component);
  judge_.set_context(collection.context);
  for (const auto& reading : collection.readings) read(reading.metric, reading.component, reading.value, reading.key);
  for (const auto& event : collection.events) happen(event.component, event.source, event.code, event.count);
  step(collection.time);
}

void Pipeline::on_finding(const Finding& finding) {
  if (finding.state == FindingState::active)
    ++tally_.findings[finding.rule + " " + std::string(to_string(finding.severity))];
}

Pipeline::Tally Pipeline::tally() const {
  Tally tally = tally_;
  for (const auto& one : judge_.rejections()) tally.refused += one.count;
  return tally;
}

Pipeline::Tally& Pipeline::Tally::operator+=(const Tally& other) {
  accepted += other.accepted;
  refused += other.refused;
  events += other.events;
  rows += other.rows;
  messages += other.messages;
  for (const auto& [finding, count] : other.findings) findings[finding] += count;
  return *this;
}

}  // namespace hale::test
