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
    double power_step;      ///< ratio from one power cell to the next
    double rise_exponent;   ///< rise ~ power^this at a fan curve's mercy
    double fan_exponent;    ///< resistance ~ speed^-this
    double idle_share;      ///< of full power, where power is guessed from load
    double clock_exponent;  ///< power ~ clock^this, where power is guessed from load
    double drift_a_day;     ///< how far resistance may wander in a day, standard deviation of its logarithm
    double day_scatter;     ///< and a day's own around it
  } physics;
  struct RoomPrior {
    double mean, spread;  ///< Cel, K: rooms, where nothing tells
    double step;          ///< K: from one day to the next, standard deviation
    double reading;       ///< K: error of a reading after hours off
    double gpu_warmer;    ///< K: a graphics chip a minute after the start
  } room;
  /// How far a day's mean of a kind of work may be off, standard deviations.
  struct Error {
    double kelvin, share;  ///< K, and of its rise
    double mix;            ///< of its rise: the same kind of work differs from day to day
    double mix_day;        ///< share of that variance which a day keeps, however many days taught the rise
    double far;            ///< K: sensors far from the heat
    double far_share;      ///< of a rise of resistance that they feel
  } error;
  struct Dust {
    double level;          ///< enters here
    double without_power;  ///< the level times this
    double without_fan;
    double leave;              ///< share of the level at which it ends
    int days, of_days;         ///< active days above the level
    double trend_z;            ///< Mann-Kendall
    double large;              ///< above this no trend is asked for
    double throttled_level;    ///< enters here already when throttling has grown
    double throttled_minutes;  ///< a day, at least
    double throttled_times;    ///< and so many times a bad day's while learning
    double throttled_three;    ///< or three days in a row alone amount to this
    double slope;              ///< a day at least, except above large
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
    double without_power;  ///< all three times this
    double kelvin;
    double hot;  ///< Cel
    int buckets;
  } blocked;
  struct Fan {
    double slow;  ///< ln of speed lost at the same temperature
    int days, of_days;
  } fan;
  struct Sudden {
    double step;   ///< a step of more than this share of the indicator is no dust
    int settle;    ///< active days to look at after a change of firmware
    double level;  ///< where no fan speed tells what happened: a step beyond this that stays is told of ...
    int stays;     ///< ... after so many active days
  } sudden;
};

}  // namespace hale::rules::cooling
