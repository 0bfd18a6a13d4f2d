#pragma once
#include <array>

#include "tests/sim/machine.hpp"

namespace hale::sim {

/// How far a machine's air path and interfaces are from new. All 1 or 0 = as built.
struct Wear {
  double clog{};        ///< added resistance of the air path, in units of the clean one
  double fouling{};     ///< share of the fins' convection that is lost
  double paste{1};      ///< times the die-to-base resistance
  double insulation{};  ///< share of the case's surface that is covered
  double pad{};         ///< added flow of a cooling pad, share
  double dock{};        ///< closed lid in a stand: share of the case's surface lost
  bool operator==(const Wear&) const = default;
};

/// Heat that enters now, W.
struct Heat {
  double cpu{}, gpu{}, other{}, disk{}, battery{}, sun{};
};

/// The machine as a network of heat capacities and conductances. Dies are so small that they follow their base at once.
class Network {
 public:
  explicit Network(const Machine& machine) : t_(machine.thermal), passive_(!machine.fan.present) {}

  void set_wear(const Wear& wear);
  void reset(double room);
  /// One implicit step (each node against its neighbours' newest temperatures): stable for any length, exact in steady
  /// state. `flow` = fan speed over top speed, 0..1.2.
  void step(double seconds, const Heat& heat, double flow, double room);
  /// Still air and no power, for any length of time.
  void cool(double seconds, double room);

  double die(double watts) const { return base + watts * die_base(); }
  double gpu_die(double watts) const { return gpu_base + watts * t_.gpu_die_base; }
  double die_base() const { return t_.die_base * wear_.paste; }
  /// Heat leaving to the room now, W.
  double leaving(double flow, double room) const;
  /// Die-to-room resistance in steady state at this power and fan speed, K/W.
  double resistance(const Heat& heat, double flow) const;
  /// Share of the clean air flow that the path lets through.
  double flow_share() const { return flow_share_; }

  double base{25}, sink{25}, gpu_base{25}, gpu_sink{25}, chassis{25}, disk{25}, battery{25};

 private:
  struct Air {
    double fins, air, gpu_fins, case_flow;  // W/K
  };
  Air air_at(double flow) const;
  Air make_air(double flow) const;
  double natural(double excess) const;

  Thermal t_;
  bool passive_{};
  Wear wear_;
  double flow_share_{1};
  static constexpr int kSteps = 32;
  static constexpr double kTopFlow = 1.25;
  std::array<Air, kSteps + 2> table_{};
};

}  // namespace hale::sim
