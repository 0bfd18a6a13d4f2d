#include "rules/detectors/theil_sen.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hale::rules {
namespace {

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Variance of Mann-Kendall's S, less what tied values take away.
double variance(std::span<const std::pair<double, double>> points) {
  std::vector<double> sorted;
  for (const auto& point : points) sorted.push_back(point.second);
  std::sort(sorted.begin(), sorted.end());
  const auto term = [](double n) { return n * (n - 1) * (2 * n + 5); };
  double sum = term(static_cast<double>(sorted.size()));
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i;
    while (end < sorted.size() && sorted[end] == sorted[i]) ++end;
    if (end - i > 1) sum -= term(static_cast<double>(end - i));
    i = end;
  }
  return sum / 18;
}

}  // namespace

Line fit_line(std::span<const std::pair<double, double>> points) {
  std::vector<double> slopes;
  slopes.reserve(points.size() * (points.size() - 1) / 2);
  double s = 0;
  for (std::size_t j = 1; j < points.size(); ++j) {
    for (std::size_t i = 0; i < j; ++i) {
      const double dy = points[j].second - points[i].second;
      s += dy > 0 ? 1 : dy < 0 ? -1 : 0;
      if (const double dx = points[j].first - points[i].first; dx > 0) slopes.push_back(dy / dx);
    }
  }
  Line line;
  if (slopes.empty()) return line;
  line.slope = median(slopes);
  std::vector<double> rests;
  for (const auto& [x, y] : points) rests.push_back(y - line.slope * x);
  line.intercept = median(rests);
  const double spread = std::sqrt(variance(points));
  if (spread > 0 && s != 0) line.z = (s - (s > 0 ? 1 : -1)) / spread;
  return line;
}

}  // namespace hale::rules
