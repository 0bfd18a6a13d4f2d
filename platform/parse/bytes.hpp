#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/text.hpp"

/// Little-endian numbers and text at fixed offsets of outside bytes. Out of range reads as 0: callers check the size
/// once, before.
namespace hale::bytes {

inline std::uint64_t little(std::string_view data, std::size_t offset, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) {
    const auto byte = offset + i < data.size() ? static_cast<unsigned char>(data[offset + i]) : 0U;
    value = value << 8U | byte;
  }
  return value;
}

inline std::uint8_t u8(std::string_view data, std::size_t offset) {
  return static_cast<std::uint8_t>(little(data, offset, 1));
}
inline std::uint16_t u16(std::string_view data, std::size_t offset) {
  return static_cast<std::uint16_t>(little(data, offset, 2));
}

/// A 128-bit counter as a double: counters pass 2^64 only by defect, and 53 bits are enough for every rule.
inline double u128(std::string_view data, std::size_t offset) {
  return static_cast<double>(little(data, offset, 8)) +
         static_cast<double>(little(data, offset + 8, 8)) * 18446744073709551616.0;
}

/// Padded ASCII, printable.
inline std::string text(std::string_view data, std::size_t offset, std::size_t count) {
  if (offset >= data.size()) return {};
  auto field = data.substr(offset, count);
  field = field.substr(0, field.find('\0'));
  return std::string(trim(sanitize_utf8(field, count)));
}

/// True when every byte is the same: what a bridge answers that does not know the command.
inline bool all_equal(std::string_view data) { return data.find_first_not_of(data.front()) == std::string_view::npos; }

}  // namespace hale::bytes
