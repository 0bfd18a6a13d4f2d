#include "rules/detectors/cooling/baseline.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace hale::rules::cooling {
namespace {

constexpr std::uint16_t kLeastPoints = 4;  // of a cell, over all of learning
constexpr int kRounds = 12;
constexpr std::size_t kLeastDays = 6;  // of learning; fewer teach nothing
constexpr std::size_t kMostTable = 200;
constexpr std::size_t kMostNewcomers = 24;
constexpr int kNewPoints = 10, kNewDays = 3;  // before a new cell counts
constexpr double kWarmRoom = 30;              // Cel: readings above do not come from a room that one learns in [own]

bool by_cell(const Usual& usual, Cell cell) { return usual.cell.code < cell.code; }

}  // namespace

const Usual* Baseline::find(Cell cell) const {
  const auto at = std::lower_bound(table_.begin(), table_.end(), cell, by_cell);
  return at != table_.end() && at->cell == cell ? &*at : nullptr;
}

double Baseline::rise(const Usual& usual, std::optional<double> ln_fan, const Parameters& p) {
  const auto rise = static_cast<double>(usual.rise);
  if (!ln_fan || std::isnan(usual.ln_fan)) return rise;
  return rise * std::exp(-p.physics.fan_exponent * (*ln_fan - static_cast<double>(usual.ln_fan)));
}

double Baseline::weight(const CellSum& sum, const Usual& usual, const Parameters& p) const {
  const double size = std::abs(static_cast<double>(usual.rise));
  const double error = sum.cell.far() ? p.error.far : p.error.kelvin + p.error.share * size;
  const double mix = p.error.mix * size;  // how a kind of work differs from one day to the next
  // Neighbouring buckets say much the same: three of them count as one.
  return 1 / (error * error + mix * mix * (p.error.mix_day + 1.0 / usual.days) +
              noise_ * noise_ * (3.0 / sum.points + 1.0 / usual.points));
}

void Baseline::start_table() {
  struct Count {
    std::uint32_t points{}, days{}, fan_points{};
    double fan{};
  };
  std::map<std::uint16_t, Count> counts;
  for (const WorkDay& day : days_) {
    for (const CellSum& sum : day.cells) {
      Count& count = counts[sum.cell.code];
      count.points += sum.points;
      ++count.days;
      count.fan_points += sum.fan_points;
      count.fan += static_cast<double>(sum.fan);
    }
  }
  const auto narrow = [](std::uint32_t n) {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(n, UINT16_MAX));
  };
  for (const auto& [code, count] : counts) {
    if (count.points < kLeastPoints || table_.size() >= kMostTable) continue;
    const float ln_fan = count.fan_points > 0 ? static_cast<float>(count.fan / count.fan_points)
                                              : std::numeric_limits<float>::quiet_NaN();
    table_.push_back({{code}, narrow(count.points), narrow(count.days), 0, ln_fan});
  }
}

void Baseline::fit_rises(const std::vector<double>& rooms, const Parameters& p) {
  std::vector<std::pair<double, double>> sums(table_.size());
  for (std::size_t d = 0; d < days_.size(); ++d) {
    for (const CellSum& sum : days_[d].cells) {
      const Usual* usual = find(sum.cell);
      if (usual == nullptr) continue;
      const double fan = rise({usual->cell, 1, 1, 1, usual->ln_fan}, sum.ln_fan(), p);
      const double w = std::sqrt(static_cast<double>(sum.points));
      auto& [above, weight] = sums[static_cast<std::size_t>(usual - table_.data())];
      above += w * fan * (sum.mean() - rooms[d]);
      weight += w * fan * fan;
    }
  }
  for (std::size_t i = 0; i < table_.size(); ++i)
    if (sums[i].second > 0) table_[i].rise = static_cast<float>(sums[i].first / sums[i].second);
}

void Baseline::fit_rooms(std::vector<double>& rooms, double usual_room, const Parameters& p) const {
  const double step = 1 / (p.room.step * p.room.step);
  for (std::size_t d = 0; d < days_.size(); ++d) {
    double weights = step + 1 / (p.room.spread * p.room.spread);
    double sum = step * (d > 0 ? rooms[d - 1] : usual_room) + p.room.mean / (p.room.spread * p.room.spread);
    const auto count = [&](double value, double weight) { sum += weight * value, weights += weight; };
    if (d + 1 < days_.size()) count(rooms[d + 1], step);
    for (const RoomReading& reading : days_[d].room.readings)
      count(static_cast<double>(reading.value), 1 / static_cast<double>(reading.sigma * reading.sigma));
    for (const CellSum& cell : days_[d].cells) {
      if (const Usual* usual = find(cell.cell))
        count(cell.mean() - rise(*usual, cell.ln_fan(), p), weight(cell, *usual, p));
    }
    rooms[d] = sum / weights;
  }
}

bool Baseline::learn(const Parameters& p, double& room) {
  if (days_.size() < kLeastDays) {
    forget();
    return false;
  }
  double squares = 0, freedom = 0;
  double readings = 0, read = 0;
  for (const WorkDay& day : days_) {
    for (const CellSum& sum : day.cells) {
      if (sum.points < 2 || sum.cell.far()) continue;
      squares += sum.squares_around_mean();
      freedom += sum.points - 1;
    }
    for (const RoomReading& reading : day.room.readings) readings += static_cast<double>(reading.value), ++read;
  }
  noise_ = freedom > 0 ? std::clamp(std::sqrt(squares / freedom), 0.3, 8.0) : 2;
  const double usual_room = read > 0 ? std::min(readings / read, kWarmRoom) : p.room.mean;
  start_table();
  std::vector<double> rooms;
  for (const WorkDay& day : days_)
    rooms.push_back(day.room.readings.empty() ? usual_room : static_cast<double>(day.room.readings.front().value));
  for (int round = 0; round < kRounds; ++round) {
    fit_rises(rooms, p);
    fit_rooms(rooms, usual_room, p);
  }
  room = rooms.back();
  days_ = {};
  return learned();
}

void Baseline::take_in(const CellSum& sum, double room, double resistance, const Parameters& p) {
  auto at =
      std::find_if(newcomers_.begin(), newcomers_.end(), [&](const Newcomer& one) { return one.cell == sum.cell; });
  if (at == newcomers_.end()) {
    if (newcomers_.size() >= kMostNewcomers) newcomers_.erase(newcomers_.begin());
    newcomers_.push_back({sum.cell, 0, 0, 0, 0, 0});
    at = newcomers_.end() - 1;
  }
  const double share = sum.cell.far() ? p.error.far_share : 1;
  const auto add = [](std::uint16_t& to, int n) { to = static_cast<std::uint16_t>(std::min(to + n, 60000)); };
  at->rise += static_cast<float>((sum.mean() - room) * sum.points / (1 + share * (resistance - 1)));
  at->fan += sum.fan;
  add(at->points, sum.points);
  add(at->fan_points, sum.fan_points);
  ++at->days;
  if (at->points < kNewPoints || at->days < kNewDays || table_.size() >= kMostTable) return;
  const Usual usual{
      at->cell, at->points, at->days, at->rise / static_cast<float>(at->points),
      at->fan_points > 0 ? at->fan / static_cast<float>(at->fan_points) : std::numeric_limits<float>::quiet_NaN()};
  newcomers_.erase(at);
  table_.insert(std::lower_bound(table_.begin(), table_.end(), usual.cell, by_cell), usual);
}

void Baseline::save(StateWriter& writer) const {
  writer.number(static_cast<std::uint32_t>(days_.size()));
  for (const WorkDay& day : days_) cooling::save(writer, day);
  writer.number(static_cast<std::uint32_t>(table_.size()));
  for (const Usual& usual : table_) {
    for (const std::uint16_t value : {usual.cell.code, usual.points, usual.days}) writer.number(value);
    for (const float value : {usual.rise, usual.ln_fan}) writer.number(value);
  }
  writer.number(static_cast<std::uint32_t>(newcomers_.size()));
  for (const Newcomer& one : newcomers_) {
    for (const std::uint16_t value : {one.cell.code, one.points, one.days, one.fan_points}) writer.number(value);
    for (const float value : {one.rise, one.fan}) writer.number(value);
  }
  writer.number(noise_);
}

void Baseline::restore(StateReader& reader) {
  days_.resize(reader.count(3 * sizeof(std::uint32_t)));
  for (WorkDay& day : days_) cooling::restore(reader, day);
  table_.resize(reader.count(3 * sizeof(std::uint16_t) + 2 * sizeof(float)));
  for (Usual& usual : table_) {
    for (std::uint16_t* value : {&usual.cell.code, &usual.points, &usual.days}) reader.number(*value);
    for (float* value : {&usual.rise, &usual.ln_fan}) reader.number(*value);
    usual.points = std::max<std::uint16_t>(usual.points, 1);
    usual.days = std::max<std::uint16_t>(usual.days, 1);
  }
  newcomers_.resize(reader.count(4 * sizeof(std::uint16_t) + 2 * sizeof(float)));
  for (Newcomer& one : newcomers_) {
    for (std::uint16_t* value : {&one.cell.code, &one.points, &one.days, &one.fan_points}) reader.number(*value);
    for (float* value : {&one.rise, &one.fan}) reader.number(*value);
  }
  reader.number(noise_);
}

std::size_t Baseline::bytes() const {
  std::size_t sum =
      days_.capacity() * sizeof(WorkDay) + table_.capacity() * sizeof(Usual) + newcomers_.capacity() * sizeof(Newcomer);
  for (const WorkDay& day : days_) sum += cooling::bytes(day);
  return sum;
}

}  // namespace hale::rules::cooling
