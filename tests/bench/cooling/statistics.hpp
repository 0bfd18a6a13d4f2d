#pragma once
#include <optional>
#include <vector>

namespace hale::bench {

struct Interval {
  double low{}, high{};
};

/// 95 % interval of a share (Wilson 1927). {0, 1} of nothing.
Interval wilson(int hits, int of);
/// 95 % interval of a Poisson mean from one count, exact (Garwood 1936).
Interval poisson(int count);
std::optional<double> median(std::vector<double> values);

}  // namespace hale::bench
