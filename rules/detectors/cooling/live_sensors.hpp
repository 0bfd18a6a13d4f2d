#pragma once
#include <array>
#include <cstdint>

#include "rules/detectors/cooling/bucket.hpp"

namespace hale::rules::cooling {

/// Which temperatures move. A sensor that says the same for days (a stuck one, or a thermal zone that firmware never
/// fills) tells nothing of the room, and would pull every estimate towards itself.
class LiveSensors {
 public:
  void see(const Bucket& bucket);
  bool lives(Source source) const;

  void save(StateWriter& writer) const;
  void restore(StateReader& reader);

 private:
  static constexpr std::size_t kTemperatures = 5;  ///< the first of Source
  struct Seen {
    float value{};
    std::int32_t moved{-1};  ///< active day on which it last moved; -1: never
    bool any{};
  };
  std::array<Seen, kTemperatures> seen_{};
  std::int32_t day_{};
  std::int32_t active_day_{};
};

}  // namespace hale::rules::cooling
