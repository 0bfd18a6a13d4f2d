#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "fleet/service/certificates.hpp"
#include "platform/crypto.hpp"

namespace hale::fleet {

/// What a fleet is, apart from its database: the files of its data folder. Private keys have mode 0600.
///   ca.pem, ca.key            the fleet's own CA
///   server.pem, server.key    the certificate of both listeners (server, then CA)
///   command.key               base64 Ed25519 secret key that signs commands
///   fleet.db, telemetry/      the database (fleet/store)
struct FleetKeys {
  CertificateAuthority authority;
  std::string server_pem;
  std::string server_key_pem;
  crypto::SigningKey command;
};

/// Makes the folder's keys and certificates. Refuses a folder that already holds a fleet (conflict).
Result<FleetKeys> create_fleet_keys(const std::filesystem::path& folder, std::string_view organization,
                                    const std::vector<std::string>& hosts, Timestamp now);
/// Reads them; not_found says to run `hale-fleet init`.
Result<FleetKeys> load_fleet_keys(const std::filesystem::path& folder);
/// Issues the server certificate anew when it ends within 60 days or does not name every host.
Result<> refresh_server_certificate(const std::filesystem::path& folder, FleetKeys& keys,
                                    const std::vector<std::string>& hosts, Timestamp now);

/// localhost and the loopback addresses, then the named hosts, each once.
std::vector<std::string> server_names(const std::vector<std::string>& hosts);

}  // namespace hale::fleet
