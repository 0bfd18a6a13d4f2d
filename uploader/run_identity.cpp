// A run's identity: this PC's own, one of its own for a copied disk, and its renewal.
#include <utility>

#include "platform/secrets.hpp"
#include "uploader/run_steps.hpp"
#include "uploader/token.hpp"

namespace hale {

Result<Identity> Run::find_identity() {
  auto identity = read_identity(options_.state_folder);
  if (identity && same_hardware(identity->hardware, options_.hardware)) return identity;
  if (identity) return leave_and_enroll(*identity);
  if (identity.error().code != Errc::not_found) return identity;
  const auto copied = read_previous_identity(options_.state_folder);
  if (copied) return enroll_anew(*copied);
  return copied.error().code == Errc::not_found ? identity : copied;
}

Result<Identity> Run::leave_and_enroll(const Identity& copied) {
  if (auto done = leave_copied_identity(options_.state_folder, copied, options_.boot_time, clock_); !done)
    return fail(done.error());
  return enroll_anew(copied);
}

/// The person's no holds for a copy of the disk as well; a yes, or none yet, was for another identity: the new one is
/// asked about before anything is uploaded.
Result<> Run::may_enroll_anew(const std::string& what) {
  const auto consent = read_meta("consent");
  if (!consent) return fail(consent.error());
  if (*consent == "refused" || *consent == "withdrawn" || *consent == "paused")
    return fail(Errc::permission, what + "; uploads are " + *consent + " (hale privacy), so no new one is asked for");
  const auto state = read_upload_state(database_);
  if (!state) return fail(state.error());
  state_ = *state;
  const auto left = time_left(state_, clock_.now());
  if (left.count() == 0 || (options_.now && !state_.server_asked)) return {};
  report_.retry_after_s = static_cast<std::uint32_t>(left.count());
  return fail(Errc::unavailable, what + "; enrolling it anew waits: " + state_.error);
}

Result<CopyEnrolled> Run::ask_fleet_for_copy(const Identity& copied) {
  const EnrolmentOptions options{.state_folder = options_.state_folder,
                                 .url = copied.fleet_url,
                                 .hardware = options_.hardware,
                                 .previous = copied.device_id,
                                 .system = options_.system,
                                 .proxy = options_.proxy,
                                 .cancel = options_.cancel};
  const auto text = Secrets(options_.state_folder).get("enrolment-token");
  if (!text) return enroll_copy(options, copied);
  const auto token = parse_token(*text);
  if (!token) return fail(token.error());
  auto enrolled = enroll(options, *token);
  // A kept token may have ended; the old key may still do.
  if (!enrolled && enrolled.error().code == Errc::permission) return enroll_copy(options, copied);
  if (!enrolled) return fail(enrolled.error());
  return CopyEnrolled{CopyAnswer::enrolled, std::move(*enrolled), {}};
}

Result<Identity> Run::enroll_anew(const Identity& copied) {
  const std::string what =
      "this disk is a copy of another PC's (device " + copied.device_id + "), whose identity is not used here";
  if (auto may = may_enroll_anew(what); !may) return fail(may.error());
  auto asked = ask_fleet_for_copy(copied);
  if (asked && asked->answer == CopyAnswer::enrolled) {
    report_.enrolled_as = asked->identity.device_id;
    succeeded();
    return std::move(asked->identity);
  }
  const bool forbidden = asked && asked->answer == CopyAnswer::forbidden;
  auto waiting = copied;
  waiting.standing = !asked ? "waiting" : forbidden ? "forbidden" : "refused";
  if (auto done = set_identity_aside(options_.state_folder, waiting); !done) return fail(done.error());
  if (!asked) {
    failed(what + "; enrolling it anew failed: " + asked.error().message);
    return fail(asked.error().code, report_.error);
  }
  const std::string by_hand = "an administrator enrols it: hale enroll " + copied.fleet_url + " --token-file FILE";
  turned_away(what + (forbidden ? "; the fleet lets no copy enrol by itself (" : "; the fleet refused it (") +
              asked->reason + "). Nothing was sent; " + by_hand);
  return fail(Errc::permission, report_.error);
}

bool Run::renew_if_due(Identity& identity) {
  if (!renewal_due(identity, clock_.now())) return true;
  auto renewed = renew(options_.state_folder, identity, options_.proxy, options_.cancel);
  if (renewed) return take_renewal(identity, std::move(*renewed));
  if (identity.certificate_not_after > clock_.now()) return true;  // days are left: the next run tries again
  failed("this PC's certificate expired at " + to_rfc3339(identity.certificate_not_after) + ": " +
         renewed.error().message);
  return false;
}

/// 401 may mean no more than that the certificate has expired by the fleet's clock: renewal tells, once a run.
bool Run::renew_after_refusal(Identity& identity, const std::string& refusal) {
  if (renewed_) {
    revoked(refusal);
    return false;
  }
  auto renewed = renew(options_.state_folder, identity, options_.proxy, options_.cancel);
  if (renewed) return take_renewal(identity, std::move(*renewed));
  failed(refusal + "; and " + renewed.error().message);
  return false;
}

bool Run::take_renewal(Identity& identity, Renewed renewed) {
  renewed_ = true;
  if (renewed.revoked) {
    revoked("the fleet no longer accepts this PC: its certificate is revoked or unknown (" + renewed.reason +
            "); ask the fleet's administrator");
    return false;
  }
  identity = std::move(renewed.identity);
  return true;
}

}  // namespace hale
