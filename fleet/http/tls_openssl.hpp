#pragma once
#include <openssl/ssl.h>

#include <memory>

#include "core/result.hpp"
#include "fleet/http/message.hpp"
#include "fleet/http/server.hpp"

namespace hale::fleet {

struct SslContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextFree>;

/// TLS 1.3 only, one ticket a connection, session id context set (resumption with client certificates needs it). A
/// client certificate that does not verify does not end the handshake: the request is then answered with words (401)
/// instead of a TLS alert that nobody understands.
Result<SslContext> make_server_context(const TlsFiles& files, ClientCertificates client_certificates);

/// What the client showed; null when it showed none. Expiry is not judged here: it is checked at every request.
std::shared_ptr<const PeerCertificate> read_peer(SSL* ssl);

}  // namespace hale::fleet
