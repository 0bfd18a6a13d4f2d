#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "tests/sim/machine.hpp"
#include "tests/sim/processor.hpp"

namespace hale::sim {

enum class Activity : std::uint8_t { off, asleep, idle, office, video, call, gaming, compile, scan };
inline constexpr int kActivities = 9;

struct Minute {
  Activity activity{Activity::off};
  std::uint8_t game{};  ///< which of the owner's games
  bool on_battery{};
  bool in_bed{};  ///< on a soft surface, for those who do that
};
using DayPlan = std::array<Minute, 1440>;

struct Game {
  double cpu{}, gpu{}, intensity{1};
};

/// A stretch of the day in which somebody may use the PC.
struct Window {
  double start{}, hours{}, probability{};  ///< h, h, 0..1
  bool weekdays{}, weekends{};
};

struct Habits {
  std::vector<Window> windows;
  std::array<double, kActivities> weights{};
  std::array<Game, 4> games{};  ///< the last one is new
  double office_load{}, call_load{}, idle_load{}, bursts{}, intensity{1};
  bool always_on{};
  bool sleeps{};           ///< between uses, instead of switching off
  int reboot_days{};       ///< of those who only sleep
  double battery_share{};  ///< of sessions away from mains
  double bed_share{};      ///< of evening sessions
  double start_jitter{};   ///< h
  int weekly_day{-1};      ///< the one day of a PC used an hour a week
};

Habits draw_habits(const Machine& machine, Random& random);
Habits draw_hour_a_week(const Machine& machine, Random& random);

/// Changes of use during a history.
struct UseEvent {
  enum class Kind : std::uint8_t { away, new_game, background } kind{};
  int from{}, to{};
  double size{};  ///< background: load that an OS upgrade adds, 0..1
};

/// When the PC is on and what it does: a plan a day, loads within a minute.
class Use {
 public:
  Use(const Habits& habits, const Machine& machine, std::uint64_t seed)
      : habits_(habits), built_in_graphics_(!machine.gpu.discrete), laptop_(machine.has_battery), seed_(seed) {}
  void add(const UseEvent& event) { events_.push_back(event); }
  /// The plan of a local day; days in order.
  const DayPlan& begin_day(int day);
  /// What is wanted in this quarter of a minute. Draws the same whether or not the PC can deliver.
  Load load(const Minute& minute);

 private:
  void fill(int day, const Window& window, Random& random);
  Activity pick(Random& random) const;
  double background(int day) const;
  Load base(const Minute& minute);

  Habits habits_;
  bool built_in_graphics_, laptop_;
  std::uint64_t seed_;
  std::vector<UseEvent> events_;
  DayPlan plan_{};
  Random random_{0};
  bool new_game_{};
  double background_{}, wander_{}, burst_{}, phase_left_{};
  bool phase_heavy_{};
  Activity last_{Activity::off};
};

}  // namespace hale::sim
