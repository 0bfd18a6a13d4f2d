#include "tests/sim/room.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hale::sim {

/// Climates from Stockholm to Singapore and their mirror images in the south (yearly means and half ranges of climate
/// tables, rounded); living rooms are heated to 19-22.5 Cel and, where they are cooled, to 23-27 [own].
Climate draw_climate(Random& random) {
  struct Kind {
    Range mean, season, day;
    double cooled;
  };
  constexpr std::array<Kind, 5> kinds{{{{5, 10}, {9, 13}, {3, 6}, 0.08},    // north
                                       {{9, 15}, {7, 12}, {3, 7}, 0.25},    // temperate
                                       {{15, 19}, {7, 11}, {4, 8}, 0.55},   // mediterranean, Shanghai
                                       {{20, 24}, {6, 10}, {5, 9}, 0.7},    // subtropical
                                       {{25, 28}, {1, 3}, {3, 6}, 0.65}}};  // tropical
  const double place = random.uniform();
  const Kind& kind = kinds[place < 0.15 ? 0u : place < 0.5 ? 1u : place < 0.75 ? 2u : place < 0.9 ? 3u : 4u];
  Climate climate;
  climate.mean = kind.mean.draw(random);
  climate.season = kind.season.draw(random);
  climate.day = kind.day.draw(random);
  climate.hottest_day = (random.chance(0.2) ? 20 : 202) + random.between(-12, 12);
  climate.weather = random.between(1.5, 4);
  climate.heating = random.between(19, 22.5);
  climate.night_setback = random.chance(0.6) ? random.between(0.5, 4) : 0;
  if (random.chance(kind.cooled)) climate.cooling = random.between(23, 27);
  climate.gains = random.between(1, 5);
  climate.insulation_days = random.log_between(0.5, 3);
  climate.start_of_year = random.whole(0, 364);
  climate.desk = random.between(-0.5, 2);
  return climate;
}

void Room::add(const RoomEvent& event) {
  if (event_count_ < static_cast<int>(events_.size())) events_[static_cast<std::size_t>(event_count_++)] = event;
}

double Room::indoors(double outdoors, int hour) const {
  const bool night = hour < 6 || hour >= 23;
  const double heated = climate_.heating - (night ? climate_.night_setback : 0);
  const double free = std::max(outdoors + climate_.gains, heated);
  // An air conditioner is a thermostat: it lets the room swing a little, and is overrun when it is very hot.
  const double cooled = free > cooling_ ? cooling_ + 0.08 * (free - cooling_) : free;
  return cooled + climate_.desk;
}

void Room::begin_day(int day) {
  Random random(seed_, Stream::weather, static_cast<std::uint64_t>(day));
  const double weather_share = std::exp(-1 / 3.5);  // weather holds for some days
  weather_ =
      weather_share * weather_ + climate_.weather * std::sqrt(1 - weather_share * weather_share) * random.normal();
  const double year = 2 * std::numbers::pi * (climate_.start_of_year + day - climate_.hottest_day) / 365.25;
  double outdoors = climate_.mean + climate_.season * std::cos(year) + weather_;
  cooling_ = climate_.cooling;
  sun_size_ = 0;
  double heat = 0;
  for (int i = 0; i < event_count_; ++i) {
    const RoomEvent& event = events_[static_cast<std::size_t>(i)];
    if (day < event.from || day >= event.to) continue;
    if (event.kind == RoomEvent::Kind::heat_wave) heat += event.size;
    if (event.kind == RoomEvent::Kind::hot_summer) heat += event.size * std::min(1.0, (day - event.from) / 25.0);
    if (event.kind == RoomEvent::Kind::cooling_installed) cooling_ = event.size;
    if (event.kind == RoomEvent::Kind::sunny_desk && random.chance(0.65)) sun_size_ = event.size;
  }
  // Heat waves come through the walls and the open window at once.
  outdoors += heat;
  sun_from_ = random.whole(9 * 60, 15 * 60);
  sun_to_ = sun_from_ + random.whole(60, 180);
  if (building_ < -99) building_ = outdoors;
  const double last = hours_[24];
  const double follow = 1 - std::exp(-1 / (24 * climate_.insulation_days));
  for (int hour = 0; hour < 25; ++hour) {
    const double now = outdoors + climate_.day * std::cos(2 * std::numbers::pi * (hour - 15) / 24);
    if (hour < 24) building_ += follow * (now - building_);
    hours_[static_cast<std::size_t>(hour)] = indoors(0.8 * building_ + 0.2 * now, hour % 24) + 0.3 * random.normal();
  }
  if (day > 0) hours_[0] = last;
  hours_[25] = hours_[24];
}

double Room::temperature(int minute) const {
  const auto hour = static_cast<std::size_t>(minute / 60);
  const double part = (minute % 60) / 60.0;
  return hours_[hour] + part * (hours_[hour + 1] - hours_[hour]) + 0.12 * sun(minute);  // the air over a sunlit desk
}

double Room::sun(int minute) const {
  if (sun_size_ <= 0 || minute < sun_from_ || minute >= sun_to_) return 0;
  return sun_size_ * std::sin(std::numbers::pi * (minute - sun_from_) / (sun_to_ - sun_from_));
}

}  // namespace hale::sim
