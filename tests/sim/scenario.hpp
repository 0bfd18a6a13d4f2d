#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/faults.hpp"
#include "tests/sim/machine.hpp"
#include "tests/sim/room.hpp"
#include "tests/sim/sensors.hpp"
#include "tests/sim/use.hpp"

namespace hale::sim {

/// What a history is about: a fault, or something that must not alarm.
enum class Case : std::uint8_t {
  dust,
  dusty_at_install,
  paste,
  worn_fan,
  stalling_fan,
  dead_fan,
  blocked_vent,
  healthy,
  hot_summer,
  heat_wave,
  new_game,
  sunny_desk,
  sensor_swap,
  fan_curve,
  power_limit,
  os_upgrade,
  dock,
  air_conditioning,
  holiday,
  cooling_pad,
  profile,
  undervolt,
  absence,
  clock_jump,
  fan_replaced,
  paste_replaced,
  hour_a_week,
};
inline constexpr int kCases = 27;
std::string_view to_string(Case what);
std::optional<Case> parse_case(std::string_view text);
std::optional<MachineClass> parse_class(std::string_view text);
std::optional<Tier> parse_tier(std::string_view text);
constexpr bool is_fault(Case what) { return what <= Case::blocked_vent; }

/// Firmware, settings and surroundings as they are on a day.
struct Setup {
  FanCurve curve;
  PowerSettings power;
  double pad{}, dock{};
  double fan_speed{1};  ///< of a replaced fan, over the old one
  double paste{1};      ///< of fresh paste, over the old one
  std::string bios{"1.10"}, os_build{"22631.1"}, profile;
};

/// From a day on (until another) something is otherwise.
struct Change {
  enum class Kind : std::uint8_t { curve, power, voltage, pad, dock, fan, paste, os, bios, profile } kind{};
  int from{}, to{1 << 30};
  double size{};  ///< factor or share; see Scenario::setup_on
  FanCurve curve{};
  std::string text;  ///< the new version or profile's name
};

/// The device's clock is off for a while. Hours; the rows between carry wrong times.
struct ClockJump {
  int day{}, minute{}, minutes{};
  double hours{};
};

struct Request {
  std::optional<Case> what;
  std::optional<MachineClass> kind;
  std::optional<Tier> tier;
  int days{};  ///< 0 = drawn, 120..365
};

struct Scenario {
  std::uint64_t seed{};
  Case what{};
  int days{};
  std::int64_t start_unix{};  ///< of local day 0's midnight, UTC seconds
  double utc_offset{};        ///< h
  Machine machine;
  Habits habits;
  Climate climate;
  SensorSuite sensors;
  FaultPlan fault;
  std::vector<RoomEvent> room;
  std::vector<UseEvent> use;
  std::vector<Change> changes;
  std::vector<ClockJump> jumps;

  Setup setup_on(int day) const;
  bool setup_changes(int day) const;
  /// The same machine, weather and habits without the fault.
  Scenario twin() const;
};

/// All of it from one seed.
Scenario draw_scenario(std::uint64_t seed, const Request& request = {});

}  // namespace hale::sim
