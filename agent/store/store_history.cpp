// Blocks of readings: writing, rolling up, dropping the oldest, reading back.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "agent/store/pending.hpp"
#include "agent/store/store.hpp"

namespace hale::agent {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;
/// Tier 1 lies in blocks of an hour, tiers 2 and 3 in blocks of a day.
struct TierShape {
  int from;
  std::int64_t step_ms, span_ms;
};
constexpr TierShape kRollups[] = {{0, 5 * kMinuteMs, kHourMs}, {1, kHourMs, kDayMs}, {2, kDayMs, kDayMs}};
/// How long each tier is kept when there is room.
constexpr std::int64_t kKeepMs[] = {35 * kDayMs, 35 * kDayMs, 400 * kDayMs, 400 * kDayMs};
/// Catching up after a long replay or a bad disk is spread over several writes.
constexpr int kMaxRollupsAWrite = 2000;

std::int64_t floor_to(std::int64_t time, std::int64_t step) { return time - ((time % step) + step) % step; }

/// What was read within one step of a curve.
struct Step {
  double sum{}, low{}, high{};
  std::uint32_t count{};
};

void add_steps(const Block& block, const std::map<std::uint32_t, std::size_t>& wanted, std::int64_t from,
               std::int64_t to, std::int64_t step_ms, std::vector<std::map<std::int64_t, Step>>& steps) {
  for (const auto& column : block.columns) {
    const auto found = wanted.find(column.series);
    if (found == wanted.end()) continue;
    for (std::size_t i = 0; i < column.rows.size(); ++i) {
      const auto time = block.times[column.rows[i]];
      if (time < from || time >= to) continue;
      const double low = column.low.empty() ? column.values[i] : column.low[i];
      const double high = column.high.empty() ? column.values[i] : column.high[i];
      auto& step = steps[found->second][floor_to(time, step_ms)];
      step.low = step.count == 0 ? low : std::min(step.low, low);
      step.high = step.count == 0 ? high : std::max(step.high, high);
      step.sum += column.values[i];
      ++step.count;
    }
  }
}

}  // namespace

Result<> Store::scalar(const char* sql, std::int64_t& value) {
  auto statement = prepared(sql);
  if (!statement) return fail(statement.error());
  auto row = (*statement)->step();
  if (!row) return fail(row.error());
  if (*row && !(*statement)->column_null(0)) value = (*statement)->column_int(0);
  (*statement)->reset();
  return {};
}

Result<> Store::put_block(int tier, const Block& block) {
  if (block.times.empty()) return {};
  auto put = prepared("INSERT OR REPLACE INTO block (tier, start, stop, data) VALUES (?, ?, ?, ?)");
  if (!put) return fail(put.error());
  const auto bytes = encode_block(block);
  (*put)->bind(1, std::int64_t{tier}).bind(2, block.times.front()).bind(3, block.times.back() + 1).bind_blob(4, bytes);
  return (*put)->run();
}

Result<> Store::each_block(int tier, std::int64_t from, std::int64_t to,
                           const std::function<void(const Block&)>& take) {
  auto select = prepared("SELECT data FROM block WHERE tier = ? AND start < ? AND stop > ? ORDER BY start");
  if (!select) return fail(select.error());
  (*select)->bind(1, std::int64_t{tier}).bind(2, to).bind(3, from);
  for (;;) {
    auto row = (*select)->step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    if (const auto block = decode_block((*select)->column_blob(0))) take(*block);
  }
}

Result<std::vector<Block>> Store::blocks(int tier, std::int64_t from, std::int64_t to) {
  std::vector<Block> all;
  if (auto done = each_block(tier, from, to, [&](const Block& block) { all.push_back(block); }); !done)
    return fail(done.error());
  return all;
}

Result<> Store::roll_up(std::int64_t now_ms) {
  for (const auto& shape : kRollups)
    if (auto done = roll_up_tier(shape.from, shape.step_ms, shape.span_ms, now_ms); !done) return done;
  return {};
}

Result<> Store::roll_up_tier(int from_tier, std::int64_t step_ms, std::int64_t span_ms, std::int64_t now_ms) {
  const std::string bookmark = fmt::format("rolled_up_{}", from_tier + 1);
  std::int64_t done_until = 0;
  if (const auto known = meta(bookmark)) done_until = std::strtoll(known->c_str(), nullptr, 10);
  const auto before = done_until;
  for (int i = 0; i < kMaxRollupsAWrite; ++i) {
    auto next = prepared("SELECT start FROM block WHERE tier = ? AND stop > ? ORDER BY start LIMIT 1");
    if (!next) return fail(next.error());
    (*next)->bind(1, std::int64_t{from_tier}).bind(2, done_until);
    auto row = (*next)->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    const auto start = floor_to(std::max((*next)->column_int(0), done_until), span_ms);
    (*next)->reset();
    if (start + span_ms > now_ms) break;
    auto parts = blocks(from_tier, start, start + span_ms);
    if (!parts) return fail(parts.error());
    if (auto put = put_block(from_tier + 1, aggregate(*parts, step_ms, start, start + span_ms)); !put) return put;
    done_until = start + span_ms;
  }
  return done_until == before ? Result<>{} : put_meta(bookmark, std::to_string(done_until));
}

Result<std::uint64_t> Store::used_bytes() {
  std::int64_t pages = 0;
  std::int64_t unused = 0;
  std::int64_t page_size = 4096;
  if (auto done = scalar("PRAGMA page_count", pages); !done) return fail(done.error());
  if (auto done = scalar("PRAGMA freelist_count", unused); !done) return fail(done.error());
  if (auto done = scalar("PRAGMA page_size", page_size); !done) return fail(done.error());
  return static_cast<std::uint64_t>((pages - unused) * page_size);
}

Result<> Store::shrink(std::int64_t now_ms) {
  for (int tier = 0; tier < 4; ++tier) {
    auto old = prepared("DELETE FROM block WHERE tier = ? AND start < ?");
    if (!old) return fail(old.error());
    (*old)->bind(1, std::int64_t{tier}).bind(2, now_ms - kKeepMs[tier]);
    if (auto done = (*old)->run(); !done) return done;
  }
  auto used = used_bytes();
  if (!used || *used <= options_.max_bytes) return used ? Result<>{} : Result<>(fail(used.error()));
  // The waiting outbox has its own bound and is not counted against the history's: its pages are in the same file, so
  // they are allowed for.
  const auto allowed = options_.max_bytes;
  for (int tier = 0; tier < 3; ++tier) {
    while (*used > allowed / 10 * 9) {
      auto drop =
          prepared("DELETE FROM block WHERE id IN (SELECT id FROM block WHERE tier = ? ORDER BY start LIMIT 32)");
      if (!drop) return fail(drop.error());
      (*drop)->bind(1, std::int64_t{tier});
      if (auto done = (*drop)->run(); !done) return done;
      if (database_->changes() == 0) break;
      used = used_bytes();
      if (!used) return fail(used.error());
    }
  }
  return {};
}

std::vector<std::pair<Timestamp, double>> Store::history(int tier, Metric metric, const std::string& component,
                                                         const std::string& key, Timestamp from, Timestamp to) {
  std::vector<std::pair<Timestamp, double>> points;
  if (!ready()) return points;
  const auto id = series_id(metric, component, key);
  const auto all = blocks(tier, to_unix_ms(from), to_unix_ms(to));
  if (!all) return points;
  for (const auto& block : *all) {
    for (const auto& column : block.columns) {
      if (column.series != id) continue;
      for (std::size_t i = 0; i < column.rows.size(); ++i) {
        const auto time = from_unix_ms(block.times[column.rows[i]]);
        if (time >= from && time < to) points.emplace_back(time, column.values[i]);
      }
    }
  }
  return points;
}

std::vector<std::vector<Store::HistoryPoint>> Store::history(std::span<const SeriesName> series, Timestamp from,
                                                             Timestamp to, std::int64_t step_ms) {
  std::vector<std::vector<HistoryPoint>> curves(series.size());
  if (!ready()) return curves;
  std::map<std::uint32_t, std::size_t> wanted;
  for (std::size_t i = 0; i < series.size(); ++i)  // a question gives no ids: what nobody stored has no history
    if (const auto id =
            known_series(fmt::format("{}/{}/{}", info(series[i].metric).name, series[i].component, series[i].key)))
      wanted[*id] = i;
  std::vector<std::map<std::int64_t, Step>> steps(series.size());
  constexpr std::int64_t kTierStepMs[] = {0, 5 * kMinuteMs, kHourMs, kDayMs};
  auto begin = to_unix_ms(from);
  for (int tier = 3; tier >= 0; --tier) {
    if (kTierStepMs[tier] > step_ms) continue;
    auto end = to_unix_ms(to);
    if (tier > 0) {
      const auto done = meta(fmt::format("rolled_up_{}", tier));
      end = std::min<std::int64_t>(end, done ? std::strtoll(done->c_str(), nullptr, 10) : 0);
    }
    if (end <= begin) continue;
    const auto take = [&](const Block& block) { add_steps(block, wanted, begin, end, step_ms, steps); };
    if (!each_block(tier, begin, end, take)) return curves;
    begin = end;
  }
  for (std::size_t i = 0; i < series.size(); ++i)
    for (const auto& [start, step] : steps[i])
      curves[i].push_back({start, step.sum / static_cast<double>(step.count), step.low, step.high});
  return curves;
}

Store::Size Store::size() {
  Size size;
  if (!ready()) return size;
  if (const auto used = used_bytes()) size.bytes = *used;
  if (auto count = prepared("SELECT tier, count(*) FROM block GROUP BY tier"); count) {
    for (auto row = (*count)->step(); row && *row; row = (*count)->step())
      if (const auto tier = (*count)->column_int(0); tier >= 0 && tier < 4)
        size.blocks[tier] = static_cast<std::uint64_t>((*count)->column_int(1));
  }
  std::int64_t findings = 0;
  if (scalar("SELECT count(*) FROM finding", findings)) size.findings = static_cast<std::uint64_t>(findings);
  return size;
}

}  // namespace hale::agent
