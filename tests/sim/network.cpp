#include "tests/sim/network.hpp"

#include <algorithm>
#include <cmath>

namespace hale::sim {

void Network::set_wear(const Wear& wear) {
  wear_ = wear;
  // Fan and path meet where p0 n^2 - p1 Q^2 = K Q^2.
  flow_share_ = std::sqrt((1 + t_.fan_slope) / (1 + wear.clog + t_.fan_slope)) * (1 + wear.pad);
  for (int i = 0; i < kSteps + 2; ++i) table_[static_cast<std::size_t>(i)] = make_air(kTopFlow * i / kSteps);
}

void Network::reset(double room) { base = sink = gpu_base = gpu_sink = chassis = disk = battery = room; }

Network::Air Network::make_air(double flow) const {
  Air air{};
  const double q = passive_ ? 0 : flow * flow_share_;
  if (q > 1e-3) {
    const double area = t_.fin_area * std::pow(q, t_.flow_exponent) * (1 - wear_.fouling);
    air.air = t_.air_heat * q;
    // Air warms on its way through the fins: no more heat than it can carry.
    air.fins = air.air * (1 - std::exp(-area / air.air));
    air.gpu_fins = t_.gpu_fins * std::pow(q, t_.flow_exponent) * (1 - wear_.fouling);
    air.case_flow = t_.case_flow * (0.35 + 0.65 * std::min(q, 1.0)) * flow_share_;
  } else {
    air.case_flow = t_.case_flow * 0.35 * flow_share_;
  }
  air.gpu_fins += 0.08 * t_.gpu_fins;
  return air;
}

Network::Air Network::air_at(double flow) const {
  const double place = std::clamp(flow, 0.0, kTopFlow) * (kSteps / kTopFlow);
  const auto i = static_cast<std::size_t>(place);
  const double part = place - static_cast<double>(i);
  const Air& a = table_[i];
  const Air& b = table_[i + 1];
  return {a.fins + part * (b.fins - a.fins), a.air + part * (b.air - a.air),
          a.gpu_fins + part * (b.gpu_fins - a.gpu_fins), a.case_flow + part * (b.case_flow - a.case_flow)};
}

/// Natural convection rises with the fourth root of the excess (laminar plates).
double Network::natural(double excess) const {
  return t_.sink_natural * (1 - wear_.fouling) * std::sqrt(std::sqrt(std::max(excess, 2.0) / 40));
}

void Network::step(double seconds, const Heat& heat, double flow, double room) {
  const Air air = air_at(flow);
  const double surface = t_.chassis_room * (1 - wear_.insulation) * (1 - wear_.dock);
  const double still = natural(sink - (passive_ ? room : chassis)) * (1 - wear_.insulation);
  const double inlet = room + t_.inlet_share * (chassis - room);
  const double still_air = passive_ ? room : chassis;

  const double cb = t_.base_capacity / seconds;
  base = (cb * base + t_.base_sink * sink + heat.cpu) / (cb + t_.base_sink);
  double gpu_in = 0, gpu_g = 0;
  if (t_.gpu_base_sink > 0) {
    const double cg = t_.gpu_base_capacity / seconds;
    const double to = t_.gpu_shares_sink ? sink : gpu_sink;
    gpu_base = (cg * gpu_base + t_.gpu_base_sink * to + heat.gpu) / (cg + t_.gpu_base_sink);
    if (t_.gpu_shares_sink) {
      gpu_g = t_.gpu_base_sink;
      gpu_in = gpu_g * gpu_base;
    } else {
      const double cgs = t_.gpu_sink_capacity / seconds;
      gpu_sink = (cgs * gpu_sink + t_.gpu_base_sink * gpu_base + air.gpu_fins * chassis) /
                 (cgs + t_.gpu_base_sink + air.gpu_fins);
    }
  }
  const double cs = t_.sink_capacity / seconds;
  sink = (cs * sink + t_.base_sink * base + gpu_in + air.fins * inlet + t_.sink_chassis * chassis + still * still_air) /
         (cs + t_.base_sink + gpu_g + air.fins + t_.sink_chassis + still);

  const double cc = t_.chassis_capacity / seconds;
  const double drawn = t_.into_case ? air.case_flow : t_.inlet_share * air.air;
  double in = cc * chassis + (surface + drawn) * room + t_.sink_chassis * sink + t_.disk_chassis * disk +
              t_.battery_chassis * battery + heat.other + heat.sun;
  double g = cc + surface + drawn + t_.sink_chassis + t_.disk_chassis + t_.battery_chassis;
  if (!passive_) {
    in += still * sink;
    g += still;
  }
  if (t_.into_case) {
    in += air.fins * sink + air.gpu_fins * gpu_sink;
    g += air.fins + (t_.gpu_base_sink > 0 ? air.gpu_fins : 0);
  }
  chassis = in / g;
  const double cd = t_.disk_capacity / seconds;
  disk = (cd * disk + t_.disk_chassis * chassis + heat.disk) / (cd + t_.disk_chassis);
  const double cy = t_.battery_capacity / seconds;
  battery = (cy * battery + t_.battery_chassis * chassis + heat.battery) / (cy + t_.battery_chassis);
}

double Network::leaving(double flow, double room) const {
  const Air air = air_at(flow);
  const double surface = t_.chassis_room * (1 - wear_.insulation) * (1 - wear_.dock);
  if (t_.into_case) return (surface + air.case_flow) * (chassis - room);
  const double inlet = room + t_.inlet_share * (chassis - room);
  const double still = passive_ ? natural(sink - room) * (1 - wear_.insulation) * (sink - room) : 0;
  return air.fins * (sink - inlet) + (surface + t_.inlet_share * air.air) * (chassis - room) + still;
}

void Network::cool(double seconds, double room) {
  if (seconds > 43'200) return reset(room);
  while (seconds > 0) {
    const double part = std::min(seconds, 300.0);
    step(part, {}, 0, room);
    seconds -= part;
  }
}

double Network::resistance(const Heat& heat, double flow) const {
  Network still = *this;
  const double room = 25;
  double before = -1e9;
  still.reset(room);
  for (int i = 0; i < 4000 && std::abs(still.sink - before) > 1e-7; ++i) {
    before = still.sink;
    still.step(120, heat, flow, room);
  }
  return (still.die(heat.cpu) - room) / heat.cpu;
}

}  // namespace hale::sim
