#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "rules/recording/byte_source.hpp"

namespace hale::rules {

/// RFC 4180, a row at a time, in constant memory. Cells are views that hold until the next row.
class CsvRows {
 public:
  static constexpr std::size_t kMaxRow = 4u << 20;  ///< bytes; a longer row is malformed

  CsvRows(std::unique_ptr<ByteSource> source, std::string name)
      : source_(std::move(source)), name_(std::move(name)), buffer_(1u << 18) {}

  /// False at the end. Empty lines are passed over.
  Result<bool> next();
  const std::vector<std::string_view>& cells() const { return cells_; }
  /// Errc::invalid_input, "FILE:LINE:COLUMN: what", at a cell of the present row. Columns count bytes from 1.
  Error error_at(std::size_t cell, std::string_view what) const;

 private:
  enum class Parsed { row, more, bad };
  Parsed parse();
  Parsed parse_quoted(std::size_t& at);
  Result<> fill();
  Error error_at_byte(std::size_t at, std::string_view what) const;

  std::unique_ptr<ByteSource> source_;
  std::string name_;
  std::vector<char> buffer_;
  std::size_t begin_{};  ///< of the row
  std::size_t end_{};    ///< of what was read
  bool at_end_{};
  bool started_{};
  std::uint64_t line_{1};  ///< of the row's beginning
  std::uint64_t next_line_{1};
  std::size_t next_begin_{};
  std::vector<std::string_view> cells_;
  std::vector<std::uint32_t> starts_;                   ///< of each cell, from the row's beginning
  std::vector<std::unique_ptr<std::string>> unquoted_;  ///< cells in which quotes were doubled
  std::string_view bad_what_;
  std::size_t bad_at_{};
};

}  // namespace hale::rules
