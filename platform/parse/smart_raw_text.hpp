#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace hale {

/// The RAW_VALUE column as smartctl prints it, taken apart.
struct PrintedRaw {
  std::optional<double> value;         ///< decoded
  std::optional<std::uint64_t> raw48;  ///< only where the printed form gives all 48 bits
};

/// Forms: "123", "0x1b", "0 0 3" (three words, high first), "0/123" (raw24/raw32), "33 (Min/Max 18/40)",
/// "123h+45m+06.789s". Others give nothing. `known_raw48` is the number beside the text in JSON documents. Pure.
PrintedRaw parse_printed_raw(std::string_view model, unsigned attribute, std::string_view text,
                             std::optional<std::uint64_t> known_raw48 = {});

}  // namespace hale
