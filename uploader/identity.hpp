#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"

namespace hale {

/// Who this device is to its fleet. The public part lives in <state>/identity.json, keys in the secret store.
struct Identity {
  std::string device_id;     ///< UUID given by the fleet
  std::string fleet_url;     ///< https://host:port
  std::string ca_pem;        ///< pinned at enrolment
  std::string certificate_pem;
  Timestamp certificate_not_after;
  std::string command_key;   ///< base64 Ed25519 public key of the fleet's command signer
  std::string hardware;      ///< fingerprint of the hardware it was made on; another one = a cloned disk
  std::string organization;  ///< shown to the user: who sees the uploads
};

/// Reads the identity; not_found before enrolment. Does not need TLS libraries, so haled may ask "are we enrolled, with whom".
Result<Identity> read_identity(const std::filesystem::path& state_folder);
Result<> write_identity(const std::filesystem::path& state_folder, const Identity& identity);
Result<> erase_identity(const std::filesystem::path& state_folder);

/// Parts of this PC that a copied disk does not bring along (DMI product UUID, board serial, first network card, CPU), each hashed.
std::string hardware_fingerprint(const std::filesystem::path& sys_root, const std::filesystem::path& proc_root);
/// The same PC? At least half of the known parts agree (a new network card or board serial is still the same PC).
bool same_hardware(std::string_view a, std::string_view b);

}  // namespace hale
