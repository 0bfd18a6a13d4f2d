#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace hale {

/// What the 48 raw bits of an ATA SMART attribute mean on this drive: the number people compare, or nothing when the
/// bits carry none. Vendors pack several counts into one attribute (Seagate 1, 7, 188, 195), count time in minutes, or
/// fill unused bytes; the table in smart_decode.cpp knows which. Pure, thread-safe.
/// @param model  as the drive or smartctl says ("ST4000DM000", "WDC WD30EFRX-68AX9N0"); empty = unknown: only what
/// holds for every vendor
/// @param attribute  SMART attribute id, 1..254
/// @param raw48  the undecoded value; more than 48 bits gives nothing
/// @return hours for 9 and 240, Cel for 190 and 194, a count otherwise. Nothing when all bits are set (unsupported),
/// when hours exceed 30 years, or when a temperature is outside 1..120 Cel.
std::optional<double> decode_smart_raw(std::string_view model, unsigned attribute, std::uint64_t raw48);

/// True where the table says more of this attribute than "a plain 48-bit number".
bool has_smart_format(std::string_view model, unsigned attribute);

/// Power-on time that can be believed: at most 30 years (262,800 h). Larger values are overflows or another unit [own].
bool plausible_power_on_hours(double hours);

}  // namespace hale
