#include "uploader/enrolment.hpp"

#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "core/copy_statement.hpp"
#include "core/text.hpp"
#include "platform/crypto.hpp"
#include "platform/secrets.hpp"
#include "uploader/device_key.hpp"

namespace hale {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxAnswer = 128u << 10;
constexpr std::uint32_t kTimeout = 30;  ///< s

HttpRequest make_request(const std::string& url, const json& body, const std::atomic<bool>* cancel) {
  HttpRequest request;
  request.url = url;
  request.headers = {"Content-Type: application/json", "Accept: application/json"};
  request.body = body.dump();
  request.timeout_s = kTimeout;
  request.max_response = kMaxAnswer;
  request.cancel = cancel;
  return request;
}

std::string member(const json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

bool keeps_token(const std::string& body) {
  const auto document = parse_json(body, kMaxAnswer, 8);
  if (!document || !document->is_object()) return false;
  const auto found = document->find("keep_token");
  return found != document->end() && found->is_boolean() && found->get<bool>();
}

/// First the key under a name of its own, then the identity that points to it, then the old key goes: a crash leaves
/// either pair whole.
Result<Identity> store(const std::filesystem::path& state_folder, Identity identity, const std::string& key_pem,
                       const std::string& old_key) {
  identity.key_name = old_key == "client-key.a" ? "client-key.b" : "client-key.a";
  Secrets secrets(state_folder);
  if (auto done = secrets.put(identity.key_name, key_pem); !done)
    return fail(std::move(done.error()).with_context("keeping the device's key"));
  if (auto done = write_identity(state_folder, identity); !done)
    return fail(std::move(done.error()).with_context("keeping the identity"));
  if (!old_key.empty()) {
    if (auto done = secrets.erase(old_key); !done)
      return fail(std::move(done.error()).with_context("erasing the old key"));
  }
  return identity;
}

Result<> keep_token(const std::filesystem::path& state_folder, const EnrolmentToken& token, bool keep) {
  Secrets secrets(state_folder);
  return keep ? secrets.put("enrolment-token", token.text) : secrets.erase("enrolment-token");
}

Result<> check_answer(const Identity& identity, const std::string& key_pem, const EnrolmentToken& token) {
  const auto pinned = holds_ca(identity.ca_pem, token.ca_sha256);
  if (!pinned) return fail(Error(pinned.error()).with_context("the CA in the fleet's answer"));
  if (!*pinned)
    return fail(Errc::permission, "the CA in the fleet's answer is not the one whose fingerprint the token carries");
  return check_device_certificate(identity.certificate_pem, key_pem, identity.ca_pem);
}

/// The fleet's challenge, or why there is none.
Result<std::string> get_challenge(HttpClient& client, const std::string& url, const std::atomic<bool>* cancel) {
  const auto answer = client.send(make_request(url + "/v1/device/challenge", json::object(), cancel));
  if (!answer) return fail(Error(answer.error()).with_context("enrolling a copied disk"));
  if (answer->status != 200)
    return fail(Errc::unavailable, "the fleet gives no challenge to prove the old key with (" +
                                       describe_answer(*answer) + "); is it older than this agent?");
  const auto document = parse_json(answer->body, kMaxAnswer, 8);
  const auto text = document && document->is_object() ? member(*document, "challenge") : std::string{};
  if (text.empty() || text.size() > 256 || text.find_first_of("\r\n") != std::string::npos)
    return fail(Errc::invalid_input, "the fleet's answer holds no \"challenge\"");
  return text;
}

/// What the fleet must see to believe that this disk carries that identity.
Result<json> copy_body(const EnrolmentOptions& options, const Identity& copied, const SigningRequest& request,
                       const std::string& challenge) {
  const auto old_key = Secrets(options.state_folder).get(copied.key_name);
  if (!old_key) return fail(Error(old_key.error()).with_context("the copied identity's key"));
  const auto proof =
      sign_with_device_key(*old_key, copy_statement(copied.device_id, challenge, options.hardware, request.der));
  if (!proof) return fail(proof.error());
  return json{{"csr", request.pem},
              {"hardware", options.hardware},
              {"agent", {{"version", HALE_VERSION}, {"os", options.system}}},
              {"previous", copied.device_id},
              {"certificate", copied.certificate_pem},
              {"challenge", challenge},
              {"proof", crypto::to_base64(*proof)}};
}

Result<CopyEnrolled> take_copy_answer(const HttpResponse& answer, const EnrolmentOptions& options,
                                      const Identity& copied, const std::string& key) {
  if (answer.status == 403 && problem_type(answer) == kCopiesForbidden)
    return CopyEnrolled{CopyAnswer::forbidden, {}, describe_answer(answer)};
  if (answer.status == 401 || answer.status == 403)
    return CopyEnrolled{CopyAnswer::refused, {}, describe_answer(answer)};
  if (answer.status != 200 && answer.status != 201)
    return fail(Errc::unavailable, "the fleet cannot enrol this copied disk now (" + describe_answer(answer) + ")");
  Identity base;
  base.fleet_url = copied.fleet_url;
  base.ca_pem = copied.ca_pem;
  base.hardware = options.hardware;
  auto identity = read_enrolment_answer(answer.body, std::move(base));
  if (!identity) return fail(identity.error());
  if (identity->device_id == copied.device_id)
    return fail(Errc::invalid_input, "the fleet gave this copied disk the identity of the other PC again");
  // The connection was pinned to the CA that the copied identity brought: the new one must chain to that.
  if (auto done = check_device_certificate(identity->certificate_pem, key, copied.ca_pem); !done)
    return fail(done.error());
  auto stored = store(options.state_folder, std::move(*identity), key, copied.key_name);
  if (!stored) return fail(stored.error());
  if (auto done = erase_previous_identity(options.state_folder); !done) return fail(done.error());
  return CopyEnrolled{CopyAnswer::enrolled, std::move(*stored), {}};
}

}  // namespace

Result<Identity> read_enrolment_answer(const std::string& body, Identity base) {
  const auto document = parse_json(body, kMaxAnswer, 8);
  if (!document || !document->is_object())
    return fail(Errc::invalid_input,
                "the fleet's answer to the enrolment is not a JSON object (" + std::to_string(body.size()) +
                    " bytes): is this address a Hale fleet's device listener? Ask its administrator");
  base.device_id = member(*document, "device");
  base.certificate_pem = member(*document, "certificate");
  if (base.device_id.empty() || base.device_id.size() > 64)
    return fail(Errc::invalid_input,
                "the fleet's answer holds no \"device\" of 1 to 64 characters; the fleet and this agent do not fit "
                "each other: update the older of the two");
  if (base.certificate_pem.empty())
    return fail(
        Errc::invalid_input,
        "the fleet's answer holds no \"certificate\"; the fleet and this agent do not fit each other: update the "
        "older of the two");
  if (auto ca = member(*document, "ca"); !ca.empty()) base.ca_pem = std::move(ca);
  if (auto key = member(*document, "command_key"); !key.empty()) base.command_key = std::move(key);
  if (auto name = member(*document, "organization"); !name.empty()) base.organization = sanitize_utf8(name, 200);
  if (const auto consent = member(*document, "consent"); !consent.empty()) base.consent_required = consent != "given";
  const auto life = read_certificate_life(base.certificate_pem);
  if (!life) return fail(Error(life.error()).with_context("\"certificate\" in the fleet's answer"));
  base.certificate_not_after = life->not_after;
  return base;
}

std::string problem_type(const HttpResponse& response) {
  const auto document = parse_json(response.body, kMaxAnswer, 8);
  return document && document->is_object() ? member(*document, "type") : std::string{};
}

std::string describe_answer(const HttpResponse& response) {
  std::string words = std::to_string(response.status);
  const auto document = parse_json(response.body, kMaxAnswer, 8);
  if (!document || !document->is_object()) return words;
  auto detail = member(*document, "detail");
  if (detail.empty()) detail = member(*document, "title");
  return detail.empty() ? words : words + ": " + sanitize_utf8(detail, 300);
}

Result<Identity> enroll(const EnrolmentOptions& options, const EnrolmentToken& token) {
  const auto url = options.url.empty() ? token.url : options.url;
  const auto key = make_device_key();
  if (!key) return fail(key.error());
  const auto request = make_signing_request(*key);
  if (!request) return fail(request.error());
  auto client = HttpClient::make(
      TlsOptions{.ca_pem = {}, .ca_sha256 = token.ca_sha256, .certificate_pem = {}, .private_key_pem = {}},
      options.proxy);
  if (!client) return fail(client.error());
  const json body{{"token", token.text},
                  {"csr", request->pem},
                  {"hardware", options.hardware},
                  {"agent", {{"version", HALE_VERSION}, {"os", options.system}}},
                  {"previous", options.previous}};
  const auto answer = (*client)->send(make_request(url + "/v1/device/enroll", body, options.cancel));
  if (!answer) return fail(Error(answer.error()).with_context("enrolling"));
  if (answer->status == 429 || answer->status >= 500)
    return fail(Errc::unavailable, "the fleet cannot enrol now (" + describe_answer(*answer) + ")");
  if (answer->status == 401 || answer->status == 403) {
    return fail(Errc::permission, "the fleet refused the enrolment token (" + describe_answer(*answer) + ")");
  }
  if (answer->status != 200 && answer->status != 201)
    return fail(Errc::invalid_input, "the fleet did not enrol this PC (" + describe_answer(*answer) + ")");
  Identity base;
  base.fleet_url = url;
  base.ca_pem = (*client)->found_ca_pem();
  base.hardware = options.hardware;
  auto identity = read_enrolment_answer(answer->body, std::move(base));
  if (!identity) return fail(identity.error());
  if (auto done = check_answer(*identity, *key, token); !done) return fail(done.error());
  auto old = read_identity(options.state_folder);
  if (!old) old = read_previous_identity(options.state_folder);
  auto stored = store(options.state_folder, std::move(*identity), *key, old ? old->key_name : std::string{});
  if (!stored) return stored;
  if (auto done = keep_token(options.state_folder, token, keeps_token(answer->body)); !done) return fail(done.error());
  if (auto done = erase_previous_identity(options.state_folder); !done) return fail(done.error());
  return stored;
}

Result<CopyEnrolled> enroll_copy(const EnrolmentOptions& options, const Identity& copied) {
  const auto key = make_device_key();
  if (!key) return fail(key.error());
  const auto request = make_signing_request(*key);
  if (!request) return fail(request.error());
  auto client = HttpClient::make(
      TlsOptions{.ca_pem = copied.ca_pem, .ca_sha256 = {}, .certificate_pem = {}, .private_key_pem = {}},
      options.proxy);
  if (!client) return fail(client.error());
  const auto challenge = get_challenge(**client, copied.fleet_url, options.cancel);
  if (!challenge) return fail(challenge.error());
  const auto body = copy_body(options, copied, *request, *challenge);
  if (!body) return fail(body.error());
  const auto answer = (*client)->send(make_request(copied.fleet_url + "/v1/device/enroll", *body, options.cancel));
  if (!answer) return fail(Error(answer.error()).with_context("enrolling a copied disk"));
  return take_copy_answer(*answer, options, copied, *key);
}

bool renewal_due(const Identity& identity, Timestamp now) {
  const auto life = read_certificate_life(identity.certificate_pem);
  return !life || now > life->not_after - (life->not_after - life->not_before) / 3;
}

Result<Renewed> renew(const std::filesystem::path& state_folder, const Identity& identity, const ProxyOptions& proxy,
                      const std::atomic<bool>* cancel) {
  const auto old_key = Secrets(state_folder).get(identity.key_name);
  if (!old_key) return fail(Error(old_key.error()).with_context("the device's key"));
  const auto key = make_device_key();
  if (!key) return fail(key.error());
  const auto request = make_signing_request(*key);
  if (!request) return fail(request.error());
  const auto proof = sign_with_device_key(*old_key, request->der);
  if (!proof) return fail(proof.error());
  auto client = HttpClient::make(
      TlsOptions{.ca_pem = identity.ca_pem, .ca_sha256 = {}, .certificate_pem = {}, .private_key_pem = {}}, proxy);
  if (!client) return fail(client.error());
  const json body{
      {"csr", request->pem}, {"certificate", identity.certificate_pem}, {"proof", crypto::to_base64(*proof)}};
  const auto answer = (*client)->send(make_request(identity.fleet_url + "/v1/device/renew", body, cancel));
  if (!answer) return fail(Error(answer.error()).with_context("renewing the certificate"));
  if (answer->status == 401) return Renewed{identity, true, describe_answer(*answer)};
  if (answer->status != 200 && answer->status != 201) {
    return fail(Errc::unavailable, "the fleet did not renew this PC's certificate (" + describe_answer(*answer) + ")");
  }
  auto renewed = read_enrolment_answer(answer->body, identity);
  if (!renewed) return fail(renewed.error());
  if (renewed->device_id != identity.device_id)
    return fail(Errc::invalid_input, "the fleet renewed the certificate of another device");
  if (auto done = check_device_certificate(renewed->certificate_pem, *key, renewed->ca_pem); !done)
    return fail(done.error());
  auto stored = store(state_folder, std::move(*renewed), *key, identity.key_name);
  if (!stored) return fail(stored.error());
  return Renewed{std::move(*stored), false, {}};
}

}  // namespace hale
