#pragma once
#include <array>
#include <cstdint>

#include "tests/sim/random.hpp"

namespace hale::sim {

/// Where the PC stands. Cel.
struct Climate {
  double mean{}, season{}, day{};     ///< outdoors: yearly mean, half ranges over the year and the day
  double hottest_day{};               ///< day of the year: about 200 in the north, 20 in the south
  double weather{};                   ///< deviation of the passing weather, K
  double heating{}, night_setback{};  ///< Cel, K
  double cooling{100};                ///< Cel an air conditioner keeps; 100 = none
  double gains{};                     ///< K that people, sun and appliances add
  double insulation_days{};           ///< how long the building takes to follow
  int start_of_year{};                ///< day of the year of day 0
  double desk{};                      ///< K, this desk against the room
};

Climate draw_climate(Random& random);

/// Changes of the room during a history.
struct RoomEvent {
  enum class Kind : std::uint8_t { heat_wave, cooling_installed, sunny_desk, hot_summer } kind{};
  int from{}, to{};
  double size{};  ///< K; of cooling_installed: the Cel it keeps; of sunny_desk: W
};

/// One room's temperature, hour by hour, the same for a machine and its twin.
class Room {
 public:
  Room(const Climate& climate, std::uint64_t seed) : climate_(climate), seed_(seed) {}
  void add(const RoomEvent& event);
  /// Days must come in order.
  void begin_day(int day);
  double temperature(int minute) const;
  /// Sun that the PC itself takes up, W.
  double sun(int minute) const;

 private:
  double indoors(double outdoors, int hour) const;

  Climate climate_;
  std::uint64_t seed_;
  std::array<RoomEvent, 4> events_{};
  int event_count_{};
  double weather_{}, building_{-100};
  double cooling_{100}, sun_size_{};
  int sun_from_{}, sun_to_{};
  std::array<double, 26> hours_{};
};

}  // namespace hale::sim
