#pragma once
#include <cstdint>

#include "tests/sim/machine.hpp"

namespace hale::sim {

/// What firmware, profile or owner changed about power. Factors on what the maker set.
struct PowerSettings {
  double limit{1};    ///< times both power limits
  double voltage{1};  ///< times the power at the same work (undervolting < 1)
  double gpu_limit{1};
  bool operator==(const PowerSettings&) const = default;
};

/// Work wanted now, 0..1.
struct Load {
  double cpu{};  ///< share of processor time, as an OS reports it
  double gpu{};
  /// Power of this kind of work at equal processor time: vector code above 1, waiting for memory below.
  double intensity{1};
  double built_in{};       ///< work of graphics inside the processor's package, as a share of the package's full power
  double concentration{};  ///< 0 = on all cores alike, 1 = on one
};

/// CPU package and GPU: work in, watts out; turbo limits, leakage, throttling at the limit temperature.
class Processor {
 public:
  explicit Processor(const Machine& machine) : cpu_(machine.cpu), gpu_(machine.gpu) {}
  void set(const PowerSettings& settings, bool on_battery) {
    settings_ = settings;
    share_ = on_battery ? cpu_.on_battery : 1;
  }
  void rest() { average_ = 0; }
  /// `base` and `gpu_base` are the nodes under the dies, the resistances those of their interfaces.
  void step(double seconds, const Load& load, double base, double interface, double gpu_base, double gpu_interface);

  double watts{}, gpu_watts{};
  double die{25}, gpu_die{25};
  double frequency{};     ///< Hz
  double throttled_ms{};  ///< in this step
  bool throttled{};
  bool tripped{};  ///< too hot although throttled as far as it goes

 private:
  double limited(double wanted, double seconds);
  void throttle(double seconds, double wanted, double base, double interface);

  ProcessorData cpu_;
  Graphics gpu_;
  PowerSettings settings_;
  double share_{1}, average_{};
};

}  // namespace hale::sim
