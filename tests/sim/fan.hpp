#pragma once
#include "tests/sim/machine.hpp"

namespace hale::sim {

/// What a fan suffers from now.
struct FanHealth {
  double speed{1};       ///< share of the healthy speed at the same command
  double extra_noise{};  ///< share, added to the tachometer's noise
  bool still{};          ///< it does not turn: dead, or stalling right now
  bool operator==(const FanHealth&) const = default;
};

/// The embedded controller and the fan: temperature in, speed out.
class Fan {
 public:
  explicit Fan(const FanPart& part) : part_(part), curve_(part.curve) {}

  /// Another curve from here on (firmware, profile).
  void set_curve(const FanCurve& curve) { curve_ = curve; }
  void set_health(const FanHealth& health) { health_ = health; }
  void rest() { command_ = filtered_ = held_ = 0; }
  void step(double seconds, double temperature);
  /// Relative air flow the fans drive against a clean path, 1 = all at top speed.
  double flow() const { return flow_at(command_); }
  /// The same for a command that is not its own.
  double flow_at(double command) const;
  /// What the tachometers say. `air` = share of the clean flow that passes. Index 0 is the fan that faults strike.
  double tach(int index, double air, Random& random) const;
  double command() const { return command_; }

 private:
  double target() const;
  double speed(int index, double command) const;

  FanPart part_;
  FanCurve curve_;
  FanHealth health_;
  double filtered_{}, held_{}, command_{};
};

}  // namespace hale::sim
