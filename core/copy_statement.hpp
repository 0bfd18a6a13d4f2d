#pragma once
#include <string>
#include <string_view>

namespace hale {

/// What a copy of a disk signs with the key that it carries, to enrol as a device of its own (docs/wire.md): device and
/// fleet must build the same bytes. Binds the old identity, the fleet's fresh challenge, the new hardware and, in the
/// request, the new key. Begins unlike any DER, so that a signature for a renewal never stands for this or the reverse.
/// The first three hold no line ends (the fleet refuses others).
std::string copy_statement(std::string_view previous, std::string_view challenge, std::string_view hardware,
                           std::string_view request_der);

/// Words that both sides know a refusal by: `type` of the problem document.
inline constexpr std::string_view kCopiesForbidden = "urn:hale:problem:copies-forbidden";
inline constexpr std::string_view kCopied = "urn:hale:problem:copied";

}  // namespace hale
