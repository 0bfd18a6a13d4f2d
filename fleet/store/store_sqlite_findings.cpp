#include <algorithm>

#include "fleet/store/store_sqlite.hpp"
#include "platform/compression.hpp"

namespace hale::fleet {
namespace {

constexpr std::size_t kMaxBody = 16u << 20;

// Device, then everything of a transition; `f` is the table that picks and sorts.
constexpr std::string_view kColumns =
    "t.id,t.device,d.id,d.name,t.item,t.fingerprint,t.rule,t.cause,t.component,t.severity,t.state,t.time,t.body";

Result<Transition> read_transition(const Query& row) {
  auto body = zstd_decompress(row.blob(12), kMaxBody);
  if (!body) return fail(std::move(body.error()).with_context("a stored finding"));
  Transition transition;
  transition.id = row.number(0);
  transition.device = row.number(1);
  transition.device_id = row.text(2);
  transition.device_name = row.text(3);
  transition.item = row.text(4);
  transition.fingerprint = row.text(5);
  transition.rule = row.text(6);
  transition.cause = row.text(7);
  transition.component = row.text(8);
  transition.severity = static_cast<Severity>(row.number(9));
  transition.state = static_cast<FindingState>(row.number(10));
  transition.time = row.time(11);
  transition.body = std::move(*body);
  return transition;
}

std::string where(const FindingQuery& query, std::string_view table) {
  const std::string f(table);
  std::string sql = " WHERE ?1 IS NOT NULL AND ?2 IS NOT NULL AND ?3 IS NOT NULL";
  if (query.device) sql += " AND " + f + ".device=?1";
  if (query.state) sql += " AND " + f + ".state=" + std::to_string(static_cast<int>(*query.state));
  if (!query.severity.empty()) {
    std::string list;
    for (const Severity severity : query.severity)
      list += (list.empty() ? "" : ",") + std::to_string(static_cast<int>(severity));
    sql += " AND " + f + ".severity IN (" + list + ")";
  }
  if (!query.cause.empty()) sql += " AND " + f + ".cause=?2";
  if (!query.rule.empty()) sql += " AND " + f + ".rule=?3";
  return sql;
}

}  // namespace

Result<bool> SqliteStore::add_transition(const Transition& transition) {
  const auto added =
      query(
          "INSERT OR IGNORE INTO transitions(device,item,fingerprint,rule,cause,component,severity,state,time,body) "
          "VALUES(?,?,?,?,?,?,?,?,?,?)")
          .with(transition.device, transition.item, transition.fingerprint, transition.rule, transition.cause,
                transition.component, transition.severity, transition.state, transition.time)
          .with_blob(zstd_compress(transition.body))
          .run();
  if (!added) return fail(added.error());
  if (!changed()) return false;
  const std::int64_t id = database_.last_insert_id();
  // Items may arrive late and out of order: an older transition does not replace a newer one.
  const auto current =
      query(
          "INSERT INTO findings(device,fingerprint,transition_id,rule,cause,severity,state,time) "
          "VALUES(?,?,?,?,?,?,?,?)"
          " ON CONFLICT(device,fingerprint) DO UPDATE SET "
          "transition_id=excluded.transition_id,rule=excluded.rule,cause=excluded.cause,"
          "severity=excluded.severity,state=excluded.state,time=excluded.time WHERE excluded.time>=time")
          .with(transition.device, transition.fingerprint, id, transition.rule, transition.cause, transition.severity,
                transition.state, transition.time)
          .run();
  if (!current) return fail(current.error());
  if (auto refreshed = refresh_health(transition.device); !refreshed) return fail(refreshed.error());
  return true;
}

Result<> SqliteStore::refresh_health(DeviceNumber device) {
  std::int64_t active[3] = {0, 0, 0};
  {
    Query rows = query("SELECT severity,count(*) FROM findings WHERE device=? AND state=? GROUP BY severity");
    rows.with(device, FindingState::active);
    for (;;) {
      const auto row = rows.next();
      if (!row) return fail(row.error());
      if (!*row) break;
      active[rows.number(0)] = rows.number(1);
    }
  }
  const Health health = active[2] > 0   ? Health::critical
                        : active[1] > 0 ? Health::warning
                        : active[0] > 0 ? Health::info
                                        : Health::ok;
  return query("UPDATE devices SET health=?,active_info=?,active_warning=?,active_critical=? WHERE number=?")
      .with(health, active[0], active[1], active[2], device)
      .run();
}

Result<bool> SqliteStore::add_activity(const Activity& activity) {
  const auto added = query("INSERT OR IGNORE INTO activity(device,item,kind,time,body) VALUES(?,?,?,?,?)")
                         .with(activity.device, activity.item, activity.kind, activity.time)
                         .with_blob(zstd_compress(activity.body))
                         .run();
  if (!added) return fail(added.error());
  return changed();
}

Result<PageOf<Transition>> SqliteStore::list_findings(const FindingQuery& wanted) {
  PageOf<Transition> page;
  const std::string table = wanted.transitions ? "transitions" : "findings";
  const std::string filter = where(wanted, "f");
  const DeviceNumber device = wanted.device.value_or(0);
  {
    Query count = query("SELECT count(*) FROM " + table + " f" + filter);
    const auto row = count.with(device, wanted.cause, wanted.rule).next();
    if (!row) return fail(row.error());
    page.total = count.number(0);
  }
  const std::string id = wanted.transitions ? "f.id" : "f.transition_id";
  const std::string order = wanted.transitions ? "f.time," + id : "f.time DESC," + id + " DESC";
  Query rows =
      query("SELECT " + std::string(kColumns) + " FROM (SELECT " + id + " AS picked,f.time AS at FROM " + table + " f" +
            filter + " ORDER BY " + order +
            " LIMIT ?4 OFFSET ?5) p JOIN transitions t ON t.id=p.picked JOIN devices d ON d.number=t.device ORDER BY " +
            (wanted.transitions ? "p.at,p.picked" : "p.at DESC,p.picked DESC"));
  rows.with(device, wanted.cause, wanted.rule, wanted.limit, wanted.offset);
  for (;;) {
    const auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) return page;
    auto transition = read_transition(rows);
    if (!transition) return fail(transition.error());
    page.rows.push_back(std::move(*transition));
  }
}

Result<PageOf<Activity>> SqliteStore::timeline(const TimelineQuery& wanted) {
  PageOf<Activity> page;
  const auto has = [&](std::string_view kind) {
    return wanted.kinds.empty() || std::find(wanted.kinds.begin(), wanted.kinds.end(), kind) != wanted.kinds.end();
  };
  std::string kinds;
  for (const auto& kind : wanted.kinds) {
    // A closed list, checked by the caller; letters only, so it may stand in the SQL.
    if (std::all_of(kind.begin(), kind.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
      kinds += (kinds.empty() ? "'" : ",'") + kind + "'";
  }
  const std::string activity_filter = wanted.kinds.empty() ? "" : " AND kind IN (" + kinds + ")";
  std::string sources = "SELECT item,kind,time,body,id FROM activity WHERE device=?1" + activity_filter;
  if (has("finding")) sources += " UNION ALL SELECT item,'finding',time,body,id FROM transitions WHERE device=?1";
  {
    Query count = query("SELECT count(*) FROM (" + sources + ")");
    const auto row = count.with(wanted.device).next();
    if (!row) return fail(row.error());
    page.total = count.number(0);
  }
  Query rows = query("SELECT item,kind,time,body FROM (" + sources + ") ORDER BY time DESC,id DESC LIMIT ?2 OFFSET ?3");
  rows.with(wanted.device, wanted.limit, wanted.offset);
  for (;;) {
    const auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) return page;
    auto body = zstd_decompress(rows.blob(3), kMaxBody);
    if (!body) return fail(std::move(body.error()).with_context("a stored item"));
    page.rows.push_back({wanted.device, rows.text(0), rows.text(1), rows.time(2), std::move(*body)});
  }
}

}  // namespace hale::fleet
