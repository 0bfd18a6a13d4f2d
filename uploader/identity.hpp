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
  std::string device_id;  ///< UUID given by the fleet
  std::string fleet_url;  ///< https://host:port
  std::string ca_pem;     ///< pinned at enrolment
  std::string certificate_pem;
  Timestamp certificate_not_after;
  std::string command_key;   ///< base64 Ed25519 public key of the fleet's command signer
  std::string hardware;      ///< fingerprint of the hardware it was made on; another one = a cloned disk
  std::string organization;  ///< shown to the user: who sees the uploads
  bool consent_required{
      true};  ///< the user is asked before the first upload; false: the organisation, which owns the PC, answered
  std::string key_name{"client-key.a"};  ///< of the private key in the secret store; changes with each new certificate
  std::string standing;  ///< only of one set aside: why this PC has no identity of its own yet: waiting | forbidden |
                         ///< refused
};

/// Reads the identity; not_found before enrolment, invalid_input when the file is damaged. Does not need TLS libraries,
/// so haled may ask "are we enrolled, with whom".
Result<Identity> read_identity(const std::filesystem::path& state_folder);
Result<> write_identity(const std::filesystem::path& state_folder, const Identity& identity);
/// Identity, keys and what was set aside of a copied one: all gone. Fine when there is none.
Result<> erase_identity(const std::filesystem::path& state_folder);

/// Puts away an identity that a copied disk brought along: nothing is uploaded with it any more; its key stays to prove
/// to the fleet, once, what this disk is a copy of. Readable through read_previous_identity. Again, with another
/// `standing`: how the fleet took that.
Result<> set_identity_aside(const std::filesystem::path& state_folder, const Identity& identity);
/// not_found when no copied identity was set aside.
Result<Identity> read_previous_identity(const std::filesystem::path& state_folder);
/// With its key. Fine when there is none.
Result<> erase_previous_identity(const std::filesystem::path& state_folder);

/// Parts of this PC that a copied disk does not bring along (DMI product UUID, board and product serial, built-in
/// network card, battery; and the CPU), each hashed: "uuid=1f…;board=…;mac=…;cpu=…". What cannot be read, or holds a
/// maker's placeholder, is left out. Never fails. `sys_root` is /sys, `proc_root` /proc.
std::string hardware_fingerprint(const std::filesystem::path& sys_root, const std::filesystem::path& proc_root);
/// The same PC? At least half of the parts known on both sides agree (a new network card or board serial is still the
/// same PC). The CPU's model, which a thousand PCs share, counts only where nothing else is known on both sides.
/// Nothing comparable: the same, for want of evidence.
bool same_hardware(std::string_view a, std::string_view b);

}  // namespace hale
