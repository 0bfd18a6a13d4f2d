#include <algorithm>

#include "core/text.hpp"
#include "fleet/store/store_sqlite.hpp"

namespace hale::fleet {
namespace {

constexpr std::string_view kColumns =
    "number,id,name,vendor,model,os,agent,chassis,status,health,enrolled,last_seen,telemetry_to,hardware,clone_of,"
    "active_info,active_warning,active_critical";

Device read_device(const Query& row) {
  Device device;
  device.number = row.number(0);
  device.id = row.text(1);
  device.name = row.text(2);
  device.vendor = row.text(3);
  device.model = row.text(4);
  device.os = row.text(5);
  device.agent_version = row.text(6);
  device.chassis = row.text(7);
  device.status = static_cast<DeviceStatus>(row.number(8));
  device.health = static_cast<Health>(row.number(9));
  device.enrolled = row.time(10);
  if (row.number(11) != 0) device.last_seen = row.time(11);
  device.telemetry_to = row.optional_time(12);
  device.hardware = row.text(13);
  device.clone_of = row.text(14);
  for (int i = 0; i < 3; ++i) device.active[i] = row.number(15 + i);
  return device;
}

std::string search_text(std::string_view id, const DeviceFacts& facts) {
  std::string text;
  for (const std::string_view part :
       {std::string_view(facts.name), std::string_view(facts.vendor), std::string_view(facts.model),
        std::string_view(facts.os), std::string_view(facts.agent_version), id}) {
    text += to_lower_ascii(part);
    text += '\n';
  }
  return text;
}

std::string like_pattern(std::string_view search) {
  std::string pattern = "%";
  for (const char c : to_lower_ascii(search)) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

// Columns of the sort, before number; all in one direction.
std::string_view sort_columns(SortBy sort) {
  switch (sort) {
    case SortBy::health:
      return "health,last_seen";
    case SortBy::last_seen:
      return "last_seen";
    case SortBy::name:
      return "name COLLATE NOCASE";
    case SortBy::model:
      return "model COLLATE NOCASE";
    case SortBy::os:
      return "os COLLATE NOCASE";
    case SortBy::agent:
      return "agent COLLATE NOCASE";
    case SortBy::enrolled:
      return "enrolled";
  }
  return "enrolled";
}

std::string order_by(SortBy sort, bool descending) {
  std::string text;
  for (const auto column : split(sort_columns(sort), ','))
    text += std::string(column) + (descending ? " DESC," : " ASC,");
  return text + (descending ? "number DESC" : "number ASC");
}

template <class Enum>
std::string numbers(const std::vector<Enum>& values) {
  std::string text;
  for (const Enum value : values) text += (text.empty() ? "" : ",") + std::to_string(static_cast<int>(value));
  return text;
}

// FTS5's trigrams find any part of three characters or more; a shorter one is looked for in every row.
bool is_indexed_search(std::string_view search) {
  const auto starts = std::count_if(search.begin(), search.end(),
                                    [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return starts >= 3;
}

// Only numbers of enums are written into the SQL; words are bound. `for_page`: a plus before a column keeps SQLite from
// choosing its index over the one that gives the order, which holds the filter's columns as well.
std::string where(const DeviceQuery& query, bool for_page) {
  const std::string plus = for_page ? "+" : "";
  const std::string seen = for_page && query.sort != SortBy::last_seen ? "+last_seen" : "last_seen";
  // Values are bound by number; one that the filter does not use may still be bound.
  std::string sql = " WHERE ?1 IS NOT NULL AND ?2 IS NOT NULL AND ?3 IS NOT NULL";
  if (!query.health.empty()) sql += " AND " + plus + "health IN (" + numbers(query.health) + ")";
  if (!query.status.empty()) sql += " AND " + plus + "status IN (" + numbers(query.status) + ")";
  if (query.silent) sql += " AND " + seen + (*query.silent ? "<?1" : ">=?1");
  if (is_indexed_search(query.search)) sql += " AND number IN (SELECT rowid FROM devices_search WHERE text LIKE ?3)";
  // LIKE in the index knows no escape, so that '_' and '%' there stand for anything: the row itself has the last word.
  if (!query.search.empty()) sql += " AND search LIKE ?2 ESCAPE '\\'";
  return sql;
}

}  // namespace

Result<DeviceNumber> SqliteStore::add_device(const Device& device) {
  const DeviceFacts facts{device.name, device.vendor, device.model, device.os, device.agent_version, device.chassis};
  const auto added =
      query(
          "INSERT INTO devices(id,name,vendor,model,os,agent,chassis,search,status,health,enrolled,hardware,clone_of)"
          " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)")
          .with(device.id, device.name, device.vendor, device.model, device.os, device.agent_version, device.chassis,
                search_text(device.id, facts), device.status, device.health, device.enrolled, device.hardware,
                device.clone_of)
          .run();
  if (!added) return fail(added.error());
  const DeviceNumber number = database_.last_insert_id();
  const auto indexed =
      query("INSERT INTO devices_search(rowid,text) VALUES(?,?)").with(number, search_text(device.id, facts)).run();
  if (!indexed) return fail(indexed.error());
  return number;
}

Result<std::optional<Device>> SqliteStore::find_device(std::string_view id) {
  Query row = query("SELECT " + std::string(kColumns) + " FROM devices WHERE id=?");
  const auto found = row.with(id).next();
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  return read_device(row);
}

Result<PageOf<Device>> SqliteStore::list_devices(const DeviceQuery& wanted) {
  const std::string pattern = like_pattern(wanted.search);
  const std::string loose = "%" + to_lower_ascii(wanted.search) + "%";
  PageOf<Device> page;
  {
    Query count = query("SELECT count(*) FROM devices" + where(wanted, false));
    const auto row = count.with(wanted.silent_before, pattern, loose).next();
    if (!row) return fail(row.error());
    page.total = count.number(0);
  }
  const std::string order = " ORDER BY " + order_by(wanted.sort, wanted.descending);
  Query rows = query("SELECT " + std::string(kColumns) + " FROM devices WHERE number IN (SELECT number FROM devices" +
                     where(wanted, true) + order + " LIMIT ?4 OFFSET ?5)" + order);
  rows.with(wanted.silent_before, pattern, loose, wanted.limit, wanted.offset);
  for (;;) {
    const auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) return page;
    page.rows.push_back(read_device(rows));
  }
}

Result<> SqliteStore::set_facts(DeviceNumber device, const DeviceFacts& facts) {
  Query row = query("SELECT id FROM devices WHERE number=?");
  const auto found = row.with(device).next();
  if (!found || !*found)
    return found ? Result<>(fail(Errc::not_found, "no such device")) : Result<>(fail(found.error()));
  const std::string search = search_text(row.text(0), facts);
  const auto updated =
      query("UPDATE devices SET name=?,vendor=?,model=?,os=?,agent=?,chassis=?,search=? WHERE number=?")
          .with(facts.name, facts.vendor, facts.model, facts.os, facts.agent_version, facts.chassis, search, device)
          .run();
  if (!updated) return updated;
  return query("INSERT OR REPLACE INTO devices_search(rowid,text) VALUES(?,?)").with(device, search).run();
}

Result<> SqliteStore::set_status(DeviceNumber device, DeviceStatus status) {
  return query("UPDATE devices SET status=? WHERE number=?").with(status, device).run();
}

Result<> SqliteStore::set_seen(DeviceNumber device, Timestamp time) {
  return query("UPDATE devices SET last_seen=max(last_seen,?), health=max(health,1) WHERE number=?")
      .with(time, device)
      .run();
}

Result<std::vector<Device>> SqliteStore::copies_of(std::string_view id, std::int64_t limit) {
  std::vector<Device> all;
  if (id.empty()) return all;
  Query rows = query("SELECT " + std::string(kColumns) +
                     " FROM devices WHERE clone_of=? AND clone_of<>'' ORDER BY number DESC LIMIT ?");
  rows.with(id, limit);
  for (;;) {
    const auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) return all;
    all.push_back(read_device(rows));
  }
}

Result<std::int64_t> SqliteStore::count_copies(std::string_view id, Timestamp since) {
  Query row = query("SELECT count(*) FROM devices WHERE clone_of=? AND clone_of<>'' AND enrolled>=?");
  const auto found = row.with(id, since).next();
  if (!found) return fail(found.error());
  return row.number(0);
}

Result<Counts> SqliteStore::counts(Timestamp silent_before) {
  Counts counts;
  const auto each = [this](std::string_view sql, const auto& take) -> Result<> {
    Query rows = query(sql);
    for (;;) {
      const auto row = rows.next();
      if (!row) return fail(row.error());
      if (!*row) return {};
      take(rows);
    }
  };
  Result<> done = each("SELECT status,health,count(*) FROM devices GROUP BY status,health", [&](const Query& row) {
    const auto status = static_cast<DeviceStatus>(row.number(0));
    if (status == DeviceStatus::revoked) {
      counts.revoked += row.number(2);
      return;
    }
    if (status == DeviceStatus::cloned) counts.cloned += row.number(2);
    counts.health[row.number(1)] += row.number(2);
  });
  if (done) {
    done = each("SELECT severity,count(*) FROM findings WHERE state=0 GROUP BY severity",
                [&](const Query& row) { counts.active[row.number(0)] = row.number(1); });
  }
  if (done) {
    done = each("SELECT cause,count(*) FROM findings WHERE state=0 GROUP BY cause ORDER BY 2 DESC,1",
                [&](const Query& row) { counts.causes.emplace_back(row.text(0), row.number(1)); });
  }
  if (done) {
    done = each("SELECT agent,count(*) FROM devices GROUP BY agent COLLATE NOCASE ORDER BY 2 DESC LIMIT 20",
                [&](const Query& row) { counts.agents.emplace_back(row.text(0), row.number(1)); });
  }
  if (!done) return fail(done.error());
  Query silent = query("SELECT count(*) FROM devices WHERE last_seen<? AND status<>?");
  const auto row = silent.with(silent_before, DeviceStatus::revoked).next();
  if (!row) return fail(row.error());
  counts.silent = silent.number(0);
  return counts;
}

Result<> SqliteStore::add_certificate(const Certificate& certificate) {
  return query("INSERT INTO certificates(serial,device,not_before,not_after) VALUES(?,?,?,?)")
      .with(certificate.serial, certificate.device, certificate.not_before, certificate.not_after)
      .run();
}

Result<std::vector<Certificate>> SqliteStore::certificates(DeviceNumber device) {
  std::vector<Certificate> all;
  Query rows = query(
      "SELECT serial,not_before,not_after,revoked,reason FROM certificates WHERE device=? ORDER BY not_after DESC "
      "LIMIT 100");
  rows.with(device);
  for (;;) {
    const auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) return all;
    all.push_back({rows.text(0), device, rows.time(1), rows.time(2), rows.optional_time(3), rows.text(4)});
  }
}

Result<std::optional<Standing>> SqliteStore::standing(std::string_view serial) {
  Query row = query(
      "SELECT d.number,d.id,c.revoked IS NOT NULL OR d.status=?2,c.reason FROM certificates c JOIN devices d ON "
      "d.number=c.device WHERE c.serial=?1");
  const auto found = row.with(serial, DeviceStatus::revoked).next();
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  return Standing{row.number(0), row.text(1), row.number(2) != 0, row.text(3)};
}

Result<> SqliteStore::revoke_certificates(DeviceNumber device, Timestamp time, std::string_view reason) {
  return query("UPDATE certificates SET revoked=?,reason=? WHERE device=? AND revoked IS NULL")
      .with(time, reason, device)
      .run();
}

}  // namespace hale::fleet
