#include "agent/service/consent.hpp"

#include <nlohmann/json.hpp>

#include "agent/service/json_fields.hpp"
#include "core/codec.hpp"
#include "platform/files.hpp"

namespace hale::agent {
namespace {

std::filesystem::path file_in(const std::filesystem::path& state_folder) { return state_folder / "consent.json"; }

}  // namespace

std::string_view to_string(ConsentState state) {
  switch (state) {
    case ConsentState::not_asked:
      return "not_asked";
    case ConsentState::granted:
      return "granted";
    case ConsentState::refused:
      return "refused";
    case ConsentState::withdrawn:
      return "withdrawn";
  }
  return {};
}

Consent read_consent(const std::filesystem::path& state_folder) {
  const auto text = read_file(file_in(state_folder), 16 << 10);
  if (!text) return {};
  const auto document = parse_json(*text, 16 << 10, 4);
  if (!document || !document->is_object()) return {};
  Consent consent;
  const auto word = text_field(*document, "state");
  for (const auto state : {ConsentState::granted, ConsentState::refused, ConsentState::withdrawn})
    if (to_string(state) == word) consent.state = state;
  if (const auto since = parse_rfc3339(text_field(*document, "since"))) consent.since = *since;
  if (const auto until = parse_rfc3339(text_field(*document, "paused_until"))) consent.paused_until = *until;
  consent.device = text_field(*document, "device");
  return consent;
}

Result<> write_consent(const std::filesystem::path& state_folder, const Consent& consent) {
  nlohmann::json document{
      {"state", to_string(consent.state)}, {"since", to_rfc3339(consent.since)}, {"device", consent.device}};
  if (consent.paused_until) document["paused_until"] = to_rfc3339(*consent.paused_until);
  return write_file_atomically(file_in(state_folder), document.dump() + "\n", 0640);
}

Result<> erase_consent(const std::filesystem::path& state_folder) {
  std::error_code error;
  std::filesystem::remove(file_in(state_folder), error);
  if (error) return fail(Errc::io, "removing " + file_in(state_folder).string() + ": " + error.message());
  return {};
}

}  // namespace hale::agent
