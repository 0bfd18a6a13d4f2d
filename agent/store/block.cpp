#include "agent/store/block.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>

#include "platform/compression.hpp"

namespace hale::agent {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxPlainBytes = 64u << 20;
constexpr double kScales[] = {1, 10, 100, 1000};
constexpr std::uint8_t kRaw = 0xFF;

class Writer {
 public:
  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void unsigned_number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  void signed_number(std::int64_t value) {
    unsigned_number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void raw(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) byte(static_cast<std::uint8_t>(bits >> shift));
  }
  void values(const std::vector<double>& all);
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// The power of ten that makes every value a whole number it can be told back from exactly.
std::optional<std::uint8_t> exact_scale(const std::vector<double>& all) {
  for (std::uint8_t scale = 0; scale < std::size(kScales); ++scale) {
    const bool exact = std::all_of(all.begin(), all.end(), [&](double value) {
      const double scaled = std::nearbyint(value * kScales[scale]);
      if (!(std::abs(scaled) < 1e15)) return false;
      const double back = static_cast<double>(static_cast<std::int64_t>(scaled)) / kScales[scale];
      return std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(value);
    });
    if (exact) return scale;
  }
  return std::nullopt;
}

void Writer::values(const std::vector<double>& all) {
  const auto scale = exact_scale(all);
  byte(scale.value_or(kRaw));
  std::int64_t last = 0;
  for (const double value : all) {
    if (!scale) {
      raw(value);
      continue;
    }
    const auto whole = static_cast<std::int64_t>(std::nearbyint(value * kScales[*scale]));
    signed_number(whole - last);
    last = whole;
  }
}

/// Reads what Writer wrote; `ok()` turns false at the first byte that is not there.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

  std::uint8_t byte() {
    if (rest_.empty()) {
      ok_ = false;
      return 0;
    }
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t unsigned_number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto next = byte();
      value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
      if ((next & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  std::int64_t signed_number() {
    const auto value = unsigned_number();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  double raw() {
    std::uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 8) bits |= static_cast<std::uint64_t>(byte()) << shift;
    return std::bit_cast<double>(bits);
  }
  /// A count of things that take at least a byte each.
  std::size_t count() {
    const auto value = unsigned_number();
    if (value > rest_.size()) ok_ = false;
    return ok_ ? static_cast<std::size_t>(value) : 0;
  }
  std::vector<double> values(std::size_t count) {
    std::vector<double> all;
    const auto scale = byte();
    if (scale != kRaw && scale >= std::size(kScales)) ok_ = false;
    all.reserve(ok_ ? count : 0);
    std::uint64_t last = 0;  // wraps instead of overflowing on damaged bytes
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      if (scale == kRaw) {
        all.push_back(raw());
      } else {
        last += static_cast<std::uint64_t>(signed_number());
        all.push_back(static_cast<double>(static_cast<std::int64_t>(last)) / kScales[scale]);
      }
    }
    return all;
  }

 private:
  std::string_view rest_;
  bool ok_{true};
};

void write_rows(Writer& out, const Column& column, std::size_t times) {
  out.unsigned_number(column.rows.size());
  if (column.rows.size() == times) return;  // in every row
  std::uint32_t next = 0;
  for (const auto row : column.rows) {
    out.unsigned_number(row - next);
    next = row + 1;
  }
}

bool read_rows(Reader& in, Column& column, std::size_t times) {
  const auto count = in.count();
  if (!in.ok() || count > times) return false;
  column.rows.reserve(count);
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t row = count == times ? i : next + in.unsigned_number();
    if (!in.ok() || row >= times) return false;
    column.rows.push_back(static_cast<std::uint32_t>(row));
    next = row + 1;
  }
  return true;
}

Result<Block> damaged() { return fail(Errc::invalid_input, "a block of stored readings is damaged"); }

/// Sum, minimum, maximum of one series in one step.
struct Bucket {
  double sum{};
  std::uint64_t count{};
  double low{};
  double high{};
  void add(double mean, double lowest, double highest) {
    low = count == 0 ? lowest : std::min(low, lowest);
    high = count == 0 ? highest : std::max(high, highest);
    sum += mean;
    ++count;
  }
};

std::int64_t floor_to(std::int64_t time, std::int64_t step) { return time - ((time % step) + step) % step; }

}  // namespace

std::string encode_block(const Block& block) {
  Writer out;
  out.byte(kVersion);
  out.unsigned_number(block.times.size());
  std::int64_t last = 0;
  std::int64_t last_difference = 0;
  for (const auto time : block.times) {
    const auto difference = time - last;
    out.signed_number(difference - last_difference);
    last_difference = difference;
    last = time;
  }
  out.unsigned_number(block.columns.size());
  for (const auto& column : block.columns) {
    out.unsigned_number(column.series);
    out.byte(column.low.empty() ? 0 : 1);
    write_rows(out, column, block.times.size());
    out.values(column.values);
    if (column.low.empty()) continue;
    out.values(column.low);
    out.values(column.high);
  }
  return zstd_compress(out.take(), 3);
}

Result<Block> decode_block(std::string_view bytes) {
  const auto plain = zstd_decompress(bytes, kMaxPlainBytes);
  if (!plain) return fail(Error(plain.error()).with_context("a block of stored readings"));
  Reader in(*plain);
  if (in.byte() != kVersion) return damaged();
  Block block;
  const auto times = in.count();
  block.times.reserve(times);
  std::uint64_t last = 0;
  std::uint64_t difference = 0;
  for (std::size_t i = 0; in.ok() && i < times; ++i) {
    difference += static_cast<std::uint64_t>(in.signed_number());
    last += difference;
    block.times.push_back(static_cast<std::int64_t>(last));
  }
  const auto columns = in.count();
  for (std::size_t i = 0; in.ok() && i < columns; ++i) {
    Column column;
    column.series = static_cast<std::uint32_t>(in.unsigned_number());
    const bool aggregated = in.byte() == 1;
    if (!in.ok() || !read_rows(in, column, times)) return damaged();
    column.values = in.values(column.rows.size());
    if (aggregated) {
      column.low = in.values(column.rows.size());
      column.high = in.values(column.rows.size());
    }
    block.columns.push_back(std::move(column));
  }
  if (!in.ok() || !in.at_end()) return damaged();
  return block;
}

Block aggregate(std::span<const Block> blocks, std::int64_t step_ms, std::int64_t from, std::int64_t to) {
  std::map<std::uint32_t, std::map<std::int64_t, Bucket>> series;
  for (const auto& block : blocks) {
    for (const auto& column : block.columns) {
      auto& steps = series[column.series];
      for (std::size_t i = 0; i < column.rows.size(); ++i) {
        const auto time = block.times[column.rows[i]];
        if (time < from || time >= to) continue;
        const double value = column.values[i];
        steps[floor_to(time, step_ms)].add(value, column.low.empty() ? value : column.low[i],
                                           column.high.empty() ? value : column.high[i]);
      }
    }
  }
  Block out;
  for (const auto& [id, steps] : series)
    for (const auto& [start, bucket] : steps) out.times.push_back(start);
  std::sort(out.times.begin(), out.times.end());
  out.times.erase(std::unique(out.times.begin(), out.times.end()), out.times.end());
  for (const auto& [id, steps] : series) {
    if (steps.empty()) continue;
    Column column;
    column.series = id;
    for (const auto& [start, bucket] : steps) {
      const auto row = std::lower_bound(out.times.begin(), out.times.end(), start) - out.times.begin();
      column.rows.push_back(static_cast<std::uint32_t>(row));
      column.values.push_back(std::nearbyint(bucket.sum / static_cast<double>(bucket.count) * 1000) / 1000);
      column.low.push_back(bucket.low);
      column.high.push_back(bucket.high);
    }
    out.columns.push_back(std::move(column));
  }
  return out;
}

}  // namespace hale::agent
