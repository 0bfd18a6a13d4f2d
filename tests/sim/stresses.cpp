#include "tests/sim/stresses.hpp"

#include <algorithm>

namespace hale::sim {
namespace {

using Room_ = RoomEvent::Kind;
using Use_ = UseEvent::Kind;
using Change_ = Change::Kind;

FanCurve shifted(FanCurve curve, double kelvin, double floor) {
  curve.low += kelvin;
  curve.high += kelvin;
  curve.floor = floor;
  return curve;
}

void new_curve(Scenario& scenario, int day, Random& random) {
  const FanCurve& old = scenario.machine.fan.curve;
  const double by = random.between(4, 10) * (random.chance(0.6) ? 1 : -1);
  FanCurve curve = shifted(old, by, random.chance(0.3) ? 0 : std::max(0.0, old.floor + random.between(-0.08, 0.12)));
  curve.top = std::clamp(old.top + random.between(-0.12, 0.12), 0.7, 1.0);
  if (random.chance(0.3)) curve.levels = random.whole(4, 8);
  scenario.changes.push_back({Change_::curve, day, 1 << 30, 0, curve, ""});
  scenario.changes.push_back({Change_::bios, day, 1 << 30, 0, {}, "1.20"});
}

void switch_profiles(Scenario& scenario, Random& random) {
  const FanCurve& old = scenario.machine.fan.curve;
  int day = random.whole(10, 60);
  while (day < scenario.days) {
    const int until = day + random.whole(1, 25);
    const bool quiet = random.chance(0.5);
    const FanCurve curve = shifted(old, quiet ? random.between(4, 10) : random.between(-10, -4), quiet ? 0 : old.floor);
    scenario.changes.push_back({Change_::profile, day, until,
                                quiet ? random.between(0.55, 0.85) : random.between(1.1, 1.4), curve,
                                quiet ? "quiet" : "performance"});
    day = until + random.whole(1, 30);
  }
}

void swap_sensor(Scenario& scenario, int day, Random& random) {
  SensorSuite& sensors = scenario.sensors;
  sensors.swapped = day;
  sensors.swap_offset = random.between(2, 9) * (random.chance(0.6) ? 1 : -1);
  sensors.swap_scale = random.chance(0.5) ? random.between(0.95, 1.06) : 1;
  if (random.chance(0.4))
    scenario.changes.push_back({Change_::bios, day, 1 << 30, 0, {}, "1.20"});
  else if (random.chance(0.3))
    scenario.changes.push_back({Change_::os, day, 1 << 30, 0, {}, "26100.1"});
}

void jump_clock(Scenario& scenario, Random& random) {
  for (int i = random.whole(1, 4); i > 0; --i) {
    // An empty clock battery (back by days until the network answers), a wrong time zone, a hand.
    const double hours = random.chance(0.4) ? -24.0 * random.whole(1, 400) : random.between(-3, 3);
    scenario.jumps.push_back(
        {random.whole(10, scenario.days - 2), random.whole(300, 1300), random.whole(5, 240), hours});
  }
}

}  // namespace

void draw_everyday(Scenario& scenario, Random& random) {
  const int days = scenario.days;
  if (random.chance(0.5)) {
    int build = 1;
    for (int day = random.whole(5, 30); day < days; day += 28 + 7 * random.whole(0, 1))
      scenario.changes.push_back({Change_::os, day, 1 << 30, 0, {}, "22631." + std::to_string(++build * 37)});
  }
  if (random.chance(0.25))
    scenario.changes.push_back({Change_::bios, random.whole(10, days - 1), 1 << 30, 0, {}, "1.11"});
  if (random.chance(0.4)) {
    const int from = random.whole(15, days - 10);
    scenario.use.push_back({Use_::away, from, from + random.whole(4, 21), 0});
  }
  if (random.chance(0.3)) scenario.use.push_back({Use_::new_game, random.whole(20, days), 1 << 30, 0});
  if (scenario.climate.start_of_year % 3 == 0) scenario.room.push_back({Room_::heat_wave, random.whole(0, days), 0, 0});
  for (RoomEvent& event : scenario.room) {
    event.to = event.from + random.whole(3, 7);
    event.size = random.between(3, 6);
  }
}

void draw_stress(Scenario& scenario, Random& random) {
  const int days = scenario.days;
  const int day = random.whole(30, std::max(31, days - 40));
  const int ever = 1 << 30;
  switch (scenario.what) {
    case Case::hot_summer:  // learning in winter, the hottest weeks at the end; nothing cools the room
      scenario.climate.cooling = 100;
      scenario.climate.season = std::max(scenario.climate.season, random.between(7, 12));
      scenario.climate.mean = std::max(scenario.climate.mean, random.between(13, 20));
      scenario.climate.start_of_year =
          static_cast<int>(scenario.climate.hottest_day + 365 - random.between(0.55, 0.9) * days) % 365;
      scenario.room.push_back({Room_::hot_summer, day, ever, random.between(1, 4)});
      break;
    case Case::heat_wave:
      scenario.climate.cooling = 100;
      scenario.climate.start_of_year = static_cast<int>(scenario.climate.hottest_day + 365 - day) % 365;
      scenario.room.push_back({Room_::heat_wave, day, day + random.whole(4, 14), random.between(6, 11)});
      break;
    case Case::new_game:
      scenario.use.push_back({Use_::new_game, day, ever, 0});
      break;
    case Case::sunny_desk:
      scenario.room.push_back({Room_::sunny_desk, random.chance(0.5) ? 0 : day, ever, random.between(5, 22)});
      break;
    case Case::sensor_swap:
      swap_sensor(scenario, day, random);
      break;
    case Case::fan_curve:
      new_curve(scenario, day, random);
      break;
    case Case::power_limit:
      scenario.changes.push_back({Change_::power,
                                  day,
                                  ever,
                                  random.chance(0.5) ? random.between(1.12, 1.4) : random.between(0.7, 0.9),
                                  {},
                                  ""});
      scenario.changes.push_back({Change_::bios, day, ever, 0, {}, "1.20"});
      break;
    case Case::os_upgrade:
      scenario.use.push_back({Use_::background, day, ever, random.log_between(0.01, 0.08)});
      scenario.use.push_back({Use_::background, day, day + random.whole(2, 6), random.between(0.05, 0.2)});
      scenario.changes.push_back({Change_::os, day, ever, 0, {}, "26100.1"});
      break;
    case Case::dock:
      scenario.changes.push_back({Change_::dock,
                                  day,
                                  random.chance(0.5) ? ever : day + random.whole(10, 60),
                                  random.between(0.2, 0.5),
                                  {},
                                  ""});
      break;
    case Case::air_conditioning:
      scenario.room.push_back({Room_::cooling_installed, day, ever, random.between(21, 25)});
      break;
    case Case::holiday:
      scenario.use.push_back({Use_::away, day, day + random.whole(14, 35), 0});
      break;
    case Case::cooling_pad:
      scenario.changes.push_back({Change_::pad,
                                  day,
                                  random.chance(0.5) ? ever : day + random.whole(5, 60),
                                  random.between(0.08, 0.35),
                                  {},
                                  ""});
      break;
    case Case::profile:
      switch_profiles(scenario, random);
      break;
    case Case::undervolt:
      scenario.changes.push_back({Change_::voltage, day, ever, random.between(0.78, 0.93), {}, ""});
      break;
    case Case::absence:
      scenario.use.push_back({Use_::away, day, day + random.whole(60, std::max(61, days - day - 20)), 0});
      break;
    case Case::clock_jump:
      jump_clock(scenario, random);
      break;
    case Case::fan_replaced:
      scenario.changes.push_back({Change_::fan, day, ever, random.between(0.93, 1.1), {}, ""});
      break;
    case Case::paste_replaced:
      scenario.changes.push_back({Change_::paste, day, ever, random.between(0.6, 0.9), {}, ""});
      break;
    case Case::hour_a_week: {
      Random habits(scenario.seed, Stream::habits, 1);
      scenario.habits = draw_hour_a_week(scenario.machine, habits);
      break;
    }
    default:
      break;
  }
}

}  // namespace hale::sim
