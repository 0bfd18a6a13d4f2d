#pragma once
#include <cstdint>

#include "rules/layout.hpp"

namespace hale::rules {

/// One number of a row, by its series.
struct Sample {
  SeriesIndex series{};
  double value{};
};

/// So many events of a kind since the previous row. A count of 0 says that the log was watched and had none.
struct EventSample {
  EventIndex event{};
  std::uint32_t count{1};
};

}  // namespace hale::rules
