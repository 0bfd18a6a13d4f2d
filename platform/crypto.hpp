#pragma once
#include <string>
#include <string_view>

#include "core/result.hpp"

/// The few primitives that every program may use (libsodium; TLS stays in hale-upload and hale-fleet). Binary strings unless said otherwise. Thread-safe.
namespace hale::crypto {

std::string random_bytes(std::size_t count);
std::string random_uuid();                                   ///< version 4, lower case
std::string hash_hex(std::string_view bytes, std::string_view key = {});  ///< BLAKE2b-256, hex; keyed when a key is given (16..64 bytes)
std::string to_hex(std::string_view bytes);
Result<std::string> from_hex(std::string_view hex);
std::string to_base64(std::string_view bytes);
Result<std::string> from_base64(std::string_view text);
std::string to_base64url(std::string_view bytes);            ///< URL-safe alphabet, no padding: tokens
Result<std::string> from_base64url(std::string_view text);

/// XChaCha20-Poly1305 with a random nonce in front. `key` is 32 bytes (any other length is hashed to it); `context` is authenticated, not stored.
std::string seal(std::string_view plain, std::string_view key, std::string_view context);
Result<std::string> open(std::string_view sealed, std::string_view key, std::string_view context);

struct SigningKey { std::string public_key; std::string secret_key; };  ///< Ed25519, 32 / 64 bytes
SigningKey make_signing_key();
std::string sign(std::string_view message, std::string_view secret_key);  ///< 64 bytes; empty when the key is none
bool verify(std::string_view message, std::string_view signature, std::string_view public_key);

/// Argon2id, memory-hard (64 MiB, 2 passes); the text carries its own salt and parameters.
Result<std::string> hash_password(std::string_view password);
bool check_password(std::string_view password, std::string_view hashed);

}  // namespace hale::crypto
