#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

/// Readings as compressed columns: pure bytes in, bytes out.
///
/// A block holds rows that share their times (a sweep has one time) and, for each series, which rows it has a value in.
/// Values that are decimal with at most three digits become scaled integer differences, others stay doubles bit by bit;
/// zstd goes over the whole. Nothing is rounded.
namespace hale::agent {

/// One series' values. Detail: one value a row. Aggregates: `low` and `high` beside the mean.
struct Column {
  std::uint32_t series{};
  std::vector<std::uint32_t> rows;  ///< ascending indices into Block::times
  std::vector<double> values;       ///< detail: the value; aggregate: the mean
  std::vector<double> low, high;    ///< empty in a detail block
  bool operator==(const Column&) const = default;
};

struct Block {
  std::vector<std::int64_t> times;  ///< Unix ms, ascending; of an aggregate: the start of each step
  std::vector<Column> columns;
  bool operator==(const Block&) const = default;
};

std::string encode_block(const Block& block);
/// Bounded and checked: a damaged block is Errc::invalid_input, never out of range.
Result<Block> decode_block(std::string_view bytes);

/// Aggregates rows into steps of `step_ms` aligned to the Unix epoch: mean (of means, weighted equally), minimum and
/// maximum a step. Means are rounded to 0.001 of their unit, finer than any sensor. Rows outside [from, to) are left
/// out.
Block aggregate(std::span<const Block> blocks, std::int64_t step_ms, std::int64_t from, std::int64_t to);

}  // namespace hale::agent
