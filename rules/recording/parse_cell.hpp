#pragma once
#include <optional>
#include <string_view>

#include "core/time.hpp"

namespace hale::rules {

/// A finite decimal number; quick for the short ones that recordings hold, exact for all. Nothing when it is not one.
std::optional<double> parse_number(std::string_view text);

/// The time column, remembering the last day so that the next row of the same day costs little.
class TimeParser {
 public:
  Result<Timestamp> parse(std::string_view text);

 private:
  std::optional<Timestamp> parse_quickly(std::string_view text);
  char day_text_[10]{};
  Timestamp day_{};
  bool has_day_{};
};

}  // namespace hale::rules
