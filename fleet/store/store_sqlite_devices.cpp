#include "core/text.hpp"
#include "fleet/store/store_sqlite.hpp"

namespace hale::fleet {
namespace {

constexpr std::string_view kColumns =
    "number,id,name,vendor,model,os,agent,chassis,status,health,enrolled,last_seen,telemetry_to,hardware,clone_of,active_info,active_warning,active_critical";

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
  for (const std::string_view part : {std::string_view(facts.name), std::string_view(facts.vendor), std::string_view(facts.model),
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

std::string order_by(SortBy sort, bool descending) {
  const std::string way = descending ? " DESC" : " ASC";
  switch (sort) {
    case SortBy::health: return "health" + way + ",last_seen" + way + ",number" + way;
    case SortBy::last_seen: return "last_seen" + way + ",number" + way;
    case SortBy::name: return "name COLLATE NOCASE" + way + ",number" + way;
    case SortBy::model: return "model COLLATE NOCASE" + way + ",number" + way;
    case SortBy::os: return "os COLLATE NOCASE" + way + ",number" + way;
    case SortBy::agent: return "agent COLLATE NOCASE" + way + ",number" + way;
    case SortBy::enrolled: return "enrolled" + way + ",number" + way;
  }
  return "number";
}

template <class Enum>
std::string numbers(const std::vector<Enum>& values) {
  std::string text;
  for (const Enum value : values) text += (text.empty() ? "" : ",") + std::to_string(static_cast<int>(value));
  return text;
}

// Only numbers of enums are written into the SQL; words are bound.
std::string where(const DeviceQuery& query) {
  std::string sql = " WHERE 1";
  if (!query.health.empty()) sql += " AND health IN (" + numbers(query.health) + ")";
  if (!query.status.empty()) sql += " AND status IN (" + numbers(query.status) + ")";
  if (query.silent) sql += *query.silent ? " AND last_seen<?1" : " AND last_seen>=?1";
  if (!query.search.empty()) sql += " AND search LIKE ?2 ESCAPE '\\'";
  return sql;
}

}  // namespace

Result<DeviceNumber> SqliteStore::add_device(const Device& device) {
  const DeviceFacts facts{device.name, device.vendor, device.model, device.os, device.agent_version, device.chassis};
  const auto added = query("INSERT INTO devices(id,name,vendor,model,os,agent,chassis,search,status,health,enrolled,hardware,clone_of)"
                           " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)")
                         .with(device.id, device.name, device.vendor, device.model, device.os, device.agent_version, device.chassis,
                               search_text(device.id, facts), device.status, device.health, device.enrolled, device.hardware, device.clone_of)
                         .run();
  if (!added) return fail(added.error());
  return database_.last_insert_id();
}

Result<std::optional<Device>> SqliteStore::find_device(std::string_view id) {
  Query row = query("SELECT " + std::string(kColumns) + " FROM devices WHERE id=?");
  const auto found = row.with(id).next();
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  return read_device(row);
}

Result<PageOf<Device>> SqliteStore::list_devices(const DeviceQuery& wanted) {
  const std::string filter = where(wanted);
  const std::string pattern = like_pattern(wanted.search);
  PageOf<Device> page;
  {
    // The bound values are numbered, and one that the filter does not name may still be bound: "?1=?1" keeps both in the statement.
    Query count = query("SELECT count(*) FROM devices" + filter + " AND ?1 IS NOT NULL AND ?2 IS NOT NULL");
    const auto row = count.with(wanted.silent_before, pattern).next();
    if (!row) return fail(row.error());
    page.total = count.number(0);
  }
  Query rows = query("SELECT " + std::string(kColumns) + " FROM devices WHERE number IN (SELECT number FROM devices" + filter +
                     " AND ?1 IS NOT NULL AND ?2 IS NOT NULL ORDER BY " + order_by(wanted.sort, wanted.descending) + " LIMIT ?3 OFFSET ?4) ORDER BY " +
                     order_by(wanted.sort, wanted.descending));
  rows.with(wanted.silent_before, pattern, wanted.limit, wanted.offset);
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
  if (!found || !*found) return found ? Result<>(fail(Errc::not_found, "no such device")) : Result<>(fail(found.error()));
  return query("UPDATE devices SET name=?,vendor=?,model=?,os=?,agent=?,chassis=?,search=? WHERE number=?")
      .with(facts.name, facts.vendor, facts.model, facts.os, facts.agent_version, facts.chassis, search_text(row.text(0), facts), device)
      .run();
}

Result<> SqliteStore::set_status(DeviceNumber device, DeviceStatus status) {
  return query("UPDATE devices SET status=? WHERE number=?").with(status, device).run();
}

Result<> SqliteStore::set_seen(DeviceNumber device, Timestamp time) {
  return query("UPDATE devices SET last_seen=max(last_seen,?), health=max(health,1) WHERE number=?").with(time, device).run();
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
    done = each("SELECT severity,count(*) FROM findings WHERE state=0 GROUP BY severity", [&](const Query& row) { counts.active[row.number(0)] = row.number(1); });
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
  Query rows = query("SELECT serial,not_before,not_after,revoked,reason FROM certificates WHERE device=? ORDER BY not_after DESC LIMIT 100");
  rows.with(device);
  for (;;) {
    const auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) return all;
    all.push_back({rows.text(0), device, rows.time(1), rows.time(2), rows.optional_time(3), rows.text(4)});
  }
}

Result<std::optional<Standing>> SqliteStore::standing(std::string_view serial) {
  Query row = query("SELECT d.number,d.id,c.revoked IS NOT NULL OR d.status=?2,c.reason FROM certificates c JOIN devices d ON d.number=c.device WHERE c.serial=?1");
  const auto found = row.with(serial, DeviceStatus::revoked).next();
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  return Standing{row.number(0), row.text(1), row.number(2) != 0, row.text(3)};
}

Result<> SqliteStore::revoke_certificates(DeviceNumber device, Timestamp time, std::string_view reason) {
  return query("UPDATE certificates SET revoked=?,reason=? WHERE device=? AND revoked IS NULL").with(time, reason, device).run();
}

}  // namespace hale::fleet
