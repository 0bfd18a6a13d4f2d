#include "rules/recording/csv_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace hale::rules {

Result<> CsvRows::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (buffer_.size() >= kMaxRow) return fail(error_at_byte(0, "this row is longer than 4 MiB"));
    buffer_.resize(buffer_.size() * 2);
  }
  auto count = source_->read(buffer_.data() + end_, buffer_.size() - end_);
  if (!count) return fail(Error{count.error().code, fmt::format("{}:{}:1: {}", name_, line_, count.error().message)});
  at_end_ = *count == 0;
  end_ += *count;
  if (!started_ && end_ >= 3) {
    started_ = true;
    if (std::memcmp(buffer_.data(), "\xEF\xBB\xBF", 3) == 0) begin_ = 3;
  }
  return {};
}

Error CsvRows::error_at_byte(std::size_t at, std::string_view what) const {
  const char* data = buffer_.data() + begin_;
  const auto lines = std::count(data, data + at, '\n');
  std::size_t start = at;
  while (start > 0 && data[start - 1] != '\n') --start;
  return {Errc::invalid_input,
          fmt::format("{}:{}:{}: {}", name_, line_ + static_cast<std::uint64_t>(lines), at - start + 1, what)};
}

Error CsvRows::error_at(std::size_t cell, std::string_view what) const {
  return error_at_byte(cell < starts_.size() ? starts_[cell] : starts_.empty() ? 0 : starts_.back(), what);
}

/// `at` stands behind the opening quote; afterwards behind the closing one.
CsvRows::Parsed CsvRows::parse_quoted(std::size_t& at) {
  const char* data = buffer_.data();
  const std::size_t first = at;
  bool doubled = false;
  while (true) {
    const auto* quote = static_cast<const char*>(std::memchr(data + at, '"', end_ - at));
    if (quote == nullptr) {
      bad_what_ = "this quoted cell is never closed";
      bad_at_ = first - 1 - begin_;
      return at_end_ ? Parsed::bad : Parsed::more;
    }
    at = static_cast<std::size_t>(quote - data) + 1;
    if (at == end_ && !at_end_) return Parsed::more;
    if (at == end_ || data[at] != '"') break;
    doubled = true;
    ++at;
  }
  const std::string_view raw(data + first, at - 1 - first);
  if (!doubled) {
    cells_.push_back(raw);
    return Parsed::row;
  }
  auto& text = unquoted_.emplace_back(std::make_unique<std::string>());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    text->push_back(raw[i]);
    if (raw[i] == '"') ++i;
  }
  cells_.push_back(*text);
  return Parsed::row;
}

CsvRows::Parsed CsvRows::parse() {
  cells_.clear();
  starts_.clear();
  if (!unquoted_.empty()) unquoted_.clear();
  const char* data = buffer_.data();
  std::size_t at = begin_;
  next_line_ = line_ + 1;
  while (true) {
    starts_.push_back(static_cast<std::uint32_t>(at - begin_));
    if (at < end_ && data[at] == '"') {
      const std::size_t first = ++at;
      if (const Parsed parsed = parse_quoted(at); parsed != Parsed::row) return parsed;
      next_line_ += static_cast<std::uint64_t>(std::count(data + first, data + at, '\n'));
    } else {
      const std::size_t first = at;
      while (at < end_ && data[at] != ',' && data[at] != '\n' && data[at] != '\r' && data[at] != '"') ++at;
      cells_.emplace_back(data + first, at - first);
    }
    if (at == end_) {
      if (!at_end_) return Parsed::more;
      break;
    }
    if (data[at] == ',') {
      ++at;
      continue;
    }
    if (data[at] == '\r') {
      if (at + 1 == end_ && !at_end_) return Parsed::more;
      if (at + 1 < end_ && data[at + 1] == '\n') ++at;
    } else if (data[at] != '\n') {
      bad_what_ = data[at] == '"' ? "a quote inside a cell that is not quoted" : "text behind the closing quote";
      bad_at_ = at - begin_;
      return Parsed::bad;
    }
    ++at;
    break;
  }
  next_begin_ = at;
  return Parsed::row;
}

Result<bool> CsvRows::next() {
  while (true) {
    if (next_begin_ != 0) {
      begin_ = next_begin_;
      line_ = next_line_;
      next_begin_ = 0;
    }
    if (begin_ == end_) {
      if (!at_end_) {
        if (auto filled = fill(); !filled) return fail(filled.error());
      }
      if (begin_ == end_ && at_end_) return false;
      if (begin_ == end_) continue;
    }
    const Parsed parsed = parse();
    if (parsed == Parsed::bad) return fail(error_at_byte(bad_at_, bad_what_));
    if (parsed == Parsed::more) {
      if (auto filled = fill(); !filled) return fail(filled.error());
      continue;
    }
    const bool empty_line = cells_.size() == 1 && cells_[0].empty() && starts_[0] == 0 && next_begin_ - begin_ <= 2 &&
                            buffer_[begin_] != '"';
    if (!empty_line) return true;
  }
}

}  // namespace hale::rules
