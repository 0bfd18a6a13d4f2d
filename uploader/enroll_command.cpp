#include "uploader/enroll_command.hpp"

#include <nlohmann/json.hpp>

#include "uploader/enrolment.hpp"
#include "uploader/file_lock.hpp"
#include "uploader/run.hpp"
#include "uploader/token.hpp"

namespace hale {
namespace {

/// The device id that a copied disk brought along, else empty. A working identity is a conflict unless `force`.
Result<std::string> find_previous(const EnrollCommand& command, const Clock& clock) {
  const auto identity = read_identity(command.state_folder);
  if (identity && !same_hardware(identity->hardware, command.hardware)) {
    if (auto done = leave_copied_identity(command.state_folder, *identity, command.boot_time, clock); !done)
      return fail(done.error());
    return identity->device_id;
  }
  if (identity && !command.force) {
    return fail(Errc::conflict, "this PC is enrolled already (device " + identity->device_id + ", " +
                                    identity->organization + ", " + identity->fleet_url + "); --force replaces that");
  }
  // A damaged identity is no identity; one that cannot be read, or that a newer Hale wrote, is not ours to replace
  // unasked.
  const bool usable = identity || identity.error().code == Errc::not_found ||
                      identity.error().code == Errc::invalid_input || command.force;
  if (!usable) return fail(identity.error());
  const auto copied = read_previous_identity(command.state_folder);
  return copied ? copied->device_id : std::string{};
}

}  // namespace

Result<Identity> run_enroll(const EnrollCommand& command, const Clock& clock) {
  const auto token = parse_token(command.token_text);
  if (!token) return fail(token.error());
  std::string url;
  if (!command.url.empty()) {
    auto parsed = parse_fleet_url(command.url);
    if (!parsed) return fail(parsed.error());
    url = std::move(*parsed);
  }
  const auto lock = FileLock::take(command.state_folder / "upload.lock");
  if (!lock) return fail(lock.error());
  auto previous = find_previous(command, clock);
  if (!previous) return fail(previous.error());
  auto identity = enroll(EnrolmentOptions{.state_folder = command.state_folder,
                                          .url = url,
                                          .hardware = command.hardware,
                                          .previous = *previous,
                                          .system = command.system,
                                          .proxy = command.proxy,
                                          .cancel = command.cancel},
                         *token);
  if (!identity) return identity;
  if (auto done = forget_failures(command.state_folder); !done) return fail(done.error());
  return identity;
}

std::string to_json_line(const Identity& identity) {
  const nlohmann::ordered_json line{{"device", identity.device_id},
                                    {"organization", identity.organization},
                                    {"fleet", identity.fleet_url},
                                    {"consent", identity.consent_required ? "required" : "given"},
                                    {"not_after", to_rfc3339(identity.certificate_not_after)}};
  return line.dump();
}

}  // namespace hale
