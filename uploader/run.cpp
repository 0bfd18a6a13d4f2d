#include "uploader/run.hpp"

#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "core/text.hpp"
#include "platform/secrets.hpp"
#include "uploader/drain.hpp"
#include "uploader/file_lock.hpp"
#include "uploader/run_steps.hpp"

namespace hale {
namespace {

constexpr int kCacheKib = 256;
/// In a support session the outbox is looked at this often.
constexpr std::chrono::seconds kSessionPause{5};
/// Items that the server keeps for later are due again about then.
constexpr std::chrono::seconds kKeptPause{300};

/// A TLS session to resume in the next run (platform/tls_session_openssl.hpp).
constexpr const char* kSessionSecret = "tls-session";

std::filesystem::path database_path(const std::filesystem::path& state_folder) { return state_folder / "hale.db"; }

Result<Database> open_database(const std::filesystem::path& state_folder) {
  const auto path = database_path(state_folder);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return fail(Errc::not_found, path.string() + " does not exist: the agent (haled) has not run here yet");
  }
  // A lost settle is repeated and found again by its ids, so no run waits for the disk.
  return Database::open(path, DatabaseOptions{.cache_kib = kCacheKib, .durable = false});
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
