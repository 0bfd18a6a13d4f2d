#include "uploader/upload_state.hpp"

#include <algorithm>

namespace hale {

UploadState after_failure(const UploadState& before, Timestamp now, std::string error,
                          std::optional<std::uint32_t> retry_after_s, const Random& random) {
  UploadState state;
  const auto last = std::clamp(before.delay, kShortestDelay, kLongestDelay);
  const double span = static_cast<double>((last * 3 - kShortestDelay).count());
  const std::chrono::seconds drawn{static_cast<std::int64_t>(random() * span)};
  state.delay = std::min(kShortestDelay + drawn, kLongestDelay);
  state.server_asked = retry_after_s.has_value();
  const auto wait =
      state.server_asked ? std::min(std::chrono::seconds{*retry_after_s}, kLongestRetryAfter) : state.delay;
  state.not_before = now + wait;
  state.error = std::move(error);
  return state;
}

std::chrono::seconds time_left(const UploadState& state, Timestamp now) {
  if (state.not_before <= now) return std::chrono::seconds{0};
  const auto left = std::chrono::ceil<std::chrono::seconds>(state.not_before - now);
  return left > kLongestRetryAfter ? std::chrono::seconds{0} : left;
}

Result<UploadState> read_upload_state(Database& database) {
  auto query = database.prepare("SELECT delay_s, not_before_ms, server_asked, revoked, error FROM outbox_upload_state");
  if (!query) return fail(query.error());
  const auto row = query->step();
  if (!row) return fail(row.error());
  UploadState state;
  if (!*row) return state;
  state.delay = std::chrono::seconds{query->column_int(0)};
  state.not_before = from_unix_ms(query->column_int(1));
  state.server_asked = query->column_int(2) != 0;
  state.revoked = query->column_int(3) != 0;
  state.error = query->column_text(4);
  return state;
}

Result<> write_upload_state(Database& database, const UploadState& state) {
  auto statement = database.prepare(
      "INSERT INTO outbox_upload_state VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (only_row) DO UPDATE SET delay_s = "
      "excluded.delay_s, "
      "not_before_ms = excluded.not_before_ms, server_asked = excluded.server_asked, revoked = excluded.revoked, error "
      "= excluded.error");
  if (!statement) return fail(statement.error());
  statement->bind(1, std::int64_t{state.delay.count()}).bind(2, to_unix_ms(state.not_before));
  statement->bind(3, std::int64_t{state.server_asked})
      .bind(4, std::int64_t{state.revoked})
      .bind(5, std::string_view(state.error));
  return statement->run();
}

}  // namespace hale
