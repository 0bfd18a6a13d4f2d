#pragma once
#include <cstddef>
#include <cstdint>

#include "rules/engine/detector.hpp"

namespace hale::rules::cooling {

/// The inputs of the model, by the names that its pack must give them.
enum class Source : std::uint8_t {
  cpu_temperature,
  gpu_temperature,
  board_temperature,
  disk_temperature,
  battery_temperature,
  fan_speed,
  cpu_power,
  gpu_power,
  cpu_load,
  gpu_load,
  cpu_frequency,
  throttle_time,
  uptime,
  mains,
  cpu_limit,
};
inline constexpr std::size_t kSources = 15;

/// Thresholds and constants, from the pack. Logarithms of ratios where no unit is said: 0.10 = 10 % more thermal
/// resistance.
struct Parameters {
  struct Learning {
    int days;           ///< active days of learning
    int days_if_late;   ///< as many do ...
    int late_after;     ///< ... after so many days of the calendar
    int buckets_a_day;  ///< five-minute buckets that make a day active
    double least_rise;  ///< K: a cell below is too close to the room to tell resistance
  } learning;
  struct Physics {
    double power_step;     ///< ratio from one power cell to the next
    double rise_exponent;  ///< rise ~ power^this at a fan curve's mercy
    double fan_exponent;   ///< resistance ~ speed^-this
    double idle_share;     ///< of full power, where power is guessed from load
    double room;           ///< Cel, where nothing tells
    double drift_a_day;    ///< how fast resistance may wander, standard deviation
    double day_scatter;    ///< scatter of a day's indicator that no learning undercuts
    double room_known;     ///< K: how well anchors tell the room
    double room_guessed;   ///< K: without anchors
    double room_unknown;   ///< K: without any proxy
    double most_step;      ///< a day's indicator counts for so much at most
  } physics;
  struct Dust {
    double level;          ///< enters here
    double level_hot;      ///< or here, when learned near the processor's limit
    double sigmas;         ///< and above so many of its own scatter
    double without_power;  ///< the level times this
    double without_fan;
    double leave;              ///< share of the level at which it ends
    int days, of_days;         ///< active days above the level
    double raw_share;          ///< and this share of it on most days by the day's own indicator
    double trend_z;            ///< Mann-Kendall
    double large;              ///< above this no trend is asked for
    double throttled_level;    ///< enters here already when throttling has grown
    double throttled_minutes;  ///< a day
  } dust;
  struct Paste {
    double fast;   ///< fast slope above
    double share;  ///< and above this share of the slow indicator
    int pairs;     ///< pairs of minutes it needs
    double alone;  ///< above this the fast slope speaks alone ...
    double least;  ///< ... when the slow indicator is above this
  } paste;
  struct Blocked {
    double level, over_usual, over_own;
    double kelvin;
    double hot;  ///< Cel
    int buckets;
  } blocked;
  struct Fan {
    double slow;  ///< ln of speed lost at the same temperature
    int days, of_days;
  } fan;
  struct Sudden {
    double step;  ///< a step of more than this share of the indicator is no dust
    int settle;   ///< active days to look at after a change of firmware or system
  } sudden;
};

}  // namespace hale::rules::cooling
