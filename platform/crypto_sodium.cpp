#include <sodium.h>

#include <cstdlib>

#include "platform/crypto.hpp"

namespace hale::crypto {
namespace {

constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

/// Must run before anything else of the library. Without a source of randomness nothing may go on.
void ensure_ready() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string hash(std::string_view bytes, std::string_view key) {
  std::string digest(crypto_generichash_BYTES, '\0');
  crypto_generichash(bytes_of(digest), digest.size(), bytes_of(bytes), bytes.size(), bytes_of(key), key.size());
  return digest;
}

/// A key of the right length as it is, any other hashed to it.
std::string fitted_key(std::string_view key, std::size_t low, std::size_t high) {
  return key.size() >= low && key.size() <= high ? std::string(key) : hash(key, {});
}

std::string encode_base64(std::string_view bytes, int variant) {
  ensure_ready();
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes_of(bytes), bytes.size(), variant);
  text.pop_back();  // the terminating zero
  return text;
}

Result<std::string> decode_base64(std::string_view text, int variant, std::string_view what) {
  ensure_ready();
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int code = sodium_base642bin(bytes_of(bytes), bytes.size(), text.data(), text.size(), nullptr, &size, &end, variant);
  const auto read = end == nullptr ? text.size() : static_cast<std::size_t>(end - text.data());
  if (code != 0 || read != text.size()) return fail(Errc::invalid_input, "not " + std::string(what) + " at character " + std::to_string(read + 1));
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::string random_bytes(std::size_t count) {
  ensure_ready();
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), count);
  return bytes;
}

std::string random_uuid() {
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  std::string text = to_hex(bytes);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

std::string hash_hex(std::string_view bytes, std::string_view key) {
  ensure_ready();
  return to_hex(hash(bytes, key.empty() ? std::string() : fitted_key(key, crypto_generichash_KEYBYTES_MIN, crypto_generichash_KEYBYTES_MAX)));
}

std::string to_hex(std::string_view bytes) {
  std::string text(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes_of(bytes), bytes.size());
  text.pop_back();  // the terminating zero
  return text;
}

Result<std::string> from_hex(std::string_view hex) {
  std::string bytes(hex.size() / 2, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int code = sodium_hex2bin(bytes_of(bytes), bytes.size(), hex.data(), hex.size(), nullptr, &size, &end);
  const auto read = end == nullptr ? hex.size() : static_cast<std::size_t>(end - hex.data());
  if (code != 0 || read != hex.size()) return fail(Errc::invalid_input, "not hexadecimal at character " + std::to_string(read + 1));
  return bytes;
}

std::string to_base64(std::string_view bytes) { return encode_base64(bytes, sodium_base64_VARIANT_ORIGINAL); }

Result<std::string> from_base64(std::string_view text) { return decode_base64(text, sodium_base64_VARIANT_ORIGINAL, "base64"); }

std::string to_base64url(std::string_view bytes) { return encode_base64(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING); }

Result<std::string> from_base64url(std::string_view text) {
  return decode_base64(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING, "base64url");
}

std::string seal(std::string_view plain, std::string_view key, std::string_view context) {
  const std::string exact_key = fitted_key(key, kKeyBytes, kKeyBytes);
  std::string sealed = random_bytes(kNonceBytes);
  sealed.resize(kNonceBytes + plain.size() + kTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(sealed) + kNonceBytes, nullptr, bytes_of(plain), plain.size(), bytes_of(context), context.size(),
                                             nullptr, bytes_of(sealed), bytes_of(std::string_view(exact_key)));
  return sealed;
}

Result<std::string> open(std::string_view sealed, std::string_view key, std::string_view context) {
  ensure_ready();
  if (sealed.size() < kNonceBytes + kTagBytes) return fail(Errc::invalid_input, "sealed bytes are cut short");
  const std::string exact_key = fitted_key(key, kKeyBytes, kKeyBytes);
  std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
  const auto secret = sealed.substr(kNonceBytes);
  const int code = crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(plain), nullptr, nullptr, bytes_of(secret), secret.size(), bytes_of(context),
                                                              context.size(), bytes_of(sealed), bytes_of(std::string_view(exact_key)));
  if (code != 0) return fail(Errc::invalid_input, "sealed bytes do not open: another key or context, or they were changed");
  return plain;
}

SigningKey make_signing_key() {
  ensure_ready();
  SigningKey key{std::string(crypto_sign_PUBLICKEYBYTES, '\0'), std::string(crypto_sign_SECRETKEYBYTES, '\0')};
  crypto_sign_keypair(bytes_of(key.public_key), bytes_of(key.secret_key));
  return key;
}

std::string sign(std::string_view message, std::string_view secret_key) {
  ensure_ready();
  if (secret_key.size() != crypto_sign_SECRETKEYBYTES) return {};
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(bytes_of(signature), nullptr, bytes_of(message), message.size(), bytes_of(secret_key));
  return signature;
}

bool verify(std::string_view message, std::string_view signature, std::string_view public_key) {
  ensure_ready();
  if (signature.size() != crypto_sign_BYTES || public_key.size() != crypto_sign_PUBLICKEYBYTES) return false;
  return crypto_sign_verify_detached(bytes_of(signature), bytes_of(message), message.size(), bytes_of(public_key)) == 0;
}

Result<std::string> hash_password(std::string_view password) {
  ensure_ready();
  std::string hashed(crypto_pwhash_STRBYTES, '\0');
  constexpr unsigned long long kPasses = 2;
  constexpr std::size_t kMemory = 64u << 20;
  if (crypto_pwhash_str(hashed.data(), password.data(), password.size(), kPasses, kMemory) != 0) {
    return fail(Errc::unavailable, "not enough memory to hash a password (64 MiB are needed)");
  }
  hashed.resize(hashed.find('\0'));
  return hashed;
}

bool check_password(std::string_view password, std::string_view hashed) {
  ensure_ready();
  return crypto_pwhash_str_verify(std::string(hashed).c_str(), password.data(), password.size()) == 0;
}

}  // namespace hale::crypto
