#include "rules/detectors/cooling/room.hpp"

#include <algorithm>
#include <array>

namespace hale::rules::cooling {
namespace {

constexpr Millis kColdAfter = 4 * kHour;  // off so long, everything inside has come close to the room
constexpr std::array kFar{Source::board_temperature, Source::disk_temperature, Source::battery_temperature};
// A graphics chip is warm a minute after the start, by about so much [own].
constexpr double kGpuSigmas = 3;

}  // namespace

void Room::see_row(const Slots& slots, const Inputs& inputs, const Row& row, const LiveSensors& live,
                   const Parameters& p) {
  const auto read = [&](Source source) {
    const Slot slot = slots[static_cast<std::size_t>(source)];
    return slot != kNoSlot && inputs.is_fresh(slot) ? inputs.values[slot] : -1000.0;
  };
  const double uptime = read(Source::uptime);
  bool cold = false;
  if (last_row_ > 0 && row.awake_since == row.time) {
    // Time that passed less time that the PC was on.
    double on = 0;
    if (uptime >= 0) on = 1000 * (last_uptime_ >= 0 && uptime >= last_uptime_ ? uptime - last_uptime_ : uptime);
    cold = static_cast<double>(row.time - last_row_) - on >= static_cast<double>(kColdAfter);
  }
  last_row_ = row.time;
  if (uptime >= 0) last_uptime_ = uptime;
  if (!cold) return;
  const auto add = [&](double value, double sigma) {
    if (value < -30 || value > 60 || today_.readings.size() >= kMostReadings) return;
    today_.readings.push_back({static_cast<float>(value), static_cast<float>(sigma)});
    last_ = static_cast<float>(value);
  };
  const std::size_t before = today_.readings.size();
  for (const Source source : kFar) {
    // Without a processor's own sensor the board's zone stands for it.
    if (source == Source::board_temperature && !live.lives(Source::cpu_temperature)) continue;
    if (live.lives(source)) add(read(source), p.room.reading);
  }
  if (today_.readings.size() > before)
    ++anchors_;
  else if (live.lives(Source::gpu_temperature))
    add(read(Source::gpu_temperature) - p.room.gpu_warmer, kGpuSigmas * p.room.reading);
}

void Room::see_bucket(const Bucket& bucket, const LiveSensors& live) {
  for (const Source source : {Source::cpu_temperature, Source::gpu_temperature, Source::board_temperature,
                              Source::disk_temperature, Source::battery_temperature}) {
    const float value = bucket.mean[static_cast<std::size_t>(source)];
    if (bucket.knows(source) && live.lives(source) && value > 0) today_.coldest = std::min(today_.coldest, value);
  }
}

double Room::last(const Parameters& p) const { return last_ > -100 ? static_cast<double>(last_) : p.room.mean; }

RoomDay Room::close_day() {
  RoomDay day = std::move(today_);
  today_ = {};
  day.readings.shrink_to_fit();
  return day;
}

void save(StateWriter& writer, const RoomDay& day) {
  writer.number(static_cast<std::uint32_t>(day.readings.size()));
  for (const RoomReading& reading : day.readings) {
    writer.number(reading.value);
    writer.number(reading.sigma);
  }
  writer.number(day.coldest);
}

void restore(StateReader& reader, RoomDay& day) {
  day.readings.resize(std::min<std::size_t>(reader.count(2 * sizeof(float)), Room::kMostReadings));
  for (RoomReading& reading : day.readings) {
    reader.number(reading.value);
    reader.number(reading.sigma);
  }
  reader.number(day.coldest);
}

void Room::save(StateWriter& writer) const {
  cooling::save(writer, today_);
  writer.number(anchors_);
  writer.number(last_);
  writer.number(last_row_);
  writer.number(last_uptime_);
}

void Room::restore(StateReader& reader) {
  cooling::restore(reader, today_);
  reader.number(anchors_);
  reader.number(last_);
  reader.number(last_row_);
  reader.number(last_uptime_);
}

}  // namespace hale::rules::cooling
