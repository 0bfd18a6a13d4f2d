#include "fleet/service/data_folder.hpp"

#include <algorithm>
#include <chrono>

#include "platform/files.hpp"

namespace hale::fleet {
namespace {

constexpr std::size_t kMaxFile = 64u << 10;
constexpr std::chrono::days kRenewBefore{60};

Result<std::string> read_part(const std::filesystem::path& folder, const char* name) {
  auto text = read_file(folder / name, kMaxFile);
  if (text) return text;
  if (text.error().code == Errc::not_found) {
    return fail(Errc::not_found, folder.string() + " holds no fleet (" + name +
                                     " is missing); make one with: hale-fleet init --data " + folder.string());
  }
  return fail(std::move(text.error()).with_context((folder / name).string()));
}

Result<> write_all(const std::filesystem::path& folder, const std::vector<std::pair<const char*, std::string>>& files) {
  for (const auto& [name, text] : files) {
    const bool secret = std::string_view(name).ends_with(".key");
    if (auto written = write_file_atomically(folder / name, text, secret ? 0600 : 0644); !written) return written;
  }
  return {};
}

Result<IssuedCertificate> issue_for(const CertificateAuthority& authority, const std::vector<std::string>& hosts,
                                    Timestamp now) {
  auto issued = authority.issue_server(server_names(hosts), now);
  if (issued) issued->pem += authority.certificate_pem();
  return issued;
}

// The names are kept beside the certificate, so that a changed list is noticed without reading extensions.
std::string names_text(const std::vector<std::string>& hosts) {
  std::string text;
  for (const auto& name : server_names(hosts)) text += name + "\n";
  return text;
}

}  // namespace

std::vector<std::string> server_names(const std::vector<std::string>& hosts) {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  for (const auto& host : hosts) {
    if (std::find(names.begin(), names.end(), host) == names.end()) names.push_back(host);
  }
  return names;
}

Result<FleetKeys> create_fleet_keys(const std::filesystem::path& folder, std::string_view organization,
                                    const std::vector<std::string>& hosts, Timestamp now) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::io, "making " + folder.string() + ": " + error.message());
  if (std::filesystem::exists(folder / "ca.key", error)) {
    return fail(Errc::conflict,
                folder.string() + " already holds a fleet; choose another --data, or remove that folder to start anew");
  }
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) return fail(Errc::io, "protecting " + folder.string() + ": " + error.message());
  auto authority = CertificateAuthority::create(organization, now);
  if (!authority) return fail(authority.error());
  auto server = issue_for(*authority, hosts, now);
  if (!server) return fail(server.error());
  auto ca_key = authority->key_pem();
  if (!ca_key) return fail(ca_key.error());
  const auto command = crypto::make_signing_key();
  // ca.key last: its presence says that the folder is complete.
  auto written = write_all(folder, {{"ca.pem", authority->certificate_pem()},
                                    {"server.pem", server->pem},
                                    {"server.key", server->private_key_pem},
                                    {"server.names", names_text(hosts)},
                                    {"command.key", crypto::to_base64(command.secret_key) + "\n"},
                                    {"ca.key", *ca_key}});
  if (!written) return fail(written.error());
  return FleetKeys{std::move(*authority), server->pem, server->private_key_pem, command};
}

Result<FleetKeys> load_fleet_keys(const std::filesystem::path& folder) {
  std::string parts[5];
  const char* names[5] = {"ca.key", "ca.pem", "server.pem", "server.key", "command.key"};
  for (int i = 0; i < 5; ++i) {
    auto text = read_part(folder, names[i]);
    if (!text) return fail(text.error());
    parts[i] = std::move(*text);
  }
  auto authority = CertificateAuthority::load(parts[1], parts[0]);
  if (!authority) return fail(std::move(authority.error()).with_context(folder.string()));
  auto secret = crypto::from_base64(parts[4].substr(0, parts[4].find('\n')));
  if (!secret || secret->size() != 64)
    return fail(Errc::invalid_input,
                (folder / "command.key").string() + ": expected 64 bytes in base64; restore it from a backup");
  // An Ed25519 secret key ends with its public key.
  return FleetKeys{std::move(*authority), parts[2], parts[3], {secret->substr(32), *secret}};
}

Result<> refresh_server_certificate(const std::filesystem::path& folder, FleetKeys& keys,
                                    const std::vector<std::string>& hosts, Timestamp now) {
  const auto facts = facts_of_pem(keys.server_pem);
  const auto known = read_file(folder / "server.names", kMaxFile);
  if (facts && facts->not_after - now > kRenewBefore && known && *known == names_text(hosts)) return {};
  auto server = issue_for(keys.authority, hosts, now);
  if (!server) return fail(server.error());
  keys.server_pem = server->pem;
  keys.server_key_pem = server->private_key_pem;
  return write_all(
      folder,
      {{"server.key", server->private_key_pem}, {"server.pem", server->pem}, {"server.names", names_text(hosts)}});
}

}  // namespace hale::fleet
