// Blocks of readings: writing, rolling up, dropping the oldest, reading back.
#include <fmt/format.h>

#include <algorithm>

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

Result<std::vector<Block>> Store::blocks(int tier, std::int64_t from, std::int64_t to) {
  auto select = prepared("SELECT data FROM block WHERE tier = ? AND start < ? AND stop > ? ORDER BY start");
  if (!select) return fail(select.error());
  (*select)->bind(1, std::int64_t{tier}).bind(2, to).bind(3, from);
  std::vector<Block> all;
  for (;;) {
    auto row = (*select)->step();
    if (!row) return fail(row.error());
    if (!*row) return all;
    if (auto block = decode_block((*select)->column_blob(0))) all.push_back(std::move(*block));
  }
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
