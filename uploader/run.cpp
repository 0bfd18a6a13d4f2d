#include "uploader/run.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "core/text.hpp"
#include "platform/crypto.hpp"
#include "platform/secrets.hpp"
#include "uploader/drain.hpp"
#include "uploader/enrolment.hpp"
#include "uploader/file_lock.hpp"
#include "uploader/outbox.hpp"
#include "uploader/token.hpp"
#include "uploader/upload_state.hpp"

namespace hale {
namespace {

/// In a support session the outbox is looked at this often.
constexpr std::chrono::seconds kSessionPause{5};
/// Items that the server keeps for later are due again about then.
constexpr std::chrono::seconds kKeptPause{300};
/// A refused device looks again, in case that it was a mistake.
constexpr std::chrono::hours kRevokedPause{6};

/// A TLS session to resume in the next run (platform/tls_session_openssl.hpp).
constexpr const char* kSessionSecret = "tls-session";

double random_fraction() {
  std::uint64_t bits = 0;
  for (const char byte : crypto::random_bytes(7)) bits = bits << 8 | static_cast<unsigned char>(byte);
  return static_cast<double>(bits >> 3) / 9007199254740992.0;  // 53 bits
}

std::filesystem::path database_path(const std::filesystem::path& state_folder) { return state_folder / "hale.db"; }

Result<Database> open_database(const std::filesystem::path& state_folder) {
  const auto path = database_path(state_folder);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return fail(Errc::not_found, path.string() + " does not exist: the agent (haled) has not run here yet");
  }
  // A lost settle is repeated and found again by its ids, so no run waits for the disk.
  return Database::open(path, DatabaseOptions{.durable = false});
}

/// One run, from the lock to the report.
class Run {
 public:
  Run(const UploadOptions& options, const Clock& clock, Database& database, std::string spool_key)
      : options_(options), clock_(clock), database_(database), outbox_(database, std::move(spool_key)) {}

  UploadReport go();

 private:
  Result<Identity> find_identity();
  Result<Identity> leave_and_enroll(const Identity& copied);
  Result<Identity> enroll_anew(const Identity& copied);
  Result<> may_enroll_anew(const std::string& what);
  Result<CopyEnrolled> ask_fleet_for_copy(const Identity& copied);
  bool may_upload(const Identity& identity);
  Result<std::string> read_meta(std::string_view name);
  bool may_try();
  bool renew_if_due(Identity& identity);
  bool renew_after_refusal(Identity& identity, const std::string& refusal);
  bool take_renewal(Identity& identity, Renewed renewed);
  Result<std::unique_ptr<HttpClient>> make_client(const Identity& identity) const;
  void keep_session(const HttpClient* client) const;
  void drain(Identity identity);
  /// False: the run is over, and the report says why.
  bool drain_once(Identity& identity, std::unique_ptr<HttpClient>& client);
  bool pause(Clock::Steady until) const;
  bool cancelled() const { return options_.cancel != nullptr && options_.cancel->load(); }

  void asked_to_wait(std::uint32_t seconds);
  void failed(std::string error, std::optional<std::uint32_t> retry_after_s = {});
  void revoked(std::string error);
  void turned_away(std::string error);
  void blocked(std::string error);
  void succeeded();
  void keep_state(const UploadState& state);

  const UploadOptions& options_;
  const Clock& clock_;
  Database& database_;
  Outbox outbox_;
  UploadState state_;
  UploadReport report_;
  bool renewed_{false};
};

UploadReport Run::go() {
  const auto identity = find_identity();
  const auto state = read_upload_state(database_);
  if (state) state_ = *state;
  if (!identity) {
    blocked(identity.error().message);
  } else if (!state) {
    blocked(state.error().message);
  } else if (may_upload(*identity) && may_try()) {
    auto current = *identity;
    if (renew_if_due(current)) drain(current);
  }
  const auto waiting = outbox_.waiting();
  if (waiting) report_.waiting = *waiting;
  if (!waiting) blocked(waiting.error().message);
  // What the server keeps for later.
  const bool kept = report_.exit == UploadExit::done && report_.waiting > 0;
  if (kept && !report_.retry_after_s) report_.retry_after_s = static_cast<std::uint32_t>(kKeptPause.count());
  return report_;
}

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

/// The user's word is in the agent's database; without it nothing goes out, whoever started this program. It was given
/// for one enrolment: another fleet, or another device, asks anew.
bool Run::may_upload(const Identity& identity) {
  const auto consent = read_meta("consent");
  const auto device = read_meta("uploading_for");
  if (!consent || !device) {
    blocked("the agent's database: " + (consent ? device : consent).error().message);
  } else if (*consent == "paused") {
    blocked("uploads are paused (hale privacy)");
  } else if (*consent != "granted" || *device != identity.device_id) {
    blocked("nobody has agreed to uploads to " + identity.fleet_url + " yet (hale privacy)");
  } else {
    return true;
  }
  return false;
}

Result<std::string> Run::read_meta(std::string_view name) {
  auto query = database_.prepare("SELECT value FROM meta WHERE name = ?");
  if (!query) return fail(query.error());
  const auto row = query->bind(1, name).step();
  if (!row) return fail(row.error());
  return *row ? query->column_blob(0) : std::string{};
}

bool Run::may_try() {
  const auto left = time_left(state_, clock_.now());
  if (left.count() == 0 || (options_.now && !state_.server_asked)) return true;
  report_.exit = state_.revoked ? UploadExit::revoked : UploadExit::later;
  report_.retry_after_s = static_cast<std::uint32_t>(left.count());
  report_.error = state_.error;
  return false;
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

Result<std::unique_ptr<HttpClient>> Run::make_client(const Identity& identity) const {
  auto key = Secrets(options_.state_folder).get(identity.key_name);
  if (!key) return fail(key.error().code, "the device's key: " + key.error().message + "; enrol this PC again");
  return HttpClient::make(TlsOptions{.ca_pem = identity.ca_pem,
                                     .ca_sha256 = {},
                                     .certificate_pem = identity.certificate_pem,
                                     .private_key_pem = std::move(*key),
                                     .session_for = identity.fleet_url,
                                     .session = Secrets(options_.state_folder).get(kSessionSecret).value_or("")},
                          options_.proxy);
}

/// The next run's handshake then costs the fleet a tenth. Nothing depends on it: a failure to keep it is no error.
void Run::keep_session(const HttpClient* client) const {
  const auto session = client != nullptr ? client->session() : std::nullopt;
  if (session) static_cast<void>(Secrets(options_.state_folder).put(kSessionSecret, *session));
}

void Run::drain(Identity identity) {
  const auto until = clock_.steady() + options_.session;
  std::unique_ptr<HttpClient> client;
  do {
    const auto waiting = outbox_.waiting();
    if (!waiting) return blocked(waiting.error().message);
    const bool goes_on = *waiting == 0 || drain_once(identity, client);
    keep_session(client.get());
    if (!goes_on) return;
  } while (pause(until));
}

bool Run::drain_once(Identity& identity, std::unique_ptr<HttpClient>& client) {
  while (true) {
    if (!client) {
      auto made = make_client(identity);
      if (!made) {
        failed(made.error().message);
        return false;
      }
      client = std::move(*made);
    }
    const auto drained = Drain(outbox_, *client, identity.fleet_url, identity.device_id, clock_, options_.cancel).run();
    report_.sent += drained.sent;
    switch (drained.end) {
      case DrainEnd::empty:
        succeeded();
        return true;
      case DrainEnd::later:
        drained.error.empty() ? asked_to_wait(drained.retry_after_s.value_or(0))
                              : failed(drained.error, drained.retry_after_s);
        return false;
      case DrainEnd::revoked:
        if (!renew_after_refusal(identity, drained.error)) return false;
        client.reset();
        break;
      case DrainEnd::copied: {
        if (!report_.enrolled_as.empty()) {  // just enrolled: a fleet that says so again is not believed
          failed(drained.error);
          return false;
        }
        const auto own = leave_and_enroll(identity);
        if (!own) {
          blocked(own.error().message);
          return false;
        }
        if (!may_upload(*own)) return false;  // its user is asked first
        identity = *own;
        client.reset();
        break;
      }
      case DrainEnd::interrupted:
        blocked(drained.error);
        return false;
    }
  }
}

/// False: the session is over.
bool Run::pause(Clock::Steady until) const {
  const auto wake = clock_.steady() + kSessionPause;
  while (!cancelled() && clock_.steady() < until) {
    if (clock_.steady() >= wake) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
  }
  return false;
}

/// Everything went well, and the server wants no more for now.
void Run::asked_to_wait(std::uint32_t seconds) {
  const auto wait = std::min(std::chrono::seconds{seconds}, kLongestRetryAfter);
  keep_state({.delay = {}, .not_before = clock_.now() + wait, .server_asked = true, .revoked = false, .error = {}});
  report_.retry_after_s = static_cast<std::uint32_t>(wait.count());
  report_.exit = UploadExit::later;
}

void Run::failed(std::string error, std::optional<std::uint32_t> retry_after_s) {
  const auto state = after_failure(state_, clock_.now(), std::move(error), retry_after_s, random_fraction);
  keep_state(state);
  report_.exit = UploadExit::later;
  report_.error = state.error;
  report_.retry_after_s = static_cast<std::uint32_t>(time_left(state, clock_.now()).count());
}

void Run::revoked(std::string error) {
  UploadState state{.delay = {},
                    .not_before = clock_.now() + kRevokedPause,
                    .server_asked = false,
                    .revoked = true,
                    .error = std::move(error)};
  keep_state(state);
  report_.exit = UploadExit::revoked;
  report_.error = state.error;
  report_.retry_after_s = static_cast<std::uint32_t>(std::chrono::seconds{kRevokedPause}.count());
}

/// A copy that the fleet does not take by itself: looks again, in case that its policy changes.
void Run::turned_away(std::string error) {
  keep_state({.delay = kLongestDelay,
              .not_before = clock_.now() + kRevokedPause,
              .server_asked = false,
              .revoked = false,
              .error = std::move(error)});
  report_.exit = UploadExit::later;
  report_.error = state_.error;
  report_.retry_after_s = static_cast<std::uint32_t>(std::chrono::seconds{kRevokedPause}.count());
}

void Run::blocked(std::string error) {
  report_.exit = UploadExit::later;
  if (report_.error.empty()) report_.error = std::move(error);
}

void Run::succeeded() {
  if (state_ != UploadState{}) keep_state({});
}

void Run::keep_state(const UploadState& state) {
  state_ = state;
  if (auto done = write_upload_state(database_, state); !done)
    blocked("keeping the time of the next try: " + done.error().message);
}

UploadReport refused(std::string error) {
  return {.exit = UploadExit::later,
          .sent = 0,
          .waiting = 0,
          .retry_after_s = {},
          .enrolled_as = {},
          .error = std::move(error)};
}

}  // namespace

Result<> leave_copied_identity(const std::filesystem::path& state_folder, const Identity& identity, Timestamp boot_time,
                               const Clock& clock) {
  std::error_code error;
  if (std::filesystem::exists(database_path(state_folder), error)) {
    auto database = open_database(state_folder);
    if (!database) return fail(database.error());
    const auto reason = "queued on another PC (device " + identity.device_id + "), of whose disk this is a copy";
    if (auto done = Outbox(*database, {}).set_aside_before(boot_time, reason, clock.now()); !done)
      return fail(done.error());
  }
  return set_identity_aside(state_folder, identity);
}

Result<> forget_failures(const std::filesystem::path& state_folder) {
  std::error_code error;
  if (!std::filesystem::exists(database_path(state_folder), error)) return {};
  auto database = open_database(state_folder);
  if (!database) return fail(database.error());
  const auto state = read_upload_state(*database);
  if (!state) return fail(state.error());
  return *state == UploadState{} ? Result<>{} : write_upload_state(*database, {});
}

UploadReport run_upload(const UploadOptions& options, const Clock& clock) {
  const auto lock = FileLock::take(options.state_folder / "upload.lock");
  if (!lock) return refused(lock.error().message);
  auto database = open_database(options.state_folder);
  if (!database) return refused(database.error().message);
  auto key = Secrets(options.state_folder).spool_key();
  if (!key) return refused("the spool's key: " + key.error().message);
  return Run(options, clock, *database, *std::move(key)).go();
}

std::string to_json_line(const UploadReport& report) {
  nlohmann::ordered_json line{{"sent", report.sent}, {"waiting", report.waiting}};
  if (report.retry_after_s) line["retry_after_s"] = *report.retry_after_s;
  if (!report.enrolled_as.empty()) line["enrolled"] = report.enrolled_as;
  if (!report.error.empty()) line["error"] = sanitize_utf8(report.error, 1000);
  return line.dump();
}

}  // namespace hale
