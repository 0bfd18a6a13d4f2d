#pragma once
#include <string_view>

#include "core/result.hpp"
#include "platform/parse/smart_report.hpp"

/// What smartmontools prints. Pure, bounded (8 MiB of input, 256 attributes), thread-safe.
namespace hale {

/// A `smartctl --json` document (any version), or one of `nvme smart-log -o json`.
/// Errors: invalid_input when it is not such a document (with the byte where JSON parsing stopped); unavailable with
/// smartctl's own words when smartctl could not open the drive or the drive slept (`-n standby`).
Result<SmartReport> parse_smartctl_json(std::string_view text);

/// A `smartctl -a` or `-x` text report. Lines it does not know are passed over: reports are pasted, wrapped and cut by
/// people. Errors: invalid_input when nothing in it is a drive's report.
Result<SmartReport> parse_smartctl_text(std::string_view text);

/// Either of them, told apart by the first character that is not white space.
Result<SmartReport> parse_smartctl(std::string_view text);

}  // namespace hale
