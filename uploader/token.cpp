#include "uploader/token.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/text.hpp"

namespace hale {
namespace {

constexpr std::size_t kMaxToken = 2048;
constexpr std::string_view kPrefix = "hale1.";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

tl::unexpected<Error> bad_token(const std::string& what) {
  return fail(Errc::invalid_input,
              "enrolment token: " + what + "; copy it again, whole, from where the fleet's administrator made it");
}

Result<std::string> decode_base64url(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t held = 0;
  int bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto value = kAlphabet.find(text[i]);
    if (value == std::string_view::npos) {
      return bad_token("character " + std::to_string(kPrefix.size() + i + 1) +
                       " is not base64url (letters, digits, '-' and '_')");
    }
    held = (held << 6 | static_cast<std::uint32_t>(value)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(held >> bits & 0xff);
  }
  if (bits == 6)
    return bad_token("it is cut short (" + std::to_string(text.size()) + " characters behind \"hale1.\" cannot be)");
  return bytes;
}

bool is_fingerprint(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string text_member(const nlohmann::json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

Result<std::string> parse_fleet_url(std::string_view text) {
  auto url = to_lower_ascii(trim(text));
  if (url.ends_with('/')) url.pop_back();
  const std::string wanted = "; expected https://HOST or https://HOST:PORT";
  if (!url.starts_with("https://"))
    return fail(Errc::invalid_input, "the fleet's address must begin with https://" + wanted);
  const auto host = std::string_view(url).substr(8);
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':' ||
           c == '[' || c == ']';
  };
  if (host.empty() || host.size() > 300 || host.front() == ':')
    return fail(Errc::invalid_input, "the fleet's address has no host name" + wanted);
  if (!std::ranges::all_of(host, allowed)) {
    return fail(Errc::invalid_input, "the fleet's address holds more than a host and a port" + wanted);
  }
  const auto bracket = host.rfind(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const auto port = parse_uint(host.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535)
      return fail(Errc::invalid_input, "the fleet's address has no valid port" + wanted);
  }
  return url;
}

Result<EnrolmentToken> parse_token(std::string_view text) {
  text = trim(text);
  if (text.empty()) return bad_token("it is empty");
  if (text.size() > kMaxToken) return bad_token("it is longer than 2048 characters");
  if (!text.starts_with(kPrefix)) {
    if (!text.starts_with("hale")) return bad_token("it does not begin with \"hale1.\"");
    if (kPrefix.starts_with(text)) return bad_token("it is cut short");
    return fail(Errc::unsupported,
                "enrolment token: it is of another version than \"hale1.\": update Hale on this PC, or the fleet");
  }
  const auto bytes = decode_base64url(text.substr(kPrefix.size()));
  if (!bytes) return fail(bytes.error());
  // The parser's own words quote what it read, the secret included, so they are not passed on.
  const auto document = parse_json(*bytes, kMaxToken, 4);
  if (!document || !document->is_object()) {
    return bad_token(trim(*bytes).ends_with('}') ? "its content is damaged" : "it is cut short");
  }
  const auto url = parse_fleet_url(text_member(*document, "u"));
  if (!url) return bad_token("its address (u) is wrong: " + url.error().message);
  const auto fingerprint = to_lower_ascii(text_member(*document, "f"));
  if (!is_fingerprint(fingerprint)) return bad_token("its CA fingerprint (f) is not 64 hexadecimal digits");
  if (text_member(*document, "s").empty()) return bad_token("it holds no secret (s)");
  return EnrolmentToken{*url, fingerprint, std::string(text)};
}

}  // namespace hale
