#include "fleet/store/store_sqlite.hpp"

namespace hale::fleet {

Result<bool> SqliteStore::advance_line(DeviceNumber device, std::string_view after, std::string_view batch,
                                       Timestamp now) {
  const auto done = query("UPDATE chains SET head=?,moved=? WHERE device=? AND state=1 AND head=?")
                        .with(batch, now, device, after)
                        .run();
  if (!done) return fail(done.error());
  return changed();
}

Result<std::vector<ChainLine>> SqliteStore::lines(DeviceNumber device) {
  std::vector<ChainLine> all;
  Query rows = query("SELECT line,head,born,moved,state FROM chains WHERE device=? ORDER BY line");
  rows.with(device);
  for (;;) {
    const auto row = rows.next();
    if (!row) return fail(row.error());
    if (!*row) return all;
    all.push_back({rows.number(0), rows.text(1), rows.time(2), rows.time(3), static_cast<LineState>(rows.number(4))});
  }
}

Result<> SqliteStore::put_line(DeviceNumber device, const ChainLine& line) {
  return query("INSERT OR REPLACE INTO chains(device,line,head,born,moved,state) VALUES(?,?,?,?,?,?)")
      .with(device, line.number, line.head, line.born, line.moved, line.state)
      .run();
}

Result<> SqliteStore::remove_line(DeviceNumber device, std::int64_t number) {
  return query("DELETE FROM chains WHERE device=? AND line=?").with(device, number).run();
}

}  // namespace hale::fleet
