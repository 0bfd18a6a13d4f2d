#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "fleet/store/store.hpp"

namespace hale::fleet {

struct TokenRequest {
  std::int64_t uses{1};
  std::chrono::seconds life{7 * 86'400};
  std::string created_by;
  std::string note;
  std::string url;             ///< https://host:port of the device listener
  std::string ca_fingerprint;  ///< hex
};

struct NewToken {
  Token row;         ///< to be stored: holds only a hash of the secret
  std::string text;  ///< "hale1.…", shown once
};

/// docs/wire.md: the token carries address, CA fingerprint and secret. Errors: invalid_input (uses, life or URL out of
/// range).
Result<NewToken> make_token(const TokenRequest& request, Timestamp now);

/// The hash under which a token's secret is stored. Errors: invalid_input when the text is no token.
Result<std::string> secret_hash_of(std::string_view token_text);

/// Why a token cannot be used now; empty when it can.
std::string_view refusal_of(const Token& token, Timestamp now);
/// valid | expired | used | revoked
std::string_view status_of(const Token& token, Timestamp now);

/// "90s", "15m", "12h", "7d", "4w" as seconds.
Result<std::chrono::seconds> parse_duration(std::string_view text);

}  // namespace hale::fleet
