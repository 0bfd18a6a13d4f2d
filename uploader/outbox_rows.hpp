#pragma once
#include <cstdint>
#include <string_view>

#include "core/result.hpp"
#include "platform/database_sqlite.hpp"

/// What the two halves of the outbox share about its rows (migrations/0001_outbox.sql).
namespace hale::outbox {

inline constexpr int kWaiting = 0;
inline constexpr int kSent = 1;
inline constexpr int kSetAside = 2;
inline constexpr std::string_view kUnreadable = "cannot be unsealed: its spool key is gone or the record is damaged";

/// The first column of the first row; 0 without one.
inline Result<std::int64_t> read_number(Database& database, std::string_view sql) {
  auto query = database.prepare(sql);
  if (!query) return fail(query.error());
  const auto row = query->step();
  if (!row) return fail(row.error());
  return *row ? query->column_int(0) : 0;
}

}  // namespace hale::outbox
