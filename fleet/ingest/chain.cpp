#include "fleet/ingest/chain.hpp"

#include <algorithm>
#include <chrono>

namespace hale::fleet {
namespace {

/// A classroom of copies, or a flood. [own]
constexpr std::size_t kMaxLines = 64;
/// A line that rested for so long has nobody to speak on it. [own]
constexpr std::chrono::days kLineKept{30};

using Lines = std::vector<ChainLine>;

ChainLine* with_state(Lines& lines, LineState state) {
  const auto found = std::ranges::find(lines, state, &ChainLine::state);
  return found == lines.end() ? nullptr : &*found;
}

/// An answer may have been forgotten by the time its batch comes again: a line that ends in the batch itself counts.
ChainLine* line_of(Lines& lines, const DecodedBatch& batch) {
  const auto again = std::ranges::find(lines, batch.batch, &ChainLine::head);
  if (again != lines.end()) return &*again;
  if (!batch.after) return nullptr;
  const auto found = std::ranges::find(lines, *batch.after, &ChainLine::head);
  return found == lines.end() ? nullptr : &*found;
}

/// Makes room for one more line; the eldest always stays. False: there is none, and two PCs were proved before, so that
/// this is a further copy rather than another restored backup.
Result<bool> make_room(Store& store, DeviceNumber device, const Lines& lines, Timestamp now) {
  if (lines.size() < kMaxLines) return true;
  bool room = false;
  for (auto line = lines.begin() + 1; line != lines.end(); ++line) {
    if (line->state == LineState::current || now - line->moved < kLineKept) continue;
    if (auto done = store.remove_line(device, line->number); !done) return fail(done.error());
    room = true;
  }
  if (room) return true;
  if (std::ranges::find(lines, LineState::copy, &ChainLine::state) != lines.end()) return false;
  const auto oldest =
      std::min_element(lines.begin() + 1, lines.end(), [](const auto& a, const auto& b) { return a.moved < b.moved; });
  if (auto done = store.remove_line(device, oldest->number); !done) return fail(done.error());
  return true;
}

Result<ChainStep> begin_line(Store& store, DeviceNumber device, Lines& lines, const std::string& head, Timestamp now) {
  const auto room = make_room(store, device, lines, now);
  if (!room) return fail(room.error());
  if (!*room) return ChainStep::copied;
  if (auto* current = with_state(lines, LineState::current)) {
    current->state = LineState::replaced;
    if (auto put = store.put_line(device, *current); !put) return fail(put.error());
  }
  const std::int64_t number = lines.empty() ? 1 : lines.back().number + 1;
  if (auto put = store.put_line(device, {number, head, now, now, LineState::current}); !put) return fail(put.error());
  return lines.empty() ? ChainStep::follows : ChainStep::went_back;
}

}  // namespace

Result<ChainStep> follow_chain(Store& store, const Device& device, const DecodedBatch& batch, Timestamp now) {
  if (batch.after) {
    const auto moved = store.advance_line(device.number, *batch.after, batch.batch, now);
    if (!moved) return fail(moved.error());
    if (*moved) return ChainStep::follows;
  }
  auto lines = store.lines(device.number);
  if (!lines) return fail(lines.error());
  if (lines->empty() && !batch.after) return ChainStep::follows;
  ChainLine* line = line_of(*lines, batch);
  if (line == nullptr) return begin_line(store, device.number, *lines, batch.batch, now);
  if (line->state == LineState::copy) return ChainStep::copied;
  if (line->state == LineState::current) return ChainStep::follows;  // the same batch again
  // A line goes on that another had replaced: both have a PC.
  ChainLine* current = with_state(*lines, LineState::current);
  const bool keeps = current == nullptr || line->number < current->number;
  ChainLine* copy = keeps ? current : line;
  if (copy != nullptr) {
    copy->state = LineState::copy;
    if (auto put = store.put_line(device.number, *copy); !put) return fail(put.error());
  }
  if (!keeps) return ChainStep::copied;
  *line = {line->number, batch.batch, line->born, now, LineState::current};
  if (auto put = store.put_line(device.number, *line); !put) return fail(put.error());
  return ChainStep::forked;
}

}  // namespace hale::fleet
