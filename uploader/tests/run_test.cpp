#include "uploader/run.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "platform/compression.hpp"
#include "platform/crypto.hpp"
#include "uploader/enrolment.hpp"
#include "uploader/file_lock.hpp"
#include "uploader/tests/run_fixture.hpp"

using namespace hale;
using namespace hale::test;
using nlohmann::json;
using std::chrono::hours;

namespace {

constexpr const char* kBatches = "/v1/device/batches";

bool has(const std::string& text, const std::string& word) {
  INFO(text);
  return text.find(word) != std::string::npos;
}

TestFleet::Override on_batches(const std::function<std::optional<ServerReply>(const ServerRequest&, int)>& answer) {
  return [answer](const ServerRequest& request, int number) {
    return request.path == kBatches ? answer(request, number) : std::nullopt;
  };
}

ServerReply reply(int status, std::vector<std::string> headers = {}) {
  return {.status = status, .body = {}, .headers = std::move(headers)};
}

}  // namespace

TEST_CASE("What waits is sent, once, and what was sent is what is shown") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  for (int i = 0; i < 1200; ++i) pc.put("f" + std::to_string(i));
  const auto report = pc.run();
  INFO(report.error);
  CHECK(report.exit == UploadExit::done);
  CHECK(report.sent == 1200);
  CHECK(report.waiting == 0);
  CHECK(fleet.accepted().size() == 1200);
  for (const auto& [id, count] : fleet.accepted()) REQUIRE(count == 1);
  CHECK(fleet.complaints().empty());
  CHECK(fleet.envelopes().size() == 3);
  CHECK(fleet.connections() == 2);  // one to enrol, one for all batches
  std::map<std::string, std::string> received;
  for (const auto& body : fleet.bodies_of(kBatches)) {
    const auto text = zstd_decompress(body, 1u << 20).value();
    const auto document = json::parse(text);
    for (const auto& item : document.at("items")) {
      const auto raw = text.find(item.at("body").dump());
      REQUIRE(raw != std::string::npos);
      received[item.at("id")] = item.at("body").dump();
    }
  }
  const auto all = pc.outbox.show(100).value();
  for (const auto& shown : all) CHECK(received.at(shown.item.id) == shown.item.body);
  CHECK(to_json_line(report) == R"({"sent":1200,"waiting":0})");
}

TEST_CASE("Nothing waiting: no connection is made") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  CHECK(pc.run().exit == UploadExit::done);
  CHECK(fleet.connections() == 1);
}

TEST_CASE("Without enrolment, without the agent's database, or without consent for this enrolment nothing is sent") {
  TestFleet fleet;
  Pc pc;
  CHECK(has(pc.run().error, "not enrolled"));
  REQUIRE(pc.enroll(fleet.token()));
  pc.put("f");
  CHECK(has(pc.run().error, "agreed"));
  for (const auto* word : {"not_asked", "refused", "withdrawn", "Granted", ""}) {
    pc.say("consent", word);
    pc.say("uploading_for", "device-1");
    CHECK(pc.run().exit == UploadExit::later);
  }
  pc.say("consent", "paused");
  CHECK(has(pc.run().error, "paused"));
  pc.consent();
  REQUIRE(pc.enroll(fleet.token(), true));  // another device id: the old answer does not count
  CHECK(has(pc.run().error, "agreed"));
  CHECK(fleet.requests(kBatches) == 0);
  pc.consent();
  CHECK(pc.run().sent == 1);
  TemporaryFolder empty;
  const auto report = run_upload(UploadOptions{.state_folder = empty.path()}, pc.clock);
  CHECK(report.exit == UploadExit::later);
  CHECK(has(report.error, "haled"));
}

TEST_CASE(
    "500, 429 and 503, garbage, too much, a cut line and a redirect all mean later: nothing is lost, nothing doubled") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("a");
  pc.put("b");
  const std::map<std::string, ServerReply> troubles{
      {"500", reply(500)},
      {"503", reply(503)},
      {"404", reply(404)},
      {"403", reply(403)},
      {"302", reply(302, {"Location: https://localhost:1/"})},
      {"200 garbage", {.status = 200, .body = "<html>proxy login</html>"}},
      {"200 empty", {.status = 200}},
      {"200 no accepted", {.status = 200, .body = "{}"}},
      {"200 wrong types", {.status = 200, .body = R"({"accepted":[1,2]})"}},
      {"too large", {.status = 200, .body = std::string(5u << 20, ' ')}},
      {"cut", {.cut = true}},
      {"raw", {.raw = "\x16\x03\x01 nonsense"}}};
  for (const auto& [name, trouble] : troubles) {
    INFO(name);
    fleet.answer_with(on_batches([&trouble = trouble](const ServerRequest&, int) { return trouble; }));
    const auto report = pc.run();
    CHECK(report.exit == UploadExit::later);
    CHECK(report.waiting == 2);
    CHECK(report.sent == 0);
    CHECK_FALSE(report.error.empty());
    CHECK(report.retry_after_s.value_or(0) >= 29);
  }
  fleet.answer_with({});
  CHECK(pc.run().sent == 2);
  for (const auto& [id, count] : fleet.accepted()) CHECK(count == 1);
  CHECK(fleet.envelopes().size() == 1);
  CHECK(fleet.complaints().empty());
  CHECK(read_upload_state(*pc.database).value() == UploadState{});
}

TEST_CASE("An answer that was lost is asked for again with the same batch, and items are not doubled") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("a");
  std::string first;
  fleet.answer_with(on_batches([&](const ServerRequest& request, int) -> std::optional<ServerReply> {
    first = request.body;
    return ServerReply{.cut = true};  // the fleet may have stored it, who knows
  }));
  CHECK(pc.run().exit == UploadExit::later);
  pc.put("b");
  fleet.answer_with({});
  CHECK(pc.run().sent == 2);
  const auto bodies = fleet.bodies_of(kBatches);
  const auto batch_of = [](const std::string& body) {
    return json::parse(zstd_decompress(body, 1u << 20).value()).at("batch").get<std::string>();
  };
  CHECK(zstd_decompress(bodies[1], 1u << 20).value() == zstd_decompress(first, 1u << 20).value());
  CHECK(batch_of(bodies[2]) != batch_of(first));
}

TEST_CASE("The server's Retry-After holds across runs, even for a person in a hurry; the own backoff does not") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("a");
  fleet.answer_with(on_batches([](const ServerRequest&, int) { return reply(429, {"Retry-After: 3000"}); }));
  CHECK(pc.run().retry_after_s == 3000U);
  fleet.answer_with({});
  const auto early = pc.run(true);
  CHECK(early.exit == UploadExit::later);
  CHECK(early.retry_after_s.value_or(0) > 2900);
  CHECK(fleet.requests(kBatches) == 1);
  pc.clock.moved = std::chrono::seconds{3001};
  CHECK(pc.run(false).sent == 1);

  pc.put("b");
  fleet.answer_with(on_batches([](const ServerRequest&, int) { return reply(500); }));
  pc.run();
  fleet.answer_with({});
  CHECK(pc.run(false).sent == 0);
  CHECK(pc.run(true).sent == 1);
}

TEST_CASE("A server that takes a batch and asks for a rest is given one") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  for (int i = 0; i < 600; ++i) pc.put("f" + std::to_string(i));
  fleet.answer_with(on_batches([](const ServerRequest& request, int) -> std::optional<ServerReply> {
    Delivery delivery{.accepted = {}, .rejected = {}, .keep = {}, .retry_after_s = 90};
    const auto text = zstd_decompress(request.body, 1u << 20).value();
    const auto document = json::parse(text);
    for (const auto& item : document.at("items")) delivery.accepted.push_back(item.at("id"));
    return ServerReply{.body = encode(delivery)};
  }));
  const auto report = pc.run();
  CHECK(report.exit == UploadExit::later);
  CHECK(report.sent == 500);
  CHECK(report.waiting == 100);
  CHECK(report.retry_after_s == 90U);
  CHECK(report.error.empty());
}

TEST_CASE("A poison item among good ones is found by halving and set aside, the others arrive") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  for (int i = 0; i < 40; ++i) pc.put("f" + std::to_string(i));
  const int status = GENERATE(400, 413, 422);
  fleet.answer_with(on_batches([status](const ServerRequest& request, int) -> std::optional<ServerReply> {
    if (zstd_decompress(request.body, 1u << 20).value().find("\"f17\"") == std::string::npos) return std::nullopt;
    return ServerReply{.status = status, .body = R"({"detail":"item f17 is odd"})"};
  }));
  const auto report = pc.run();
  INFO(report.error);
  CHECK(report.exit == UploadExit::done);
  CHECK(report.sent == 39);
  CHECK(report.waiting == 0);
  CHECK_FALSE(fleet.accepted().contains("f17"));
  const auto all = pc.outbox.show(100).value();
  for (const auto& shown : all) {
    if (shown.state != "set_aside") continue;
    CHECK(shown.item.id == "f17");
    CHECK(has(shown.reason, "item f17 is odd"));
  }
  CHECK(pc.outbox.counts()->set_aside == 1);
}

TEST_CASE("Items refused one by one are set aside, kept ones wait") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  for (const auto* id : {"a", "b", "c"}) pc.put(id);
  fleet.answer_with(on_batches([](const ServerRequest&, int) {
    return ServerReply{.body = R"({"accepted":["a"],"rejected":[{"id":"b","reason":"unknown rule"}],"keep":["c"]})"};
  }));
  const auto report = pc.run();
  CHECK(report.exit == UploadExit::done);
  CHECK(report.sent == 1);
  CHECK(report.waiting == 1);
  CHECK(report.retry_after_s.value_or(0) > 0);
  CHECK(fleet.requests(kBatches) == 1);
}

TEST_CASE("A server that does not know zstd gets the same batch without") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("a");
  fleet.answer_with(on_batches([](const ServerRequest& request, int) -> std::optional<ServerReply> {
    if (request.headers.contains("content-encoding")) return reply(415);
    return std::nullopt;
  }));
  CHECK(pc.run().sent == 1);
  CHECK(fleet.requests(kBatches) == 2);
}

TEST_CASE("A revoked device stops, says so, and looks again only hours later") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("a");
  fleet.revoke("device-1");
  auto report = pc.run();
  CHECK(report.exit == UploadExit::revoked);
  CHECK(has(report.error, "revoked"));
  report = pc.run(false);
  CHECK(report.exit == UploadExit::revoked);
  CHECK(fleet.requests(kBatches) == 1);
  CHECK(report.waiting == 1);
  pc.clock.moved = hours{7};
  CHECK(pc.run(false).exit == UploadExit::revoked);
  CHECK(fleet.requests(kBatches) == 2);
  REQUIRE(pc.enroll(fleet.token(), true));
  pc.consent();
  CHECK(pc.run(false).sent == 1);
}

TEST_CASE(
    "A certificate that has expired only by the fleet's clock is renewed when the fleet says 401, and the batch "
    "arrives") {
  TestFleet fleet(TestFleet::Settings{.certificate_days = 30, .issued_days_ago = 5});
  Pc pc;
  pc.join(fleet);
  const auto before = pc.identity();
  pc.put("a");
  fleet.set_certificate_life(0, 30);
  fleet.answer_with(on_batches(
      [](const ServerRequest&, int number) { return number == 1 ? std::optional(reply(401)) : std::nullopt; }));
  const auto report = pc.run();
  INFO(report.error);
  CHECK(report.sent == 1);
  CHECK(pc.identity().certificate_pem != before.certificate_pem);
  CHECK(fleet.complaints().empty());
  // A fleet that renews and refuses all the same is believed.
  fleet.answer_with(on_batches([](const ServerRequest&, int) { return reply(401); }));
  pc.put("b");
  CHECK(pc.run().exit == UploadExit::revoked);
  CHECK(fleet.requests("/v1/device/renew") == 2);
}

TEST_CASE("A certificate near its end is renewed with a new key, an expired one too; a revoked device is not renewed") {
  TestFleet fleet(TestFleet::Settings{.certificate_days = 30, .issued_days_ago = 25});
  Pc pc;
  pc.join(fleet);
  const auto before = pc.identity();
  fleet.set_certificate_life(0, 30);
  pc.put("a");
  CHECK(pc.run().sent == 1);
  const auto after = pc.identity();
  CHECK(after.device_id == before.device_id);
  CHECK(after.certificate_pem != before.certificate_pem);
  CHECK(after.key_name != before.key_name);
  CHECK(Secrets(pc.folder.path()).get(before.key_name).error().code == Errc::not_found);

  fleet.set_certificate_life(60, 30);
  REQUIRE(pc.enroll(fleet.token(), true));
  pc.consent();
  fleet.set_certificate_life(0, 30);
  pc.put("b");
  const auto report = pc.run();
  INFO(report.error);
  CHECK(report.sent == 1);

  fleet.set_certificate_life(60, 30);
  REQUIRE(pc.enroll(fleet.token(), true));
  pc.consent();
  fleet.revoke(pc.identity().device_id);
  pc.put("c");
  CHECK(pc.run().exit == UploadExit::revoked);
}

TEST_CASE("When renewal fails a certificate that still holds is used, and the identity stays whole") {
  TestFleet fleet(TestFleet::Settings{.certificate_days = 30, .issued_days_ago = 25});
  Pc pc;
  pc.join(fleet);
  const auto before = pc.identity();
  fleet.answer_with([](const ServerRequest& request, int) -> std::optional<ServerReply> {
    if (request.path == "/v1/device/renew") return reply(500);
    return std::nullopt;
  });
  pc.put("a");
  CHECK(pc.run().sent == 1);
  CHECK(pc.identity().certificate_pem == before.certificate_pem);
  fleet.answer_with([](const ServerRequest& request, int) -> std::optional<ServerReply> {
    if (request.path == "/v1/device/renew") return ServerReply{.body = R"({"device":"device-1","certificate":"x"})"};
    return std::nullopt;
  });
  pc.put("b");
  CHECK(pc.run().sent == 1);
  pc.clock.moved = hours{24 * 20};
  pc.put("c");
  const auto report = pc.run();
  CHECK(report.exit == UploadExit::later);
  CHECK(has(report.error, "expired at"));
  CHECK(report.waiting == 1);
}

TEST_CASE(
    "Offline for weeks: thousands of findings wait, telemetry is bounded, and everything arrives once the network is "
    "back") {
  auto fleet = std::make_unique<TestFleet>();
  Pc pc;
  pc.join(*fleet);
  auto identity = pc.identity();
  identity.fleet_url = "https://localhost:" + std::to_string(free_port());
  REQUIRE(write_identity(pc.folder.path(), identity));
  Outbox outbox(*pc.database, pc.spool_key, Outbox::Options{.max_bytes = 600'000});
  {
    auto transaction = Transaction::begin(*pc.database);
    for (int i = 0; i < 3000; ++i) {
      REQUIRE(outbox.put(
          {"f" + std::to_string(i), ItemKind::finding, pc.clock.now(), R"({"n":)" + std::to_string(i) + "}"}));
      REQUIRE(outbox.put({"t" + std::to_string(i), ItemKind::telemetry, pc.clock.now(),
                          R"({"noise":")" + crypto::to_hex(crypto::random_bytes(200)) + R"("})"}));
    }
    REQUIRE(transaction->commit());
  }
  for (int day = 0; day < 10; ++day) {
    pc.clock.moved = hours{12 * day};
    const auto report = pc.run(false);
    CHECK(report.exit == UploadExit::later);
    CHECK(report.retry_after_s.value_or(0) <= 6 * 3600);
  }
  CHECK(outbox.counts()->waiting_bytes <= 620'000);
  CHECK(outbox.counts()->dropped_telemetry > 0);
  identity.fleet_url = fleet->url();
  REQUIRE(write_identity(pc.folder.path(), identity));
  const auto report = pc.run(true);
  INFO(report.error);
  CHECK(report.waiting == 0);
  const auto accepted = fleet->accepted();
  for (int i = 0; i < 3000; ++i) REQUIRE(accepted.at("f" + std::to_string(i)) == 1);
}

TEST_CASE("Only one uploader runs at a time") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("a");
  {
    const auto held = FileLock::take(pc.folder.path() / "upload.lock");
    REQUIRE(held);
    CHECK(has(pc.run().error, "another hale-upload"));
    CHECK_FALSE(pc.enroll(fleet.token(), true));
  }
  CHECK(pc.run().sent == 1);
}

TEST_CASE("A damaged identity, a lost key and a database that is none are said clearly and lose nothing") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("a");
  const auto identity = pc.identity();
  std::ofstream(pc.folder.path() / "identity.json") << "{broken";
  CHECK(has(pc.run().error, "identity.json"));
  REQUIRE(write_identity(pc.folder.path(), identity));
  const auto key = Secrets(pc.folder.path()).get(identity.key_name).value();
  REQUIRE(Secrets(pc.folder.path()).erase(identity.key_name));
  CHECK(has(pc.run().error, "key"));
  REQUIRE(Secrets(pc.folder.path()).put(identity.key_name, "not a key"));
  CHECK(has(pc.run().error, "enrol again"));
  REQUIRE(Secrets(pc.folder.path()).put(identity.key_name, key));
  CHECK(pc.run().sent == 1);
  TemporaryFolder other;
  std::ofstream(other.path() / "hale.db") << std::string(8192, 'x');
  CHECK_FALSE(run_upload(UploadOptions{.state_folder = other.path()}, pc.clock).error.empty());
}

TEST_CASE("TLS inspection stops uploads with the inspector's name, and they go on once it is gone") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("a");
  const TestCa inspector("School Web Filter CA");
  const TlsServer box(
      ServerSettings{.identity = inspector.issue({}), .chain = {inspector.certificate()}, .client_ca = nullptr},
      [](const ServerRequest&) { return ServerReply{}; });
  ConnectProxy proxy(box.port());
  const auto report = pc.run(true, "http://127.0.0.1:" + std::to_string(proxy.port()));
  CHECK(report.exit == UploadExit::later);
  CHECK(has(report.error, "School Web Filter CA"));
  ConnectProxy honest(fleet.port());
  CHECK(pc.run(true, "http://127.0.0.1:" + std::to_string(honest.port())).sent == 1);
}
