// Who may send what: enrolment, consent, pausing, forgetting; and the messages about it.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/service/agent.hpp"
#include "agent/service/language.hpp"
#include "agent/service/log.hpp"
#include "agent/texts/texts.hpp"
#include "core/codec.hpp"
#include "platform/secrets.hpp"

namespace hale::agent {
namespace {

using nlohmann::json;
constexpr const char* kConsentFingerprint = "hale.consent";

}  // namespace

bool Agent::allowed_by_anyone() const {
  if (!identity_) return false;
  if (options_.config.consent == "granted" || !identity_->consent_required)
    return consent_.state != ConsentState::withdrawn || consent_.device != identity_->device_id;
  return consent_.state == ConsentState::granted && consent_.device == identity_->device_id;
}

Result<> Agent::enrolled() {
  auto identity = read_identity(options_.state);
  if (!identity && identity.error().code != Errc::not_found)
    return fail(std::move(identity.error()).with_context("reading the enrolment"));
  identity_ = identity ? std::optional(std::move(*identity)) : std::nullopt;
  consent_ = read_consent(options_.state);
  refresh_policy();
  refresh_uploading(now());
  return {};
}

void Agent::refresh_uploading(Timestamp now) {
  const bool allowed = allowed_by_anyone();
  const auto uploading_for = store_->meta("uploading_for").value_or("");
  const auto device = identity_ && allowed ? identity_->device_id : std::string();
  const bool paused = consent_.paused_until && *consent_.paused_until > clock_.now();
  // hale-upload reads this word before it sends anything, whoever started it.
  const std::string word(allowed ? paused ? "paused" : "granted" : to_string(consent_.state));
  if (uploading_for != device || store_->meta("consent") != word) {
    UrgentChange change;
    change.meta["uploading_for"] = device;
    change.meta["consent"] = word;
    store_->write(std::move(change));
  }
  pipeline_->set_uploading(allowed, uploading_for != device, now);
  may_send_.store(allowed && !paused, std::memory_order_relaxed);
  const bool copied = !identity_ && read_previous_identity(options_.state).has_value();
  const bool refused = consent_.state == ConsentState::refused || consent_.state == ConsentState::withdrawn;
  copy_waits_.store(copied && !refused && !paused, std::memory_order_relaxed);
  if (may_run_upload()) hooks_.upload_soon();
  if (identity_ && !allowed && consent_.device != identity_->device_id) ask_consent(now);
}

void Agent::ask_consent(Timestamp now) {
  const auto id = fmt::format("hale.consent-{}", identity_->device_id);
  for (const auto& each : store_->messages(std::nullopt))
    if (each.message.id == id) return;
  const Texts texts(language_);
  Notification message{.id = id,
                       .fingerprint = kConsentFingerprint,
                       .rule = {},
                       .level = Level::warning,
                       .title = texts.fill("consent.title", {identity_->organization}),
                       .body = texts.fill("consent.body", {identity_->organization, identity_->fleet_url}),
                       .actions = {{Answer::how_to_fix, texts.get("consent.details")},
                                   {Answer::did_it, texts.get("consent.allow")},
                                   {Answer::later, texts.get("consent.refuse")}},
                       .time = now};
  pipeline_->say(message);
}

/// A disk that was moved or copied into another PC. How warm a processor gets, how fast a fan turns, what is normal at
/// all: that was the other machine's, though the names of the sensors may be the same. So judging begins afresh. What a
/// disk counts about itself comes again with its next reading, and its record goes by its serial number.
void Agent::notice_other_hardware() {
  if (options_.hardware.empty()) return;
  const auto before = store_->meta("hardware");
  if (before && same_hardware(*before, options_.hardware)) return;
  if (before) {
    notes_.push_back(Texts(language_).get("status.other_hardware"));
    log_warning("this disk was in another PC before: what was learned about that one is not used here");
    pipeline_->restart_judging();
  }
  UrgentChange change;
  change.meta["hardware"] = options_.hardware;
  store_->write(std::move(change));
}

void Agent::greet(Timestamp now) {
  if (!options_.replay.empty() || store_->meta("welcomed")) return;
  UrgentChange change;
  change.meta["welcomed"] = to_rfc3339(now);
  store_->write(std::move(change));
  pipeline_->welcome(now);
}

void Agent::session_opened(const std::shared_ptr<IpcServer::Connection>& connection) {
  const auto language = language_of_locale(desk_.locale());
  if (options_.config.language == "auto" && language != language_) {
    language_ = language;
    UrgentChange change;
    change.meta["language"] = language;
    store_->write(std::move(change));
    refresh_policy();
  }
  // What an earlier session did not answer waits for this one.
  for (const auto& each : store_->messages(std::nullopt))
    if (each.state == MessageState::waiting || each.state == MessageState::shown) desk_.show(each.message, connection);
  greet(now());
  refresh_presence(now());
}

Result<> Agent::answer(const std::string& fingerprint, Answer answer, bool from_session) {
  if (fingerprint == kConsentFingerprint) {
    if (!from_session)
      return fail(Errc::permission,
                  "consent is given in the message itself, or by an administrator with `hale privacy --grant`");
    if (answer == Answer::how_to_fix || answer == Answer::dismissed) return {};  // read, not decided
    if (auto done = set_consent(answer == Answer::did_it ? ConsentState::granted : ConsentState::refused); !done)
      return done;
    pipeline_->answer(fingerprint, answer, now());
    return {};
  }
  if (fingerprint != kWelcomeFingerprint && !store_->finding(fingerprint))
    return fail(Errc::not_found, fmt::format("there is no finding {}; `hale findings --all` lists them", fingerprint));
  const auto finding = store_->finding(fingerprint);
  pipeline_->answer(finding ? finding->fingerprint : fingerprint, answer, now());
  return {};
}

Result<> Agent::set_consent(ConsentState state) {
  if (!identity_)
    return fail(Errc::not_found,
                "this PC is not enrolled with a fleet: nothing is uploaded, so there is nothing to consent to");
  const Consent consent{
      .state = state, .since = clock_.now(), .paused_until = std::nullopt, .device = identity_->device_id};
  if (auto done = write_consent(options_.state, consent); !done) return done;
  consent_ = consent;
  if (state != ConsentState::granted) {
    if (auto* outbox = store_->outbox(); outbox != nullptr)
      if (auto done = outbox->erase_all(); !done) return done;
  }
  for (const auto& each : store_->messages(std::nullopt))
    if (each.message.fingerprint == kConsentFingerprint &&
        (each.state == MessageState::waiting || each.state == MessageState::shown))
      pipeline_->withdraw_message(each.message.id);
  log_info(fmt::format("uploads: consent {}", to_string(state)));
  refresh_uploading(now());
  return {};
}

Result<> Agent::pause_uploads(std::optional<std::chrono::hours> hours) {
  if (!identity_) return fail(Errc::not_found, "this PC is not enrolled with a fleet: nothing is uploaded");
  if (consent_.device.empty()) consent_.device = identity_->device_id;
  consent_.paused_until =
      hours ? std::optional(clock_.now() + std::chrono::duration_cast<std::chrono::milliseconds>(*hours))
            : std::nullopt;
  if (auto done = write_consent(options_.state, consent_); !done) return done;
  refresh_uploading(now());
  return {};
}

Result<> Agent::forget() {
  if (auto done = store_->erase_all(); !done) return done;
  if (auto done = erase_identity(options_.state); !done) return done;
  if (auto done = erase_consent(options_.state); !done) return done;
  pipeline_->restart_judging();
  log_info("everything recorded on this PC was erased");
  return enrolled();
}

json Agent::privacy() {
  json answer{{"enrolled", identity_.has_value()}, {"may_send", may_send()}, {"consent", to_string(consent_.state)}};
  if (identity_) {
    answer["organization"] = identity_->organization;
    answer["fleet"] = identity_->fleet_url;
    answer["device"] = identity_->device_id;
    answer["asked"] = identity_->consent_required && options_.config.consent != "granted";
    answer["granted_by"] = !identity_->consent_required              ? "organization"
                           : options_.config.consent == "granted"    ? "administrator"
                           : consent_.state == ConsentState::granted ? "person"
                                                                     : "nobody";
  }
  if (consent_.since != Timestamp{}) answer["since"] = to_rfc3339(consent_.since);
  if (consent_.paused_until && *consent_.paused_until > clock_.now())
    answer["paused_until"] = to_rfc3339(*consent_.paused_until);
  if (const auto copied = read_previous_identity(options_.state); copied && !identity_) {
    answer["copy"] = {{"of", copied->device_id},
                      {"organization", copied->organization},
                      {"fleet", copied->fleet_url},
                      {"standing", copied->standing.empty() ? "waiting" : copied->standing}};
  }
  if (auto* outbox = store_->outbox(); outbox != nullptr) {
    if (const auto counts = outbox->counts()) {
      answer["waiting"] = counts->waiting;
      answer["waiting_bytes"] = counts->waiting_bytes;
      answer["sent"] = counts->sent;
      answer["set_aside"] = counts->set_aside;
      answer["dropped_telemetry"] = counts->dropped_telemetry;
      if (counts->oldest) answer["oldest_waiting"] = to_rfc3339(*counts->oldest);
    }
  }
  return answer;
}

Result<json> Agent::uploads(std::size_t count) {
  auto* outbox = store_->outbox();
  if (outbox == nullptr) return fail(Errc::unavailable, store_->trouble());
  const auto shown = outbox->show(count);
  if (!shown) return fail(shown.error());
  json list = json::array();
  for (const auto& each : *shown) {
    json entry{{"id", each.item.id},
               {"kind", to_string(each.item.kind)},
               {"time", to_rfc3339(each.item.time)},
               {"state", each.state},
               {"body", each.item.body}};
    if (!each.batch.empty()) entry["batch"] = each.batch;
    if (!each.reason.empty()) entry["reason"] = each.reason;
    if (each.sent_at) entry["sent_at"] = to_rfc3339(*each.sent_at);
    list.push_back(std::move(entry));
  }
  return json{{"uploads", std::move(list)}};
}

}  // namespace hale::agent
