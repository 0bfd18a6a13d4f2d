#pragma once
#include <map>
#include <string>
#include <vector>

#include "collectors/collector.hpp"
#include "rules/judge.hpp"

namespace hale::test {

/// One machine's way from what was read to what is found, as haled goes it, and what came of it.
class Pipeline final : private rules::Sink {
 public:
  explicit Pipeline(const rules::RuleSet& rules);

  /// One sweep.
  void take(const Collection& collection);
  /// The same with readings and events given one by one.
  void read(Metric metric, std::string_view component, double value, std::string_view key = {});
  void happen(std::string_view component, std::string_view source, std::string_view code, std::uint32_t count = 1);
  void step(Timestamp time);
  void describe(const Component& component) { judge_.describe(component); }

  struct Tally {
    std::uint64_t accepted{}, refused{}, events{}, rows{};
    std::map<std::string, int> findings;  ///< by rule and severity: active transitions of "disk.reallocated warning"
    int messages{};                       ///< that a person would have seen
    Tally& operator+=(const Tally& other);
  };
  Tally tally() const;
  /// What the gate let through, at its least and its most, by metric: nothing absurd may be among it.
  const std::map<std::string, std::pair<double, double>>& extremes() const { return extremes_; }

 private:
  void on_finding(const Finding& finding) override;
  void on_notification(const Notification&) override { ++tally_.messages; }
  void on_withdraw(const std::string&) override {}
  void on_outcome(const Outcome&) override {}

  rules::Layout layout_;
  rules::Judge judge_;
  std::vector<rules::Sample> samples_;
  std::vector<rules::EventSample> events_;
  Tally tally_;
  std::map<std::string, std::pair<double, double>> extremes_;
};

}  // namespace hale::test
