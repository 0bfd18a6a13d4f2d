#pragma once
#include <chrono>
#include <string>

#include "core/time.hpp"

namespace hale {

/// Time as a seam, so that tests and replays own it. Implementations are thread-safe.
class Clock {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;      ///< wall clock: may jump
  virtual Steady steady() const = 0;      ///< monotonic, stops while suspended
};

/// The real one.
const Clock& system_clock();

}  // namespace hale
