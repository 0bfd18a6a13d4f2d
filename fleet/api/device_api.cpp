#include "fleet/api/device_api.hpp"

#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/copy_statement.hpp"
#include "core/json_reader.hpp"
#include "fleet/api/problems.hpp"
#include "fleet/api/views.hpp"
#include "fleet/ingest/batch.hpp"
#include "fleet/service/enrolment.hpp"
#include "fleet/service/log.hpp"

namespace hale::fleet {
namespace {

using nlohmann::json;
constexpr std::chrono::seconds kBusyRetry{15};
constexpr std::chrono::seconds kCopyRetry{3600};

bool is_uuid(std::string_view text) {
  return text.size() == 36 && text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

/// A copied disk's proof in the token's place.
void read_copy(JsonReader& reader, EnrolRequest& request) {
  if (request.previous.empty()) return reader.complain("token", "expected an enrolment token, hale1.…");
  request.certificate = reader.filled_text("certificate", 16384);
  request.challenge = reader.filled_text("challenge", 256);
  auto proof = crypto::from_base64(reader.filled_text("proof", 1024));
  if (!proof) reader.complain("proof", "expected base64");
  if (proof) request.proof = std::move(*proof);
  const bool one_line = (request.hardware + request.challenge).find_first_of("\r\n") == std::string::npos;
  if (!one_line) reader.complain("hardware", "expected one line");
}

Result<EnrolRequest> read_enrol(std::string_view text) {
  const auto document = parse_json(text, 128u << 10, 8);
  if (!document) return fail(document.error());
  JsonReader reader(*document, "enroll");
  EnrolRequest request;
  request.token = reader.optional_text("token", 2048);
  request.csr = reader.filled_text("csr", 16384);
  request.hardware = reader.text("hardware", 4096);
  request.previous = reader.optional_text("previous", 64);
  if (!request.previous.empty() && !is_uuid(request.previous))
    reader.complain("previous", "expected a UUID or nothing");
  if (request.token.empty()) read_copy(reader, request);
  const json& agent = reader.optional_object("agent", 20);
  JsonReader agent_reader(agent, "enroll.agent");
  if (!agent.empty()) {
    request.agent_version = agent_reader.optional_text("version", 64);
    request.agent_os = agent_reader.optional_text("os", 200);
  }
  if (!agent_reader.good()) return agent_reader.finish(std::move(request));
  return reader.finish(std::move(request));
}

Result<RenewRequest> read_renew(std::string_view text) {
  const auto document = parse_json(text, 128u << 10, 8);
  if (!document) return fail(document.error());
  JsonReader reader(*document, "renew");
  RenewRequest request;
  request.csr = reader.filled_text("csr", 16384);
  request.certificate = reader.filled_text("certificate", 16384);
  auto proof = crypto::from_base64(reader.filled_text("proof", 1024));
  if (proof) {
    request.proof = std::move(*proof);
  } else {
    reader.complain("proof", "expected base64");
  }
  return reader.finish(std::move(request));
}

Response enrolment_answer(const Context& context, const PreparedIdentity& identity) {
  const json body = {{"device", identity.device.id},
                     {"certificate", identity.certificate.pem},
                     {"ca", context.keys.authority.certificate_pem()},
                     {"not_after", to_rfc3339(identity.certificate.facts.not_after)},
                     {"command_key", crypto::to_base64(context.keys.command.public_key)},
                     {"organization", context.organization},
                     {"consent", context.consent}};
  Response response;
  response.body = dump_json(body);
  return response;
}

// `device` fields are filled here because the writer's thread has no reading connection.
void publish_items(Context& context, const Device& device, const DecodedBatch& batch,
                   const std::vector<std::size_t>& fresh, Timestamp now) {
  const auto told = [&](const json& more) {
    json event = {{"device", device.id}, {"time", to_rfc3339(now)}};
    event.update(more);
    return dump_json(event);
  };
  context.live.publish_rarely("device_seen", device.id, now, told(json::object()));
  for (const std::size_t index : fresh) {
    const DecodedItem& item = batch.items[index];
    switch (item.kind) {
      case ItemKind::finding: {
        Transition transition = item.transition;
        transition.device_id = device.id;
        transition.device_name = device.name;
        transition.body = item.body;
        context.live.publish("finding", device.id, dump_json(view_of(transition)));
        break;
      }
      case ItemKind::notification:
      case ItemKind::feedback:
      case ItemKind::outcome: {
        const auto body = parse_json(item.body);
        if (body) context.live.publish(to_string(item.kind), device.id, told({{"body", *body}}));
        break;
      }
      case ItemKind::inventory:
        context.live.publish("device_changed", device.id, told({{"change", "inventory"}}));
        break;
      case ItemKind::status:
        context.live.publish("device_changed", device.id, told({{"change", "status"}}));
        break;
      case ItemKind::telemetry:
        context.live.publish_rarely("telemetry", device.id, now, told(json::object()));
        break;
      case ItemKind::event:
      case ItemKind::report:
        break;
    }
  }
}

void count_items(Counters& counters, const DecodedBatch& batch, const std::vector<std::size_t>& fresh) {
  ++counters.batches;
  counters.items_rejected += batch.rejected.size();
  for (const std::size_t index : fresh) ++counters.items[static_cast<std::size_t>(batch.items[index].kind)];
}

}  // namespace

DeviceApi::DeviceApi(Context& context) : context_(context), refused_(20, std::chrono::seconds(60)) {}

void DeviceApi::handle(Request request, Respond respond) {
  const bool known = request.path == "/v1/device/batches" || request.path == "/v1/device/enroll" ||
                     request.path == "/v1/device/renew" || request.path == "/v1/device/challenge";
  if (request.path == "/healthz" && request.method == Method::get)
    return respond({200, "application/json", {}, "{\"status\":\"ok\"}\n"});
  if (!known)
    return respond(
        problem(404, "Not found",
                "This is the device listener; it has /v1/device/enroll, /v1/device/challenge, /v1/device/renew and "
                "/v1/device/batches."));
  if (request.method != Method::post) {
    Response response = problem(405, "Method not allowed", "Use POST.");
    response.headers.emplace_back("Allow", "POST");
    return respond(std::move(response));
  }
  if (request.path == "/v1/device/batches") return upload(std::move(request), respond);
  if (const auto wait = refused_.wait(request.remote, context_.clock.steady()); wait.count() > 0) {
    return respond(busy(429, "Too many refused requests from this address; wait a minute.", wait));
  }
  if (request.path == "/v1/device/challenge") return challenge(respond);
  return request.path == "/v1/device/enroll" ? enroll(request, respond) : renew(request, respond);
}

void DeviceApi::challenge(const Respond& respond) {
  const Timestamp now = context_.clock.now();
  Response response;
  response.body = dump_json({{"challenge", challenges_.make(now)}, {"not_after", to_rfc3339(now + Challenges::kLife)}});
  respond(std::move(response));
}

Response DeviceApi::refusal_of(const Request& request, const Error& error, bool copy) {
  ++(copy ? context_.counters.copies_refused : context_.counters.enrolments_refused);
  if (error.code == Errc::permission) refused_.failed(request.remote, context_.clock.steady());
  log::warning(copy ? "enrolment of a copied disk refused" : "enrolment refused",
               {{"remote", request.remote}, {"reason", error.message}});
  if (error.code == Errc::conflict)
    return problem(403, "Forbidden", error.message, copy ? kCopiesForbidden : std::string_view("about:blank"));
  if (copy && error.code == Errc::unavailable) return busy(429, error.message + "; try again later.", kCopyRetry);
  return problem_of(error);
}

void DeviceApi::enroll(const Request& original, const Respond& respond) {
  Request request = original;
  auto text = json_body(request);
  if (!text) return respond(std::move(text.error()));
  auto asked = read_enrol(*text);
  if (!asked) return respond(problem(422, "Malformed", asked.error().message));
  auto store = context_.readers.mine();
  if (!store) return respond(problem_of(store.error()));
  const Timestamp now = context_.clock.now();
  const bool copy = asked->token.empty();
  auto prepared = copy ? prepare_copy(**store, context_.keys.authority, challenges_, *asked, now)
                       : prepare_enrolment(**store, context_.keys.authority, *asked, now);
  if (!prepared) return respond(refusal_of(request, prepared.error(), copy));
  auto identity = std::make_shared<PreparedIdentity>(std::move(*prepared));
  const bool queued = context_.writer.submit(
      [identity, now](Store& writing) { return store_identity(writing, *identity, now); },
      [this, identity, now, respond, request, copy](const Result<>& stored) {
        if (!stored) return respond(refusal_of(request, stored.error(), copy));
        ++context_.counters.enrolments;
        if (!identity->previous.empty()) ++context_.counters.copies_enrolled;
        log::info("device enrolled",
                  {{"device", identity->device.id}, {"token", identity->token_id}, {"previous", identity->previous}});
        context_.live.publish("device_changed", identity->device.id,
                              dump_json({{"device", identity->device.id},
                                         {"time", to_rfc3339(now)},
                                         {"change", identity->previous.empty() ? "enrolled" : "cloned"}}));
        respond(enrolment_answer(context_, *identity));
      });
  if (!queued) respond(busy(503, "The server is busy; enrol again in a moment.", kBusyRetry));
}

void DeviceApi::renew(const Request& original, const Respond& respond) {
  Request request = original;
  auto text = json_body(request);
  if (!text) return respond(std::move(text.error()));
  auto asked = read_renew(*text);
  if (!asked) return respond(problem(422, "Malformed", asked.error().message));
  auto store = context_.readers.mine();
  if (!store) return respond(problem_of(store.error()));
  const Timestamp now = context_.clock.now();
  auto prepared = prepare_renewal(**store, context_.keys.authority, *asked, now);
  if (!prepared) {
    if (prepared.error().code != Errc::permission) return respond(problem_of(prepared.error()));
    refused_.failed(request.remote, context_.clock.steady());
    log::warning("renewal refused", {{"remote", request.remote}, {"reason", prepared.error().message}});
    return respond(problem(401, "Not renewed", prepared.error().message));
  }
  auto identity = std::make_shared<PreparedIdentity>(std::move(*prepared));
  const bool queued = context_.writer.submit(
      [identity, now](Store& writing) { return store_identity(writing, *identity, now); },
      [this, identity, now, respond](const Result<>& stored) {
        if (!stored)
          return respond(stored.error().code == Errc::permission ? problem(401, "Not renewed", stored.error().message)
                                                                 : problem_of(stored.error()));
        ++context_.counters.renewals;
        log::info("certificate renewed", {{"device", identity->device.id}});
        context_.live.publish(
            "device_changed", identity->device.id,
            dump_json({{"device", identity->device.id}, {"time", to_rfc3339(now)}, {"change", "renewed"}}));
        respond(enrolment_answer(context_, *identity));
      });
  if (!queued) respond(busy(503, "The server is busy; renew again in a moment.", kBusyRetry));
}

void DeviceApi::report_fork(const Device& device, const Applied& applied, Timestamp now) {
  ++(applied.copied ? context_.counters.copies_turned_away : context_.counters.forks);
  log::warning("two PCs use one identity", {{"device", device.id}, {"turned_away", applied.copied ? "yes" : "no"}});
  context_.live.publish_rarely("device_changed", device.id, now,
                               dump_json({{"device", device.id}, {"time", to_rfc3339(now)}, {"change", "forked"}}));
}

Result<Device> DeviceApi::authenticate(const Request& request) {
  const auto& peer = request.peer;
  if (!peer) return fail(Errc::permission, "no client certificate was shown; enrol this device first (hale enroll)");
  if (!peer->trusted)
    return fail(Errc::permission, "the client certificate was not issued by this fleet (" + peer->reason +
                                      "); enrol again with a new token");
  if (context_.clock.now() >= peer->not_after)
    return fail(Errc::permission, "the client certificate has expired; renew it at /v1/device/renew");
  auto store = context_.readers.mine();
  if (!store) return fail(store.error());
  auto standing = (*store)->standing(peer->serial);
  if (!standing) return fail(standing.error());
  if (!*standing || (*standing)->device_id != peer->common_name) {
    return fail(Errc::permission, "the client certificate is not known here; enrol again with a new token");
  }
  if ((*standing)->revoked)
    return fail(Errc::permission, "this device was revoked by its administrator; stop uploading");
  auto device = (*store)->find_device(peer->common_name);
  if (!device) return fail(device.error());
  if (!*device) return fail(Errc::permission, "this device is not known here; enrol again with a new token");
  return std::move(**device);
}

void DeviceApi::upload(Request request, const Respond& respond) {
  auto device = authenticate(request);
  if (!device) {
    if (device.error().code != Errc::permission) return respond(problem_of(device.error()));
    ++context_.counters.device_requests_refused;
    return respond(problem(401, "Not authorised", device.error().message));
  }
  context_.counters.bytes_received += request.body.size();
  auto text = json_body(request);
  if (!text) return respond(std::move(text.error()));
  context_.counters.bytes_decoded += text->size();
  auto decoded = decode_batch(*text);
  if (!decoded) return respond(problem(422, "Malformed batch", decoded.error().message));
  if (decoded->device != device->id) {
    return respond(problem(403, "Forbidden",
                           "The batch is of device " + decoded->device + ", the certificate of " + device->id +
                               "; send only your own data."));
  }
  struct Job {
    Device device;
    DecodedBatch batch;
    Applied applied;
  };
  const std::size_t bytes = text->size() + 1024;
  auto job = std::make_shared<Job>(Job{std::move(*device), std::move(*decoded), {}});
  const Timestamp now = context_.clock.now();
  auto work = [job, now](Store& store) -> Result<> {
    auto applied = apply_batch(store, job->device, job->batch, now);
    if (!applied) return fail(applied.error());
    job->applied = std::move(*applied);
    return {};
  };
  auto done = [this, job, now, respond](const Result<>& stored) {
    if (!stored) {
      log::error("batch not stored", {{"device", job->device.id}, {"error", stored.error().message}});
      return respond(busy(503, "The batch could not be stored; send it again later.", kBusyRetry * 2));
    }
    if (job->applied.forked || job->applied.copied) report_fork(job->device, job->applied, now);
    if (job->applied.copied)
      return respond(problem(409, "Another PC has this identity",
                             "Another PC uploads as this device: this disk, or that one's, is a copy. Enrol as a copy "
                             "(docs/wire.md); nothing of this batch was taken.",
                             kCopied));
    count_items(context_.counters, job->batch, job->applied.fresh);
    Response response;
    response.body = job->applied.answer;
    respond(std::move(response));
    publish_items(context_, job->device, job->batch, job->applied.fresh, now);
  };
  if (!context_.writer.submit(std::move(work), std::move(done), bytes)) {
    respond(busy(503, "The server has too much to store right now; send the batch again later.", kBusyRetry));
  }
}

}  // namespace hale::fleet
