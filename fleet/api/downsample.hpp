#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "fleet/store/store.hpp"

namespace hale::fleet {

inline constexpr std::size_t kMaxPoints = 600;

/// A step of a series: Unix seconds of its start, and what was measured in it.
struct Point {
  std::int64_t time{};
  double min{}, mean{}, max{};
};

struct Steps {
  std::int64_t step_s{};
  std::vector<Point> points;  ///< ascending
};

/// Adds the points of one series from a telemetry item's body that lie in [from, to). `step_s` grows to the widest step
/// met. A body that does not parse any more is an error: it was checked when it came.
Result<> collect_points(std::string_view body, const SeriesName& name, Timestamp from, Timestamp to,
                        std::vector<Point>& points, std::int64_t& step_s);

/// At most kMaxPoints points over [from, to): the narrowest round step that achieves it and is no narrower than the
/// data's own. Minimum of minima, mean of means, maximum of maxima. Points may come in any order and twice.
Steps downsample(std::vector<Point> points, std::int64_t data_step_s, Timestamp from, Timestamp to);

}  // namespace hale::fleet
