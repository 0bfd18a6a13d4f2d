#include "tests/sim/use.hpp"

#include <algorithm>
#include <cmath>

// Habits are judgement [own]: diaries of owners are not in any public source that we know. They are meant to be as
// different as owners are.
namespace hale::sim {
namespace {

constexpr std::size_t index(Activity activity) { return static_cast<std::size_t>(activity); }

void weigh(Habits& habits, double idle, double office, double video, double call, double gaming, double compile,
           Random& random) {
  const std::array<double, 6> given{idle, office, video, call, gaming, compile};
  for (std::size_t i = 0; i < given.size(); ++i)
    habits.weights[index(Activity::idle) + i] = given[i] * random.log_between(0.5, 2);
}

void draw_games(Habits& habits, const Machine& machine, Random& random) {
  for (Game& game : habits.games) {
    game.cpu = random.between(0.15, 0.6);
    game.gpu = machine.gpu.discrete ? random.between(0.45, 0.99) : random.between(0.3, 0.95);
    game.intensity = random.between(0.75, 1.2);
  }
  // The new one asks for more than all before it.
  Game& newest = habits.games[3];
  for (std::size_t i = 0; i < 3; ++i) {
    newest.cpu = std::max(newest.cpu, habits.games[i].cpu + 0.1);
    newest.gpu = std::max(newest.gpu, std::min(0.99, habits.games[i].gpu + 0.1));
  }
}

void draw_common(Habits& habits, const Machine& machine, Random& random) {
  draw_games(habits, machine, random);
  habits.office_load = random.log_between(0.03, 0.14);
  habits.call_load = random.between(0.12, 0.35);
  habits.idle_load = random.log_between(0.006, 0.04);
  habits.bursts = random.between(0.05, 0.35);
  habits.intensity = random.between(0.8, 1.2);
  habits.sleeps = random.chance(machine.has_battery ? 0.6 : 0.3);
  habits.reboot_days = random.whole(5, 40);
  habits.battery_share =
      machine.has_battery ? (random.chance(0.4) ? random.between(0.2, 0.8) : random.between(0, 0.1)) : 0;
  if (machine.kind == MachineClass::gaming) habits.battery_share *= 0.4;
  habits.start_jitter = random.log_between(0.1, 1.5);
}

}  // namespace

Habits draw_habits(const Machine& machine, Random& random) {
  Habits habits;
  draw_common(habits, machine, random);
  const bool games = machine.gpu.discrete;
  const double who = random.uniform();
  auto& w = habits.windows;
  if (games && who < 0.65) {  // plays in the evening
    w.push_back({random.between(16, 20), random.between(2, 5), random.between(0.5, 0.95), true, false});
    w.push_back({random.between(10, 14), random.between(3, 9), random.between(0.6, 0.95), false, true});
    weigh(habits, 0.1, 0.3, 0.25, 0.05, 0.8, 0.02, random);
  } else if (who < 0.3 || (games && who < 0.75)) {  // office or home office
    w.push_back({random.between(7, 9.5), random.between(3.5, 5), random.between(0.8, 0.98), true, false});
    w.push_back({random.between(13, 14), random.between(3, 5.5), random.between(0.8, 0.98), true, false});
    if (random.chance(0.5))
      w.push_back({random.between(19, 21), random.between(1, 3), random.between(0.1, 0.6), true, true});
    weigh(habits, 0.15, 1, 0.1, 0.35, 0.02, 0.06, random);
  } else if (who < 0.5 || (games && who < 0.87)) {  // develops, renders
    w.push_back({random.between(8, 11), random.between(7, 10), random.between(0.7, 0.97), true, false});
    w.push_back({random.between(10, 20), random.between(2, 6), random.between(0.3, 0.8), false, true});
    weigh(habits, 0.15, 0.7, 0.1, 0.15, 0.1, 0.7, random);
  } else if (who < 0.7) {  // student
    w.push_back({random.between(9, 14), random.between(1.5, 5), random.between(0.4, 0.8), true, true});
    w.push_back({random.between(18, 21), random.between(1.5, 4.5), random.between(0.6, 0.95), true, true});
    weigh(habits, 0.1, 0.6, 0.6, 0.1, 0.3, 0.08, random);
  } else if (who < 0.92 || machine.has_battery) {  // family
    w.push_back({random.between(15, 20), random.between(1, 4), random.between(0.3, 0.9), true, true});
    w.push_back({random.between(8, 12), random.between(1, 4), random.between(0.3, 0.8), false, true});
    weigh(habits, 0.15, 0.5, 0.7, 0.1, 0.25, 0, random);
  } else {  // never off
    habits.always_on = true;
    w.push_back({random.between(8, 18), random.between(2, 8), random.between(0.5, 0.9), true, true});
    weigh(habits, 0.2, 0.5, 0.5, 0.1, 0.2, 0.2, random);
  }
  return habits;
}

Habits draw_hour_a_week(const Machine& machine, Random& random) {
  Habits habits;
  draw_common(habits, machine, random);
  habits.windows.push_back({random.between(9, 20), random.between(0.7, 1.4), 0.95, true, true});
  weigh(habits, 0.1, 0.8, 0.5, 0.3, machine.gpu.discrete ? 0.5 : 0.1, 0, random);
  habits.sleeps = false;
  habits.weekly_day = random.whole(0, 6);
  return habits;
}

double Use::background(int day) const {
  double sum = 0;
  for (const UseEvent& event : events_) {
    if (event.kind == UseEvent::Kind::background && day >= event.from && day < event.to) sum += event.size;
  }
  return sum;
}

Activity Use::pick(Random& random) const {
  double sum = 0;
  for (const double weight : habits_.weights) sum += weight;
  double left = random.uniform() * sum;
  for (std::size_t i = 0; i < habits_.weights.size(); ++i) {
    left -= habits_.weights[i];
    if (left < 0) return static_cast<Activity>(i);
  }
  return Activity::office;
}

/// One after another until the window ends; breaks let some PCs fall asleep.
void Use::fill(int day, const Window& window, Random& random) {
  const double start = window.start + habits_.start_jitter * random.normal();
  const auto begin = static_cast<int>(60 * std::clamp(start, 0.0, 23.5));
  const int end = std::clamp(begin + static_cast<int>(60 * window.hours * random.between(0.6, 1.25)), begin + 10, 1440);
  const bool battery = random.chance(habits_.battery_share);
  const bool bed = start > 15 && random.chance(habits_.bed_share);
  int now = begin;
  while (now < end) {
    Minute minute{pick(random), 0, battery, bed};
    minute.game = static_cast<std::uint8_t>(new_game_ && random.chance(0.75) ? 3 : random.whole(0, 2));
    int length = static_cast<int>(random.log_between(8, minute.activity == Activity::gaming ? 180 : 90));
    if (minute.activity == Activity::idle && length > 15 && habits_.sleeps && laptop_)
      minute.activity = Activity::asleep;
    for (; length > 0 && now < end; --length, ++now) plan_[static_cast<std::size_t>(now)] = minute;
  }
  // Updates and virus scans come some time after the start.
  if ((day + static_cast<int>(seed_ % 3)) % 3 == 0) {
    const int at = begin + random.whole(5, 60);
    for (int i = at; i < std::min(end, at + 25); ++i) {
      Minute& minute = plan_[static_cast<std::size_t>(i)];
      if (minute.activity == Activity::idle || minute.activity == Activity::office) minute.activity = Activity::scan;
    }
  }
}

const DayPlan& Use::begin_day(int day) {
  Random random(seed_, Stream::day_plan, static_cast<std::uint64_t>(day));
  random_ = Random(seed_, Stream::load, static_cast<std::uint64_t>(day));
  wander_ = burst_ = phase_left_ = 0;
  background_ = background(day);
  new_game_ = false;
  bool away = false;
  for (const UseEvent& event : events_) {
    if (day < event.from || day >= event.to) continue;
    new_game_ |= event.kind == UseEvent::Kind::new_game;
    away |= event.kind == UseEvent::Kind::away;
  }
  const bool sleeper = habits_.sleeps && day % habits_.reboot_days != 0;
  Minute rest;
  rest.activity = away                ? Activity::off
                  : habits_.always_on ? Activity::idle
                  : sleeper           ? Activity::asleep
                                      : Activity::off;
  plan_.fill(rest);
  if (away || (habits_.weekly_day >= 0 && day % 7 != habits_.weekly_day)) return plan_;
  const bool weekend = (day + static_cast<int>(seed_ % 7)) % 7 >= 5;
  for (const Window& window : habits_.windows) {
    const bool fits = weekend ? window.weekends : window.weekdays;
    const bool used = random.chance(window.probability);
    if (fits && used) fill(day, window, random);
  }
  return plan_;
}

Load Use::base(const Minute& minute) {
  const Game& game = habits_.games[minute.game];
  switch (minute.activity) {
    case Activity::idle:
      return {habits_.idle_load, 0.01, habits_.intensity};
    case Activity::office:
      return {habits_.office_load, 0.04, habits_.intensity};
    case Activity::video:
      return {habits_.office_load * 0.7 + 0.03, 0.18, 0.8};
    case Activity::call:
      return {habits_.call_load, 0.12, 0.9};
    case Activity::scan:
      return {0.3, 0.01, 0.9};
    case Activity::gaming:
      return {game.cpu, game.gpu, game.intensity};
    case Activity::compile:
      return {0.95, 0.02, 1.05 * habits_.intensity};
    default:
      return {};
  }
}

Load Use::load(const Minute& minute) {
  if (minute.activity != last_) phase_left_ = 0, burst_ = 0;
  last_ = minute.activity;
  Load load = base(minute);
  wander_ = 0.85 * wander_ + 0.53 * random_.normal();
  const double dice = random_.uniform();
  phase_left_ -= 0.25;
  if (phase_left_ <= 0) {  // heavy work and games come in phases
    phase_heavy_ = minute.activity == Activity::compile ? !phase_heavy_ : dice > 0.08;
    phase_left_ = random_.log_between(0.5, phase_heavy_ ? 18 : 4);
  }
  burst_ = burst_ > 0.02 && dice > 0.35 ? burst_ : dice < habits_.bursts * 0.4 ? random_.between(0.1, 0.7) : 0;
  switch (minute.activity) {
    case Activity::gaming:
      if (!phase_heavy_) load.cpu *= 0.4, load.gpu *= 0.35;
      load.cpu += 0.06 * wander_;
      load.gpu += 0.03 * wander_;
      break;
    case Activity::compile:
      if (!phase_heavy_)
        load.cpu = habits_.office_load + burst_;
      else
        load.cpu += 0.04 * wander_;
      break;
    case Activity::idle:
      load.cpu += 0.3 * burst_ * (dice < 0.1 ? 1 : 0) + 0.004 * std::abs(wander_);
      break;
    default:
      load.cpu += burst_ + 0.015 * wander_;
  }
  load.cpu = std::clamp(load.cpu + background_, 0.003, 1.0);
  load.gpu = std::clamp(load.gpu, 0.0, 1.0);
  if (built_in_graphics_) load.built_in = 0.45 * load.gpu;
  load.concentration = (1 - load.cpu) * (0.5 + 0.35 * std::clamp(wander_, -1.4, 1.4));
  return load;
}

}  // namespace hale::sim
