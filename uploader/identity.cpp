#include "uploader/identity.hpp"

#include <nlohmann/json.hpp>
#include <system_error>

#include "core/codec.hpp"
#include "platform/files.hpp"
#include "platform/secrets.hpp"

namespace hale {
namespace {

constexpr std::size_t kMaxIdentity = 256u << 10;
constexpr const char* kFile = "identity.json";
constexpr const char* kPreviousFile = "identity.previous.json";

nlohmann::json to_document(const Identity& identity) {
  nlohmann::json document{{"version", 1},
                          {"device", identity.device_id},
                          {"fleet", identity.fleet_url},
                          {"ca", identity.ca_pem},
                          {"certificate", identity.certificate_pem},
                          {"not_after", to_rfc3339(identity.certificate_not_after)},
                          {"command_key", identity.command_key},
                          {"hardware", identity.hardware},
                          {"organization", identity.organization},
                          {"consent_required", identity.consent_required},
                          {"key_name", identity.key_name}};
  if (!identity.standing.empty()) document["standing"] = identity.standing;
  return document;
}

/// Takes members out of the document and remembers the first that is wrong.
class Members {
 public:
  explicit Members(const nlohmann::json& document) : document_(document) {}

  std::string text(const char* name, bool may_be_empty = false) {
    const auto found = document_.find(name);
    if (found == document_.end() || !found->is_string() ||
        (!may_be_empty && found->get_ref<const std::string&>().empty())) {
      return wrong(name, "a text");
    }
    return found->get<std::string>();
  }
  bool flag(const char* name) {
    const auto found = document_.find(name);
    if (found == document_.end() || !found->is_boolean()) {
      wrong(name, "true or false");
      return true;
    }
    return found->get<bool>();
  }
  std::string wrong(const char* name, const char* expected) {
    if (problem_.empty()) problem_ = std::string("\"") + name + "\" must be " + expected;
    return {};
  }
  const std::string& problem() const { return problem_; }

 private:
  const nlohmann::json& document_;
  std::string problem_;
};

Result<Identity> from_document(const nlohmann::json& document) {
  if (!document.is_object()) return fail(Errc::invalid_input, "not a JSON object");
  const auto version = document.find("version");
  if (version == document.end() || !version->is_number_integer())
    return fail(Errc::invalid_input, "\"version\" must be a number");
  if (*version != 1) return fail(Errc::unsupported, "written by a newer Hale (version " + version->dump() + ")");
  Members members(document);
  Identity identity;
  identity.device_id = members.text("device");
  identity.fleet_url = members.text("fleet");
  identity.ca_pem = members.text("ca");
  identity.certificate_pem = members.text("certificate");
  const auto not_after = parse_rfc3339(members.text("not_after"));
  if (not_after) identity.certificate_not_after = *not_after;
  if (!not_after) members.wrong("not_after", "a time");
  identity.command_key = members.text("command_key", true);
  identity.hardware = members.text("hardware", true);
  identity.organization = members.text("organization", true);
  identity.consent_required = members.flag("consent_required");
  identity.key_name = members.text("key_name");
  if (document.contains("standing")) identity.standing = members.text("standing");
  if (!members.problem().empty()) return fail(Errc::invalid_input, members.problem());
  return identity;
}

Result<Identity> read_from(const std::filesystem::path& path) {
  const auto text = read_file(path, kMaxIdentity);
  if (!text) {
    if (text.error().code == Errc::not_found)
      return fail(Errc::not_found, "this PC is not enrolled (" + path.string() + " does not exist)");
    return fail(Error(text.error()).with_context(path.string()));
  }
  auto identity = parse_json(*text, kMaxIdentity, 8).and_then(from_document);
  if (!identity) {
    return fail(identity.error().code,
                path.string() + ": " + identity.error().message + "; enrol this PC again (hale enroll URL)");
  }
  return identity;
}

Result<> remove_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) return fail(Errc::io, "removing " + path.string() + ": " + error.message());
  return {};
}

}  // namespace

Result<Identity> read_identity(const std::filesystem::path& state_folder) { return read_from(state_folder / kFile); }

Result<> write_identity(const std::filesystem::path& state_folder, const Identity& identity) {
  return write_file_atomically(state_folder / kFile, to_document(identity).dump(2) + "\n", 0640);
}

Result<> erase_identity(const std::filesystem::path& state_folder) {
  Secrets secrets(state_folder);
  for (const auto* name : {"client-key.a", "client-key.b", "enrolment-token", "tls-session"}) {
    if (auto done = secrets.erase(name); !done) return done;
  }
  if (auto done = remove_file(state_folder / kFile); !done) return done;
  return erase_previous_identity(state_folder);
}

Result<> set_identity_aside(const std::filesystem::path& state_folder, const Identity& identity) {
  // In this order a crash in between leaves the copied identity to be found out again.
  if (auto done = write_file_atomically(state_folder / kPreviousFile, to_document(identity).dump(2) + "\n", 0640);
      !done)
    return done;
  return remove_file(state_folder / kFile);
}

Result<Identity> read_previous_identity(const std::filesystem::path& state_folder) {
  return read_from(state_folder / kPreviousFile);
}

Result<> erase_previous_identity(const std::filesystem::path& state_folder) {
  const auto previous = read_previous_identity(state_folder);
  const auto current = read_identity(state_folder);
  // A damaged one says no key; an unknown key then stays, of no use without its certificate.
  if (previous && (!current || current->key_name != previous->key_name)) {
    if (auto done = Secrets(state_folder).erase(previous->key_name); !done) return done;
  }
  return remove_file(state_folder / kPreviousFile);
}

}  // namespace hale
