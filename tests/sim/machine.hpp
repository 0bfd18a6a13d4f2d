#pragma once
#include <cstdint>
#include <string_view>

#include "tests/sim/random.hpp"

namespace hale::sim {

enum class MachineClass : std::uint8_t { thin, gaming, tower_gpu, tower, mini, passive };
inline constexpr int kMachineClasses = 6;
std::string_view to_string(MachineClass kind);

/// How a firmware turns temperature into fan speed.
struct FanCurve {
  double low{}, high{};  ///< Cel: lowest speed below, top speed above
  double floor{};        ///< share of the top speed below `low`; 0 = the fan rests
  double top{1};         ///< share of the top speed the firmware ever asks for
  double shape{1};       ///< exponent of the rise between
  int levels{};          ///< 0 = continuous, else so many steps
  double hysteresis{};   ///< K
  double up{}, down{};   ///< share of the top speed per 15 s, at most
  double filter{};       ///< s, the embedded controller's averaging of its temperature
};

struct FanPart {
  bool present{};
  int count{1};  ///< fans that share the air path
  double top_rpm{};
  double tach_noise{};      ///< share
  double tach_step{};       ///< rpm
  bool speed_controlled{};  ///< firmware holds the speed, not the voltage: a worn fan is driven harder
  double unload{};          ///< share by which it turns faster when no air passes (blowers stall upwards)
  FanCurve curve;
};

/// Thermal constants: W/K, J/K, K/W.
struct Thermal {
  double die_base{};  ///< K/W, die to heat pipe or cooler base: paste and spreading
  double base_capacity{};
  double base_sink{};  ///< W/K
  double sink_capacity{};
  double fin_area{};       ///< W/K, convection at full flow
  double air_heat{};       ///< W/K, heat that the full flow carries per kelvin
  double flow_exponent{};  ///< of convection over flow
  double sink_natural{};   ///< W/K at 40 K
  double sink_chassis{};   ///< W/K
  double inlet_share{};    ///< of the cooler's inlet air that comes from inside the case
  bool into_case{};        ///< the cooler blows into the case (tower), not out of it (laptop)
  double chassis_capacity{};
  double chassis_room{};  ///< W/K by surface and natural draught
  double case_flow{};     ///< W/K at full case fan speed
  double fan_slope{};     ///< how soft the fan is against back pressure: internal over system resistance
  double gpu_die_base{};
  double gpu_base_capacity{};
  double gpu_base_sink{};
  bool gpu_shares_sink{};
  double gpu_sink_capacity{};
  double gpu_fins{};  ///< W/K at full flow of its own fan
  double disk_capacity{}, disk_chassis{};
  double battery_capacity{}, battery_chassis{};
};

struct ProcessorData {
  double idle{};              ///< W
  double sustained{};         ///< W, long-term limit
  double burst{};             ///< W, short-term limit
  double burst_window{};      ///< s
  double unlimited{};         ///< W, what full load would take without limits, at 60 Cel
  double leakage{};           ///< W at 60 Cel under load
  double leakage_doubling{};  ///< K
  double limit{};             ///< Cel, TjMax
  double trip_margin{};       ///< K above the limit, where the hardware switches off
  double lowest_share{};      ///< of the wanted power, below which throttling cannot go
  double base_hz{}, top_hz{};
  double on_battery{1};  ///< share of the limits on battery
  double hot_spot{};     ///< share by which one busy core is worse cooled than all of them
  double concave{};      ///< how much more than its share of power the first core takes (single-core turbo)
};

struct Graphics {
  bool discrete{};
  double idle{}, most{};  ///< W
  double limit{};         ///< Cel
};

struct Machine {
  MachineClass kind{};
  bool has_battery{};
  double battery_wh{};
  bool hard_disk{};                   ///< else an SSD
  double disk_idle{}, disk_busy{};    ///< W
  double other_idle{}, other_busy{};  ///< W into the case: board, memory, display, supply losses
  Thermal thermal;
  FanPart fan;
  ProcessorData cpu;
  Graphics gpu;
};

Machine draw_machine(MachineClass kind, Random& random);

}  // namespace hale::sim
