#pragma once
#include <span>
#include <utility>

namespace hale::rules {

struct Line {
  double slope{};      ///< per unit of x: the median of the slopes of all pairs
  double intercept{};  ///< the median of y - slope x
  double z{};          ///< Mann-Kendall's statistic: above 2 rises, below -2 falls, at about 2.3 % chance each
  double at(double x) const { return intercept + slope * x; }
};

/// A straight line that up to 29 % of outliers do not move (Theil 1950, Sen 1968), with Mann-Kendall's test for a trend
/// (ties counted). Points in ascending x, at least 2.
Line fit_line(std::span<const std::pair<double, double>> points);

}  // namespace hale::rules
