#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "agent/store/block.hpp"
#include "core/time.hpp"
#include "rules/judge.hpp"
#include "rules/layout.hpp"

namespace hale::agent {

/// Accepted readings since the last grouped write. Collect thread.
class ReadingBuffer {
 public:
  void add(Timestamp time, std::span<const rules::Sample> samples);
  bool full() const { return samples_.size() >= kMaxSamples; }
  bool empty() const { return rows_.empty(); }
  /// As columns, and empty again. `id` gives the store's id of a series.
  Block take(const std::function<std::uint32_t(rules::SeriesIndex)>& id);

 private:
  static constexpr std::size_t kMaxSamples = 64 << 10;  ///< a megabyte
  struct Row {
    std::int64_t time{};
    std::uint32_t end{};  ///< into samples_
  };
  std::vector<Row> rows_;
  std::vector<rules::Sample> samples_;
};

/// Five-minute minimum, mean and maximum of accepted readings, for upload (docs/wire.md). Collect thread.
class TelemetryBuffer {
 public:
  static constexpr std::int64_t kStepMs = 300'000;
  void add(Timestamp time, std::span<const rules::Sample> samples);
  /// The finished steps as the body of a telemetry item, and the unfinished one too when `all`; empty when there is
  /// nothing. Written without a JSON tree: this runs for ever.
  std::string take(const rules::Layout& layout, bool all);
  void clear();

 private:
  static constexpr std::size_t kMaxSteps = 288;  ///< a day; beyond it the oldest are dropped
  struct Bucket {
    double sum{}, low{}, high{};
    std::uint32_t count{};
  };
  struct Point {
    rules::SeriesIndex series{};
    std::uint32_t step{};
    double low{}, mean{}, high{};
  };
  void finish_step();
  void drop_oldest();

  std::int64_t step_start_{};
  std::vector<Bucket> current_;  ///< by series
  std::vector<std::int64_t> steps_;
  std::vector<Point> points_;
};

}  // namespace hale::agent
