#pragma once
#include <openssl/ssl.h>

namespace hale::fleet {

/// Session tickets under keys of this process's own, in memory only: a new key every 12 hours, its predecessor still
/// read, both gone with the context. So a ticket lives at most a day, and none outlives the server. Every resumption
/// gives a new ticket. False: OpenSSL refused.
bool use_rotating_tickets(SSL_CTX* context);

}  // namespace hale::fleet
