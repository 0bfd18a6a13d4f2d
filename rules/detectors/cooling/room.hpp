#pragma once
#include <cstdint>
#include <vector>

#include "rules/detectors/cooling/bucket.hpp"
#include "rules/detectors/cooling/live_sensors.hpp"

namespace hale::rules::cooling {

/// One reading that tells the room's temperature.
struct RoomReading {
  float value{};  ///< Cel
  float sigma{};  ///< K
};

/// What a day told of the room: what sensors far from the heat read when the PC came out of hours off, and the coldest
/// that any sensor read (the room is no warmer than that).
struct RoomDay {
  std::vector<RoomReading> readings;
  float coldest{1000};
};

class Room {
 public:
  /// Every row: looks at the first one after a time off.
  void see_row(const Slots& slots, const Inputs& inputs, const Row& row, const LiveSensors& live, const Parameters& p);
  void see_bucket(const Bucket& bucket, const LiveSensors& live);
  const RoomDay& today() const { return today_; }
  /// Cel; the newest reading, or what rooms usually have.
  double last(const Parameters& p) const;
  RoomDay close_day();
  /// Sensors far from the heat were read cold at least so often that the room counts as known.
  bool anchored() const { return anchors_ >= kEnoughAnchors; }

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);
  std::size_t bytes() const { return today_.readings.capacity() * sizeof(RoomReading); }

  static constexpr std::uint32_t kEnoughAnchors = 5;
  static constexpr std::size_t kMostReadings = 8;  ///< a day

 private:
  RoomDay today_;
  std::uint32_t anchors_{};
  float last_{-1000};
  Millis last_row_{};
  double last_uptime_{-1};
};

void save(StateWriter& writer, const RoomDay& day);
void restore(StateReader& reader, RoomDay& day);

}  // namespace hale::rules::cooling
