#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collectors/collector.hpp"
#include "platform/clock.hpp"

namespace hale::agent {

/// Runs the collectors, each at its own pace but never by itself: a sweep runs what is due, so that the PC is woken
/// once for all of them. The collect thread's; `running()` may be asked from any thread.
class Scheduler {
 public:
  struct Options {
    std::chrono::seconds sweep{10};
    int battery_stretch{3};
    std::vector<std::string> skipped;  ///< hung at an earlier start: not run
  };
  /// What a collector did last, for `hale status`.
  struct Entry {
    std::unique_ptr<Collector> collector;
    Clock::Steady due{};
    std::uint64_t readings{};  ///< in its latest collection
    bool described{false};
    bool slow_reported{false};
    bool skipped{false};
    std::string thrown;  ///< what() of an exception, a defect
  };

  /// `report` gets a line for people, once per change of state.
  Scheduler(std::vector<std::unique_ptr<Collector>> collectors, Options options, const Clock& clock,
            std::function<void(std::string)> report);

  /// Everything that is due adds to `out` at out.time. Readings of collector i lie in [ends[i-1], ends[i]) of
  /// out.readings.
  void sweep(Collection& out, std::vector<std::size_t>& ends);
  /// When the next sweep is due, `on_battery` stretched.
  std::chrono::milliseconds pause() const { return options_.sweep * (on_battery_ ? options_.battery_stretch : 1); }
  void set_on_battery(bool on_battery) { on_battery_ = on_battery; }
  /// After a resume or a hot-plug: describe everything again and run the slow ones soon.
  void run_everything_next();

  CollectorStatus status(std::size_t index) const;
  const std::vector<Entry>& entries() const { return entries_; }
  /// Index of the collector that runs right now, -1 between collectors. Any thread.
  int running() const { return running_.load(std::memory_order_relaxed); }

 private:
  void run(Entry& entry, Collection& out);

  Options options_;
  const Clock& clock_;
  std::function<void(std::string)> report_;
  std::vector<Entry> entries_;
  std::atomic<int> running_{-1};
  bool on_battery_{false};
};

}  // namespace hale::agent
