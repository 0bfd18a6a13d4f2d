#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hale::rules {

/// Writes state as bytes: little-endian fixed-width numbers, length-prefixed text. The reader must ask in the same
/// order.
class StateWriter {
 public:
  template <class Number>
  void number(Number value) {
    static_assert(std::is_arithmetic_v<Number> || std::is_enum_v<Number>);
    char bytes[sizeof(Number)];
    std::memcpy(bytes, &value, sizeof(Number));
    bytes_.append(bytes, sizeof(Number));
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
  }
  std::string take() { return std::move(bytes_); }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::string bytes_;
};

/// Reads what StateWriter wrote. Damaged bytes never read past the end: everything after is zero or empty and good() is
/// false.
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : rest_(bytes) {}

  template <class Number>
  Number number() {
    if constexpr (std::is_same_v<Number, bool>) return number<std::uint8_t>() != 0;
    Number value{};
    if (rest_.size() < sizeof(Number)) {
      lose();
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof(Number));
    rest_.remove_prefix(sizeof(Number));
    return value;
  }
  template <class Number>
  void number(Number& value) {
    value = number<Number>();
  }
  std::string_view text() {
    const auto size = number<std::uint32_t>();
    if (size > rest_.size()) {
      lose();
      return {};
    }
    const auto value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  /// A count of items that each take at least `item_bytes`: refused when so many cannot follow.
  std::uint32_t count(std::size_t item_bytes) {
    const auto value = number<std::uint32_t>();
    if (value > rest_.size() / item_bytes) {
      lose();
      return 0;
    }
    return value;
  }
  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }
  void lose() {
    good_ = false;
    rest_ = {};
  }

 private:
  std::string_view rest_;
  bool good_{true};
};

}  // namespace hale::rules
