#pragma once
#include <atomic>
#include <chrono>

#include "platform/clock.hpp"

namespace hale::test {

/// A clock that stands still until it is told. Thread-safe, as every Clock is.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Timestamp start = from_unix_ms(1'795'419'044'000)) : wall_ms_(to_unix_ms(start)) {}

  Timestamp now() const override { return from_unix_ms(wall_ms_); }
  Steady steady() const override { return Steady(std::chrono::milliseconds(steady_ms_)); }

  /// Time passes: both clocks go on.
  void advance(std::chrono::milliseconds step) {
    wall_ms_ += step.count();
    steady_ms_ += step.count();
  }
  /// The PC sleeps: only the wall clock goes on.
  void sleep(std::chrono::milliseconds step) { wall_ms_ += step.count(); }
  /// Somebody sets the clock, perhaps backwards.
  void set_wall(Timestamp time) { wall_ms_ = to_unix_ms(time); }

 private:
  std::atomic<std::int64_t> wall_ms_;
  std::atomic<std::int64_t> steady_ms_{1'000'000};
};

}  // namespace hale::test
