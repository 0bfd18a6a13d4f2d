#include "uploader/tests/test_fleet.hpp"

#include <openssl/x509.h>

#include <nlohmann/json.hpp>

#include "core/copy_statement.hpp"
#include "core/time.hpp"
#include "platform/clock.hpp"
#include "platform/compression.hpp"
#include "platform/crypto.hpp"

namespace hale::test {
namespace {

using nlohmann::json;

ServerReply problem(int status, const std::string& detail) {
  return {.status = status,
          .body = json{{"type", "about:blank"}, {"title", "Problem"}, {"status", status}, {"detail", detail}}.dump(),
          .headers = {"Content-Type: application/problem+json"}};
}

std::string to_base64url(std::string text) {
  text = crypto::to_base64(text);
  for (auto& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace

TestFleet::TestFleet(Settings settings) : settings_(std::move(settings)) {
  ServerSettings server;
  server.identity = ca_.issue(settings_.server);
  if (settings_.show_ca) server.chain = {ca_.certificate()};
  server.client_ca = ca_.certificate();
  server.newest_tls = settings_.newest_tls;
  server_ = std::make_unique<TlsServer>(server, [this](const ServerRequest& request) { return handle(request); });
}

std::string TestFleet::token(const std::string& secret) const { return token_for(url(), ca_.sha256(), secret); }

std::string TestFleet::token_for(const std::string& url, const std::string& fingerprint,
                                 const std::string& secret) const {
  return "hale1." + to_base64url(json{{"u", url}, {"f", fingerprint}, {"s", secret}}.dump());
}

void TestFleet::answer_with(Override override) {
  const std::lock_guard lock(mutex_);
  override_ = std::move(override);
}

void TestFleet::revoke(const std::string& device) {
  const std::lock_guard lock(mutex_);
  revoked_.insert(device);
}

void TestFleet::allow_copies(bool allowed) {
  const std::lock_guard lock(mutex_);
  settings_.copies = allowed;
}

void TestFleet::set_certificate_life(double issued_days_ago, double days) {
  const std::lock_guard lock(mutex_);
  settings_.issued_days_ago = issued_days_ago;
  settings_.certificate_days = days;
}

std::map<std::string, int> TestFleet::accepted() {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

std::vector<Envelope> TestFleet::envelopes() {
  const std::lock_guard lock(mutex_);
  return envelopes_;
}

std::vector<std::string> TestFleet::bodies_of(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return bodies_[path];
}

int TestFleet::requests(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return requests_[path];
}

std::vector<std::string> TestFleet::complaints() {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

ServerReply TestFleet::handle(const ServerRequest& request) {
  const std::lock_guard lock(mutex_);
  const int number = ++requests_[request.path];
  bodies_[request.path].push_back(request.body);
  if (override_) {
    if (auto reply = override_(request, number)) return *reply;
  }
  if (request.path == "/v1/device/enroll") return enroll(request);
  if (request.path == "/v1/device/challenge")
    return {.status = 200, .body = R"({"challenge":"fresh","not_after":"2099-01-01T00:00:00Z"})"};
  if (request.path == "/v1/device/renew") return renew(request);
  if (request.path == "/v1/device/batches") return batches(request);
  return problem(404, "no such path");
}

ServerReply TestFleet::certify(const std::string& device, const std::string& csr) {
  const auto key = public_key_of_request(csr);
  const double from = -settings_.issued_days_ago;
  const auto certificate = ca_.issue_for(key.get(), Issue{.name = device,
                                                          .alternative_name = "",
                                                          .server = false,
                                                          .from_days = from,
                                                          .to_days = from + settings_.certificate_days});
  const auto now = system_clock().now() + std::chrono::hours{24 * 30};
  return {.status = 200,
          .body = json{{"device", device},
                       {"certificate", to_pem(certificate.get())},
                       {"ca", ca_.pem()},
                       {"not_after", to_rfc3339(now)},
                       {"command_key", crypto::to_base64(std::string(32, 'k'))},
                       {"organization", "Test School"},
                       {"consent", "required"},
                       {"keep_token", settings_.keep_token}}
                      .dump()};
}

ServerReply TestFleet::enroll(const ServerRequest& request) {
  if (!request.client.empty()) complaints_.emplace_back("enrolment with a client certificate");
  const auto body = json::parse(request.body);
  if (!body.contains("token")) return enroll_copy(request);
  if (body.at("token").get<std::string>() != token())
    return problem(403, "this token expired on 2026-01-01; make a new one");
  return certify("device-" + std::to_string(++devices_), body.at("csr").get<std::string>());
}

ServerReply TestFleet::enroll_copy(const ServerRequest& request) {
  const auto body = json::parse(request.body);
  const auto text = [&](const char* name) { return body.at(name).get<std::string>(); };
  const auto old = certificate_from_pem(text("certificate"));
  std::string der;
  public_key_of_request(text("csr"), &der);
  const auto proof = crypto::from_base64(text("proof"));
  const KeyPtr key(X509_get_pubkey(old.get()), EVP_PKEY_free);
  const auto statement = copy_statement(text("previous"), "fresh", text("hardware"), der);
  if (!proof || !verify_signature(key.get(), statement, *proof) || common_name(old.get()) != text("previous"))
    complaints_.emplace_back("a copy's proof does not hold");
  if (revoked_.contains(text("previous"))) return problem(403, "the device was revoked");
  if (!settings_.copies) {
    auto reply = problem(403, "this fleet lets no copy enrol by itself");
    auto document = json::parse(reply.body);
    document["type"] = kCopiesForbidden;
    reply.body = document.dump();
    return reply;
  }
  return certify("device-" + std::to_string(++devices_), text("csr"));
}

ServerReply TestFleet::renew(const ServerRequest& request) {
  const auto body = json::parse(request.body);
  const auto old = certificate_from_pem(body.at("certificate").get<std::string>());
  const auto device = common_name(old.get());
  std::string der;
  public_key_of_request(body.at("csr").get<std::string>(), &der);
  const auto proof = crypto::from_base64(body.at("proof").get<std::string>());
  const KeyPtr key(X509_get_pubkey(old.get()), EVP_PKEY_free);
  if (!proof || !verify_signature(key.get(), der, *proof)) return problem(403, "the proof does not hold");
  if (revoked_.contains(device)) return problem(401, "this device was revoked");
  return certify(device, body.at("csr").get<std::string>());
}

ServerReply TestFleet::batches(const ServerRequest& request) {
  if (request.client.empty() || revoked_.contains(request.client)) return problem(401, "this device was revoked");
  auto text = request.body;
  if (request.headers.contains("content-encoding")) text = zstd_decompress(request.body, 64u << 20).value();
  const auto envelope = decode_envelope(text);
  if (!envelope) return problem(422, envelope.error().message);
  if (envelope->device != request.client) return problem(403, "other device's data");
  std::set<std::string> ids;
  Delivery delivery;
  for (const auto& item : envelope->items) {
    ids.insert(item.id);
    delivery.accepted.push_back(item.id);
  }
  if (const auto known = answers_.find(envelope->batch); known != answers_.end()) {
    if (batch_items_[envelope->batch] != ids)
      complaints_.push_back("batch " + envelope->batch + " came again with other items");
    return {.status = 200, .body = known->second};
  }
  for (const auto& id : ids) ++accepted_[id];
  envelopes_.push_back(*envelope);
  batch_items_[envelope->batch] = ids;
  answers_[envelope->batch] = encode(delivery);
  return {.status = 200, .body = answers_[envelope->batch]};
}

}  // namespace hale::test
