#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hale {

/// Wall-clock time, UTC, milliseconds. Deadlines and intervals use the steady clock instead (platform/clock.hpp).
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// "2026-11-23T07:30:44Z", with ".123" only when there are milliseconds.
std::string to_rfc3339(Timestamp time);

/// Reads RFC 3339 with any offset ("Z", "+08:00"), fraction truncated to milliseconds. Years 1970..9999.
Result<Timestamp> parse_rfc3339(std::string_view text);

/// Reads a recording's time column: RFC 3339, or Unix seconds (decimal).
Result<Timestamp> parse_time(std::string_view text);

inline double to_unix_seconds(Timestamp time) { return static_cast<double>(time.time_since_epoch().count()) / 1000.0; }
inline Timestamp from_unix_ms(std::int64_t ms) { return Timestamp(std::chrono::milliseconds(ms)); }
inline std::int64_t to_unix_ms(Timestamp time) { return time.time_since_epoch().count(); }

}  // namespace hale
