#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hale {

/// The enumerator that to_string() calls `text`, looking from 0 to `last`; the switch in to_string() stays the only list of words.
template <class Enum>
std::optional<Enum> find_word(std::string_view text, Enum last) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(last); ++i) {
    const auto candidate = static_cast<Enum>(i);
    if (to_string(candidate) == text) return candidate;
  }
  return std::nullopt;
}

/// All words up to `last`, for "expected a, b or c".
template <class Enum>
std::string list_words(Enum last) {
  std::string words;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(last); ++i) {
    if (i != 0) words += i == static_cast<std::size_t>(last) ? " or " : ", ";
    words += to_string(static_cast<Enum>(i));
  }
  return words;
}

}  // namespace hale
