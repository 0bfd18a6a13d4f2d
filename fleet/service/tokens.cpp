#include "fleet/service/tokens.hpp"

#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/json_reader.hpp"
#include "core/text.hpp"
#include "platform/crypto.hpp"

namespace hale::fleet {
namespace {
constexpr std::string_view kPrefix = "hale1.";
constexpr std::size_t kMaxToken = 2048;
constexpr std::int64_t kMaxUses = 1'000'000;
constexpr std::chrono::seconds kMaxLife = std::chrono::days(365);

std::string hash_secret(std::string_view secret) {
  return crypto::hash_hex("hale enrolment token\n" + std::string(secret));
}
}  // namespace

Result<NewToken> make_token(const TokenRequest& request, Timestamp now) {
  if (request.uses < 1 || request.uses > kMaxUses)
    return fail(Errc::invalid_input, "uses: expected 1 to " + std::to_string(kMaxUses));
  if (request.life < std::chrono::minutes(1) || request.life > kMaxLife)
    return fail(Errc::invalid_input, "expires: expected one minute to 365 days");
  if (!request.url.starts_with("https://") || request.url.size() > 300 ||
      request.url.find_first_of(" \t\r\n\"") != std::string::npos) {
    return fail(Errc::invalid_input, "url: expected https://HOST:PORT of the device listener, as devices reach it");
  }
  const std::string secret = crypto::to_base64url(crypto::random_bytes(32));
  const nlohmann::json content = {{"u", request.url}, {"f", request.ca_fingerprint}, {"s", secret}};
  NewToken token;
  token.text = std::string(kPrefix) + crypto::to_base64url(content.dump());
  token.row.id = crypto::to_hex(crypto::random_bytes(4));
  token.row.secret_hash = hash_secret(secret);
  token.row.created = now;
  token.row.expires = now + request.life;
  token.row.created_by = request.created_by;
  token.row.note = sanitize_utf8(request.note, 200);
  token.row.uses = request.uses;
  return token;
}

Result<std::string> secret_hash_of(std::string_view token_text) {
  const auto malformed = [] {
    return fail(Errc::invalid_input,
                "token: this is no enrolment token (hale1.…); copy it again, whole and on one line");
  };
  token_text = trim(token_text);
  if (!token_text.starts_with(kPrefix) || token_text.size() > kMaxToken) return malformed();
  const auto content = crypto::from_base64url(token_text.substr(kPrefix.size()));
  if (!content) return malformed();
  const auto json = parse_json(*content, kMaxToken, 4);
  if (!json) return malformed();
  JsonReader reader(*json, "token");
  const std::string secret = reader.filled_text("s", 200);
  if (!reader.good()) return malformed();
  return hash_secret(secret);
}

std::string_view status_of(const Token& token, Timestamp now) {
  if (token.revoked) return "revoked";
  if (token.used >= token.uses) return "used";
  if (now >= token.expires) return "expired";
  return "valid";
}

std::string_view refusal_of(const Token& token, Timestamp now) {
  const std::string_view status = status_of(token, now);
  if (status == "revoked") return "the token was revoked; ask your administrator for a new one";
  if (status == "used") return "the token was used up; ask your administrator for a new one";
  if (status == "expired") return "the token has expired; ask your administrator for a new one";
  return {};
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto number = text.empty() ? std::nullopt : parse_uint(text.substr(0, text.size() - 1));
  if (number && *number > 0 && *number < 1'000'000'000) {
    const auto count = static_cast<std::int64_t>(*number);
    switch (text.back()) {
      case 's':
        return std::chrono::seconds(count);
      case 'm':
        return std::chrono::seconds(count * 60);
      case 'h':
        return std::chrono::seconds(count * 3600);
      case 'd':
        return std::chrono::seconds(count * 86'400);
      case 'w':
        return std::chrono::seconds(count * 604'800);
      default:
        break;
    }
  }
  return fail(Errc::invalid_input, "'" + std::string(text) + "' is no duration; write e.g. 90s, 15m, 12h, 7d or 4w");
}

}  // namespace hale::fleet
