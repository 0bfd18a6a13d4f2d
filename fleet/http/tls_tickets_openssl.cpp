#include "fleet/http/tls_tickets_openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

namespace hale::fleet {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::hours kRotation{12};

struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};
  std::array<unsigned char, 32> mac{};
  Clock::time_point born{};
};

/// Called by the listener's threads.
class TicketKeys {
 public:
  std::optional<TicketKey> current() {
    const std::lock_guard lock(mutex_);
    if (!turn()) return std::nullopt;
    return newest_;
  }
  std::optional<TicketKey> find(const unsigned char* name) {
    const std::lock_guard lock(mutex_);
    if (!turn()) return std::nullopt;
    for (const auto& key : {newest_, older_}) {
      if (key && std::memcmp(key->name.data(), name, key->name.size()) == 0) return key;
    }
    return std::nullopt;
  }

 private:
  bool turn() {
    const auto now = Clock::now();
    if (newest_ && now - newest_->born < kRotation) return true;
    TicketKey fresh;
    fresh.born = now;
    const bool random = RAND_bytes(fresh.name.data(), 16) == 1 && RAND_bytes(fresh.cipher.data(), 32) == 1 &&
                        RAND_bytes(fresh.mac.data(), 32) == 1;
    if (!random) return false;
    // After a long rest the one before is older than it may be.
    older_ = newest_ && now - newest_->born < 2 * kRotation ? newest_ : std::nullopt;
    newest_ = fresh;
    return true;
  }

  std::mutex mutex_;
  std::optional<TicketKey> newest_, older_;  // guarded by mutex_
};

void free_keys(void*, void* keys, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<TicketKeys*>(keys); }

int keys_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_keys);
  return index;
}

bool set_mac(EVP_MAC_CTX* mac, TicketKey& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

/// OpenSSL's contract: 1 = made; 0 = not one of ours, so a full handshake; 2 = read, and give a new one; < 0 = failed.
int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int making) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index()));
  auto key = making == 1 ? keys->current() : keys->find(name);
  if (!key) return making == 1 ? -1 : 0;
  if (making == 1) {
    std::memcpy(name, key->name.data(), key->name.size());
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  }
  if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, making) != 1) return -1;
  if (!set_mac(mac, *key)) return -1;
  return making == 1 ? 1 : 2;
}

}  // namespace

bool use_rotating_tickets(SSL_CTX* context) {
  auto keys = std::make_unique<TicketKeys>();
  if (SSL_CTX_set_ex_data(context, keys_index(), keys.get()) != 1) return false;
  keys.release();  // freed with the context
  SSL_CTX_set_timeout(context, std::chrono::duration_cast<std::chrono::seconds>(2 * kRotation).count());
  return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &on_ticket) == 1;
}

}  // namespace hale::fleet
