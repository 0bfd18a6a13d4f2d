#pragma once
#include <array>
#include <charconv>

namespace hale::rules {

/// A number kept as float, as the decimal number that was meant: 97.3f gives 97.3, not 97.30000305175781. For what
/// people read, not for judging.
inline double widen(float value) {
  std::array<char, 64> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  double exact = static_cast<double>(value);
  std::from_chars(digits.data(), written.ptr, exact);
  return exact;
}

}  // namespace hale::rules
