#include "fleet/service/challenges.hpp"

#include "platform/crypto.hpp"

namespace hale::fleet {
namespace {

constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kContent = kTimeBytes + 16;  // time, then random bytes
constexpr std::size_t kMac = 32;                   // hex digits
constexpr std::size_t kMaxUsed = 100'000;

std::string time_bytes(Timestamp time) {
  std::string bytes;
  const auto ms = static_cast<std::uint64_t>(to_unix_ms(time));
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(ms >> shift & 0xff);
  return bytes;
}

Timestamp time_from(std::string_view bytes) {
  std::uint64_t ms = 0;
  for (const char byte : bytes.substr(0, kTimeBytes)) ms = ms << 8 | static_cast<unsigned char>(byte);
  return from_unix_ms(static_cast<std::int64_t>(ms));
}

/// As long for any difference.
bool equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace

Challenges::Challenges() : key_(crypto::random_bytes(32)) {}

std::string Challenges::mac(std::string_view content) const { return crypto::hash_hex(content, key_).substr(0, kMac); }

std::string Challenges::make(Timestamp now) const {
  const std::string content = time_bytes(now + kLife) + crypto::random_bytes(kContent - kTimeBytes);
  return crypto::to_base64url(content + mac(content));
}

Result<> Challenges::use(std::string_view text, Timestamp now) {
  const auto refused = [](const char* why) {
    return fail(Errc::permission, std::string("challenge: ") + why + "; get a new one from /v1/device/challenge");
  };
  const auto bytes = crypto::from_base64url(text);
  if (!bytes || bytes->size() != kContent + kMac) return refused("not one of this server's");
  const auto content = std::string_view(*bytes).substr(0, kContent);
  if (!equal(std::string_view(*bytes).substr(kContent), mac(content)))
    return refused("not one of this server's, or from before its last start");
  const Timestamp until = time_from(content);
  if (now >= until || now < until - 2 * kLife) return refused("it has expired");
  const std::lock_guard lock(mutex_);
  std::erase_if(used_, [&](const auto& entry) { return now >= entry.second; });
  if (used_.size() >= kMaxUsed) return fail(Errc::unavailable, "too many copies enrol at once");
  if (!used_.emplace(text, until).second) return refused("it was used already");
  return {};
}

}  // namespace hale::fleet
