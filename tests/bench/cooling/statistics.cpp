#include "tests/bench/cooling/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace hale::bench {
namespace {

/// P(X <= count) for a mean.
double at_most(int count, double mean) {
  double term = std::exp(-mean), sum = term;
  for (int i = 1; i <= count; ++i) sum += term *= mean / i;
  return sum;
}

/// The mean at which P(X <= count) falls to `probability`.
double solve(int count, double probability) {
  double low = 0, high = count + 10 + 6 * std::sqrt(count + 1.0);
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (at_most(count, middle) > probability ? low : high) = middle;
  }
  return low;
}

}  // namespace

Interval wilson(int hits, int of) {
  if (of == 0) return {0, 1};
  constexpr double z = 1.959964;
  const double n = of, p = hits / n;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Interval poisson(int count) {
  // Beyond some hundreds exp(-mean) would vanish, and the normal form is as good.
  if (count > 400) return {count - 1.96 * std::sqrt(count), count + 1.96 * std::sqrt(count + 1.0)};
  return {count == 0 ? 0 : solve(count - 1, 0.975), solve(count, 0.025)};
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace hale::bench
