#include <algorithm>

#include "fleet/store/store_sqlite.hpp"
#include "platform/compression.hpp"

namespace hale::fleet {
namespace {

constexpr std::size_t kMaxBody = 16u << 20;
constexpr int kTelemetryLevel = 3;
// An item spans at most so long (ingest checks it): how far before `from` an overlapping item may start.
constexpr std::chrono::days kMaxSpan{31};
// `series.last` is moved on at most once in this time; see series().
constexpr std::chrono::hours kSeriesGrain{1};
constexpr std::size_t kMaxNoted = 200'000;
// How many past days a repeated batch is looked for. Later ones are recomputed: every item is recognised by itself.
constexpr std::size_t kBatchDays = 3;

std::size_t hash_of(const std::vector<SeriesName>& names) {
  std::size_t hash = names.size();
  for (const auto& name : names) {
    for (const auto* part : {&name.metric, &name.component, &name.key})
      hash = hash * 1'000'003 + std::hash<std::string>{}(*part);
  }
  return hash;
}

}  // namespace

Result<bool> SqliteStore::add_telemetry(DeviceNumber device, const TelemetryBlob& telemetry) {
  auto day = today();
  if (!day) return fail(day.error());
  const auto added =
      (*day)
          ->statements.query("INSERT OR IGNORE INTO telemetry(device,start,finish,item,body) VALUES(?,?,?,?,?)")
          .with(device, telemetry.start, telemetry.end, telemetry.item)
          .with_blob(zstd_compress(telemetry.body, kTelemetryLevel))
          .run();
  if (!added) return fail(added.error());
  if ((*day)->database.changes() == 0) return false;
  const auto moved = query("UPDATE devices SET telemetry_to=max(coalesce(telemetry_to,0),?) WHERE number=?")
                         .with(telemetry.end, device)
                         .run();
  if (!moved) return fail(moved.error());
  if (auto noted = note_series(device, telemetry); !noted) return fail(noted.error());
  return true;
}

Result<> SqliteStore::note_series(DeviceNumber device, const TelemetryBlob& telemetry) {
  const std::size_t hash = hash_of(telemetry.series);
  if (const auto known = noted_.find(device); known != noted_.end() && known->second.names_hash == hash &&
                                              telemetry.start + kSeriesGrain >= known->second.until &&
                                              telemetry.end < known->second.until + kSeriesGrain) {
    return {};
  }
  for (const auto& name : telemetry.series) {
    const auto noted =
        query(
            "INSERT INTO series(device,metric,component,key,first,last) VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
            " first=min(first,excluded.first),last=max(last,excluded.last) WHERE excluded.first<first OR "
            "excluded.last>last")
            .with(device, name.metric, name.component, name.key, telemetry.start, telemetry.end)
            .run();
    if (!noted) return noted;
  }
  if (noted_.size() >= kMaxNoted) noted_.clear();
  noted_[device] = {hash, telemetry.end};
  return {};
}

Result<std::vector<SeriesRange>> SqliteStore::series(DeviceNumber device) {
  std::vector<SeriesRange> all;
  Query rows = query(
      "SELECT s.metric,s.component,s.key,s.first,s.last,d.telemetry_to FROM series s JOIN devices d ON "
      "d.number=s.device WHERE s.device=?"
      " ORDER BY s.metric,s.component,s.key");
  rows.with(device);
  for (;;) {
    const auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) return all;
    SeriesRange range{{rows.text(0), rows.text(1), rows.text(2)}, rows.time(3), rows.time(4)};
    // A series that goes on is noted only once in kSeriesGrain: its true end is then the device's.
    if (const auto end = rows.optional_time(5); end && *end - range.to < kSeriesGrain)
      range.to = std::max(range.to, *end);
    all.push_back(std::move(range));
  }
}

Result<> SqliteStore::telemetry(DeviceNumber device, Timestamp from, Timestamp to, std::size_t max_items,
                                const std::function<void(std::string_view body)>& each) {
  const auto names = day_names();
  if (!names) return fail(names.error());
  // Nothing arrives before it was measured; a day's margin for clocks that are ahead.
  const std::string first =
      to_rfc3339(std::max(from, Timestamp(std::chrono::days(1))) - std::chrono::days(1)).substr(0, 10) + ".db";
  std::size_t items = 0;
  for (const auto& name : *names) {
    if (name < first) continue;
    auto day = past_day(name);
    if (!day) return fail(day.error());
    if (*day == nullptr) continue;
    Query rows = (*day)->statements.query(
        "SELECT body FROM telemetry WHERE device=? AND start>=? AND start<? AND finish>? ORDER BY start");
    rows.with(device, from - kMaxSpan, to, from);
    for (;;) {
      const auto row = rows.next();
      if (!row) return fail(row.error());
      if (!*row) break;
      if (++items > max_items)
        return fail(Errc::invalid_input, "too much telemetry for one answer; ask for a shorter time");
      auto body = zstd_decompress(rows.blob(0), kMaxBody);
      if (!body) return fail(std::move(body.error()).with_context("stored telemetry"));
      each(*body);
    }
  }
  return {};
}

Result<bool> SqliteStore::put_document(DeviceNumber device, DocumentKind kind, const Document& document) {
  const auto put = query(
                       "INSERT INTO documents(device,kind,time,body) VALUES(?,?,?,?) ON CONFLICT(device,kind) DO "
                       "UPDATE SET time=excluded.time,body=excluded.body"
                       " WHERE excluded.time>=time")
                       .with(device, kind, document.time)
                       .with_blob(zstd_compress(document.body))
                       .run();
  if (!put) return fail(put.error());
  return changed();
}

Result<std::optional<Document>> SqliteStore::document(DeviceNumber device, DocumentKind kind) {
  Query row = query("SELECT time,body FROM documents WHERE device=? AND kind=?");
  const auto found = row.with(device, kind).next();
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  auto body = zstd_decompress(row.blob(1), kMaxBody);
  if (!body) return fail(std::move(body.error()).with_context("a stored document"));
  return Document{row.time(0), std::move(*body)};
}

Result<std::optional<std::string>> SqliteStore::batch_answer(DeviceNumber device, std::string_view batch) {
  if (auto day = today(); !day) return fail(day.error());
  auto names = day_names();
  if (!names) return fail(names.error());
  std::reverse(names->begin(), names->end());
  if (names->size() > kBatchDays) names->resize(kBatchDays);
  for (const auto& name : *names) {
    auto day = past_day(name);
    if (!day) return fail(day.error());
    if (*day == nullptr) continue;
    Query row = (*day)->statements.query("SELECT answer FROM batches WHERE device=? AND batch=?");
    const auto found = row.with(device, batch).next();
    if (!found) return fail(found.error());
    if (!*found) continue;
    auto answer = zstd_decompress(row.blob(0), kMaxBody);
    if (!answer) return fail(std::move(answer.error()).with_context("a stored answer"));
    return std::move(*answer);
  }
  return std::nullopt;
}

Result<> SqliteStore::put_batch_answer(DeviceNumber device, std::string_view batch, std::string_view answer) {
  auto day = today();
  if (!day) return fail(day.error());
  return (*day)
      ->statements.query("INSERT OR REPLACE INTO batches(device,batch,answer) VALUES(?,?,?)")
      .with(device, batch)
      .with_blob(zstd_compress(answer, 1))
      .run();
}

}  // namespace hale::fleet
