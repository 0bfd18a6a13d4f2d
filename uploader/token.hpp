#pragma once
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hale {

/// What an administrator hands to a PC so that it may enrol. Pure value; `text` holds the secret, so it goes into no
/// log and no argument.
struct EnrolmentToken {
  std::string url;        ///< https://host:port of the fleet's device listener
  std::string ca_sha256;  ///< lower-case hex
  std::string text;       ///< the whole token, as it is sent
};

/// "hale1.<base64url JSON>", at most 2 KiB, surrounding white space ignored. The error says what is wrong (cut short,
/// not base64, wrong version, a field) without repeating any of the token.
Result<EnrolmentToken> parse_token(std::string_view text);

/// "https://host[:port]" with nothing behind it but an optional slash, lower case, without that slash.
Result<std::string> parse_fleet_url(std::string_view text);

}  // namespace hale
