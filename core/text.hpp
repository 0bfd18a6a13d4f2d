#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small, locale-free text parsing. All pure; none allocates unless it returns a string.
namespace hale {

std::string_view trim(std::string_view text);
/// The whole text must be the number; no leading '+', no locale, no hex.
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<std::uint64_t> parse_uint(std::string_view text);
std::optional<std::uint64_t> parse_hex(std::string_view text);  ///< "0x1f" or "1f"
/// Finite decimal numbers only: "nan" and "inf" are not numbers here.
std::optional<double> parse_double(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::string to_lower_ascii(std::string_view text);
/// Invalid UTF-8 sequences become U+FFFD, control characters become spaces; at most max_bytes.
std::string sanitize_utf8(std::string_view text, std::size_t max_bytes = 256);
/// The candidate nearest to `word` by edit distance, for "unknown key X, did you mean Y?"; empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace hale
