// The device listener, over real TLS in this process.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <random>
#include <thread>

#include "fleet/tests/fleet_fixture.hpp"
#include "platform/compression.hpp"
#include "platform/crypto.hpp"

using namespace hale;
using namespace hale::fleet;
using namespace hale::fleet::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kBatches = "/v1/device/batches";

Reply upload(TlsClient& client, const json& body) { return client.send("POST", kBatches, body.dump()); }

json problem_of(const Reply& reply, int status) {
  INFO(reply.status << " " << reply.body);
  CHECK(reply.status == status);
  CHECK(reply.header("content-type") == "application/problem+json");
  const json body = json::parse(reply.body);
  CHECK(body["status"] == status);
  CHECK_FALSE(body["title"].get<std::string>().empty());
  CHECK_FALSE(body["detail"].get<std::string>().empty());
  return body;
}

std::int64_t stored_transitions(Fleet& fleet, const std::string& id) {
  auto store = fleet.open_store();
  FindingQuery query;
  query.transitions = true;
  query.device = store->find_device(id).value()->number;
  return store->list_findings(query)->total;
}

}  // namespace

TEST_CASE("A new device enrols with a token and pins the CA it finds in the server's chain") {
  Fleet fleet;
  auto client = fleet.device_client();
  REQUIRE(client.connect());
  const auto chain = client.server_chain();
  REQUIRE(chain.size() == 2);
  CHECK(chain.back() == fleet.ca());
  const auto device = enrol(fleet);
  CHECK(device.id.size() == 36);
  CHECK(device.answer["ca"] == fleet.ca());
  CHECK(device.answer["organization"] == "Test school");
  CHECK(device.answer["consent"] == "required");
  CHECK(crypto::from_base64(device.answer["command_key"].get<std::string>())->size() == 32);
  CHECK(device.answer.contains("not_after"));
}

TEST_CASE("A token enrols as many devices as it says, and no more, even when they come at once") {
  Fleet fleet;
  const std::string token = fleet.token(3);
  std::atomic<int> enrolled{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto client = fleet.device_client();
      const auto reply = client.send("POST", "/v1/device/enroll", enrol_body(token, make_key_and_csr().csr_pem).dump());
      ++(reply.status == 200 ? enrolled : refused);
      if (reply.status != 200 && reply.status != 403) ++refused;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(enrolled == 3);
  CHECK(refused == 5);
}

TEST_CASE("Expired, revoked, unknown and malformed tokens are refused with what to do") {
  Fleet fleet;
  auto client = fleet.device_client();
  const auto csr = make_key_and_csr().csr_pem;
  const auto refused = [&](const std::string& token) {
    return problem_of(client.send("POST", "/v1/device/enroll", enrol_body(token, csr).dump()), 403)["detail"]
        .get<std::string>();
  };
  const auto revoked = fleet.token();
  auto store = fleet.open_store();
  REQUIRE(store->revoke_token(store->tokens()->front().id));
  CHECK(refused(revoked).find("revoked") != std::string::npos);
  CHECK(refused("nonsense").find("hale1") != std::string::npos);
  const auto unknown = fleet.token();
  Fleet other;
  auto other_client = other.device_client();
  CHECK(problem_of(other_client.send("POST", "/v1/device/enroll", enrol_body(unknown, csr).dump()), 403)["detail"]
            .get<std::string>()
            .find("not known") != std::string::npos);
}

TEST_CASE("An enrolment's own errors do not use up the token") {
  Fleet fleet;
  const auto token = fleet.token(1);
  auto client = fleet.device_client();
  const auto key = make_key_and_csr();
  problem_of(client.send("POST", "/v1/device/enroll", enrol_body(token, spoil_signature(key.csr_pem)).dump()), 422);
  problem_of(client.send("POST", "/v1/device/enroll", enrol_body(token, make_key_and_csr("RSA").csr_pem).dump()), 422);
  problem_of(client.send("POST", "/v1/device/enroll", R"({"token":5})"), 422);
  problem_of(client.send("POST", "/v1/device/enroll", "{"), 422);
  CHECK(client.send("POST", "/v1/device/enroll", enrol_body(token, key.csr_pem).dump()).status == 200);
}

TEST_CASE("A batch is answered an item each, and a malformed item does not hurt the others") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  json broken = finding_body("2026-03-01T10:00:00Z");
  broken["severity"] = "terrible";
  const std::vector<json> items = {item("f1", "finding", finding_body("2026-03-01T10:00:00Z")),
                                   item("bad", "finding", broken),
                                   item("t1", "telemetry", telemetry_body("2026-03-01T09:00:00Z", 12)),
                                   item("i1", "inventory", inventory_body("Lab 1", "Box")),
                                   item("x", "surprise", json::object()),
                                   json{{"kind", "event"}},
                                   json("text")};
  const auto reply = upload(client, batch(device.id, items));
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const json answer = json::parse(reply.body);
  CHECK(answer["accepted"] == json::array({"f1", "t1", "i1"}));
  REQUIRE(answer["rejected"].size() == 4);
  CHECK(answer["rejected"][0]["id"] == "bad");
  CHECK(answer["rejected"][0]["reason"].get<std::string>().find("severity") != std::string::npos);
  CHECK(answer["keep"].empty());
  CHECK(stored_transitions(fleet, device.id) == 1);
}

TEST_CASE("The same batch and the same items again change nothing and get the same answer") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  json body = batch(
      device.id, {item("f1", "finding", finding_body("2026-03-01T10:00:00Z")), item("bad", "event", json::object())});
  const auto first = upload(client, body);
  REQUIRE(first.status == 200);
  CHECK(upload(client, body).body == first.body);
  fleet.restart();
  auto again = fleet.device_client(device.identity);
  CHECK(upload(again, body).body == first.body);
  body["batch"] = crypto::random_uuid();
  CHECK(json::parse(upload(again, body).body)["accepted"] == json::array({"f1"}));
  CHECK(stored_transitions(fleet, device.id) == 1);
}

TEST_CASE("zstd, gzip and plain bodies are read; others are named as unsupported") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  const std::string body = batch(device.id, {item("f1", "finding", finding_body("2026-03-01T10:00:00Z"))}).dump();
  CHECK(client.send("POST", kBatches, zstd_compress(body), {"Content-Encoding: zstd"}).status == 200);
  CHECK(client.send("POST", kBatches, gzip_compress(body), {"Content-Encoding: gzip"}).status == 200);
  CHECK(client.send("POST", kBatches, body, {"Content-Encoding: identity"}).status == 200);
  problem_of(client.send("POST", kBatches, body, {"Content-Encoding: br"}), 415);
  problem_of(client.send("POST", kBatches, body, {"Content-Type: text/plain"}), 415);
  problem_of(client.send("POST", kBatches, "not zstd", {"Content-Encoding: zstd"}), 422);
  problem_of(client.send("POST", kBatches, zstd_compress(body).substr(0, 20), {"Content-Encoding: zstd"}), 422);
}

TEST_CASE("A zip bomb is refused without being unpacked") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  const std::string bomb(200u << 20, ' ');
  for (const auto& [encoding, bytes] :
       {std::pair<std::string, std::string>{"zstd", zstd_compress(bomb)}, {"gzip", gzip_compress(bomb)}}) {
    CHECK(bytes.size() < (1u << 20));
    problem_of(client.send("POST", kBatches, bytes, {"Content-Encoding: " + encoding}), 413);
  }
  CHECK(upload(client, batch(device.id, {})).status == 200);
}

TEST_CASE("A body over a mebibyte is refused, announced or not") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  problem_of(client.send("POST", kBatches, std::string((1u << 20) + 1, ' ')), 413);
  std::string chunked =
      "POST /v1/device/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  for (int i = 0; i < 20; ++i) chunked += "10000\r\n" + std::string(65536, ' ') + "\r\n";
  problem_of(client.raw(chunked), 413);
}

TEST_CASE("Malformed batches are refused with the place") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  json future = batch(device.id, {});
  future["schema"] = 2;
  CHECK(problem_of(upload(client, future), 422)["detail"].get<std::string>().find("update") != std::string::npos);
  json without = batch(device.id, {});
  without.erase("batch");
  CHECK(problem_of(upload(client, without), 422)["detail"].get<std::string>().find("batch.batch") != std::string::npos);
  for (const char* text : {"{", "[]", "null", "{\"schema\":1}", "\xff\xfe", "{\"schema\":1,\"schema\":"})
    problem_of(client.send("POST", kBatches, text), 422);
  std::string deep(100'000, '[');
  problem_of(client.send("POST", kBatches, deep), 422);
}

TEST_CASE("However a batch is mutilated, it is answered and the server lives") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  const std::string good = batch(device.id, {item("f1", "finding", finding_body("2026-03-01T10:00:00Z")),
                                             item("t1", "telemetry", telemetry_body("2026-03-01T09:00:00Z", 12)),
                                             item("i1", "inventory", inventory_body("Lab 1", "Box"))})
                               .dump();
  std::mt19937 random(20261123);
  for (int round = 0; round < 400; ++round) {
    std::string text = good;
    for (unsigned i = 0; i <= random() % 4; ++i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 20);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 40));
          break;
        default:
          text.insert(at, "-1e999");
          break;
      }
    }
    const auto reply = client.send("POST", kBatches, text);
    CHECK((reply.status == 200 || reply.status == 403 || reply.status == 422));
  }
  CHECK(upload(client, batch(device.id, {})).status == 200);
}

TEST_CASE("Without a certificate of this fleet nothing is stored, and the reason is said") {
  Fleet fleet, other;
  const auto stranger = enrol(other);
  auto none = fleet.device_client();
  CHECK(problem_of(upload(none, batch(stranger.id, {})), 401)["detail"].get<std::string>().find("enrol") !=
        std::string::npos);
  auto foreign = fleet.device_client(stranger.identity);
  CHECK(problem_of(upload(foreign, batch(stranger.id, {})), 401)["detail"].get<std::string>().find(
            "not issued by this fleet") != std::string::npos);
  // Signed by the right CA but never enrolled: the server's own certificate, for one.
  const auto keys = load_fleet_keys(fleet.data()).value();
  auto odd = fleet.device_client({keys.server_pem, keys.server_key_pem});
  problem_of(upload(odd, batch(stranger.id, {})), 401);
}

TEST_CASE("A device cannot upload for another") {
  Fleet fleet;
  const auto one = enrol(fleet);
  const auto two = enrol(fleet);
  auto client = fleet.device_client(one.identity);
  problem_of(upload(client, batch(two.id, {item("f1", "finding", finding_body("2026-03-01T10:00:00Z"))})), 403);
  CHECK(stored_transitions(fleet, two.id) == 0);
}

TEST_CASE("A revoked device is refused at its next request, on a connection that stays open too") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  REQUIRE(upload(client, batch(device.id, {})).status == 200);
  Console admin(fleet, "admin");
  const auto reply = admin.send("POST", "/api/v1/devices/" + device.id + "/revoke", {{"reason", "stolen"}});
  CHECK(reply.status == 200);
  CHECK(json::parse(reply.body)["status"] == "revoked");
  CHECK(problem_of(upload(client, batch(device.id, {})), 401)["detail"].get<std::string>().find("revoked") !=
        std::string::npos);
  const auto fresh = make_key_and_csr();
  const json renewal = {{"csr", fresh.csr_pem},
                        {"certificate", device.identity.certificate_pem},
                        {"proof", sign_csr(device.identity.private_key_pem, fresh.csr_pem)}};
  auto bare = fleet.device_client();
  problem_of(bare.send("POST", "/v1/device/renew", renewal.dump()), 401);
}

TEST_CASE("A certificate is renewed by proof of possession, and both work until the old one ends") {
  Fleet fleet;
  const auto device = enrol(fleet);
  const auto fresh = make_key_and_csr();
  json renewal = {{"csr", fresh.csr_pem},
                  {"certificate", device.identity.certificate_pem},
                  {"proof", sign_csr(device.identity.private_key_pem, fresh.csr_pem)}};
  auto bare = fleet.device_client();
  const auto reply = bare.send("POST", "/v1/device/renew", renewal.dump());
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const json answer = json::parse(reply.body);
  CHECK(answer["device"] == device.id);
  auto renewed = fleet.device_client({answer["certificate"], fresh.private_key_pem});
  CHECK(upload(renewed, batch(device.id, {})).status == 200);
  auto old = fleet.device_client(device.identity);
  CHECK(upload(old, batch(device.id, {})).status == 200);
  renewal["proof"] = sign_csr(fresh.private_key_pem, fresh.csr_pem);
  problem_of(bare.send("POST", "/v1/device/renew", renewal.dump()), 401);
  renewal["proof"] = "%%%";
  problem_of(bare.send("POST", "/v1/device/renew", renewal.dump()), 422);
}

TEST_CASE("A cloned disk gets an identity of its own, and both devices are marked") {
  Fleet fleet;
  const auto original = enrol(fleet);
  const auto copy = enrol(fleet, original.id);
  CHECK(copy.id != original.id);
  Console console(fleet, "viewer");
  CHECK(console.read("/api/v1/devices/" + original.id)["status"] == "cloned");
  const json detail = console.read("/api/v1/devices/" + copy.id);
  CHECK(detail["status"] == "cloned");
  CHECK(detail["clone_of"] == original.id);
  CHECK(console.read("/api/v1/summary")["devices"]["cloned"] == 2);
  auto client = fleet.device_client(original.identity);
  CHECK(upload(client, batch(original.id, {})).status == 200);
}

TEST_CASE("A TLS session with a client certificate is resumed, and still knows its device") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  REQUIRE(upload(client, batch(device.id, {})).status == 200);
  REQUIRE(client.connect());
  CHECK(client.resumed());
  CHECK(upload(client, batch(device.id, {})).status == 200);
  CHECK(fleet.server().device_counters().handshakes_resumed == 1);
}

TEST_CASE("A revoked device is refused on a resumed connection as well") {
  Fleet fleet;
  const auto device = enrol(fleet);
  auto client = fleet.device_client(device.identity);
  REQUIRE(upload(client, batch(device.id, {})).status == 200);
  Console console(fleet, "admin");
  REQUIRE(console.send("POST", "/api/v1/devices/" + device.id + "/revoke", {{"reason", "lost"}}).status == 200);
  REQUIRE(client.connect());
  REQUIRE(client.resumed());
  CHECK(problem_of(upload(client, batch(device.id, {})), 401)["detail"].get<std::string>().find("revoked") !=
        std::string::npos);
}

TEST_CASE("What is no HTTP or the wrong route gets words, and the next connection works") {
  Fleet fleet;
  auto client = fleet.device_client();
  problem_of(client.raw("GARBAGE\r\n\r\n"), 400);
  problem_of(client.raw("POST /v1/device/batches HTTP/1.1\r\nHost: x\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n"),
             431);
  problem_of(client.raw("POST http://x/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 400);
  problem_of(client.send("GET", "/"), 404);
  const auto reply = client.send("GET", kBatches);
  problem_of(reply, 405);
  CHECK(reply.header("allow") == "POST");
  CHECK(client.send("GET", "/healthz").status == 200);
}

TEST_CASE("Requests that were sent one after the other without waiting are all answered, in order") {
  Fleet fleet;
  auto client = fleet.device_client();
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  CHECK(client.raw(request + request + "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
  CHECK(client.raw("").status == 200);
  CHECK(client.raw("").status == 404);
}

TEST_CASE("A client that asks before it sends a large body is told to go on") {
  Fleet fleet;
  auto client = fleet.device_client();
  REQUIRE(
      client.write("POST /v1/device/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                   "2\r\nExpect: 100-continue\r\n\r\n"));
  CHECK(client.read_until("\r\n\r\n", 5s).starts_with("HTTP/1.1 100"));
  CHECK(client.raw("{}").status == 401);
}

TEST_CASE("Many wrong tokens from one address are slowed down") {
  Fleet fleet;
  auto client = fleet.device_client();
  const auto csr = make_key_and_csr().csr_pem;
  int slowed = 0;
  for (int i = 0; i < 25; ++i) {
    const auto reply = client.send("POST", "/v1/device/enroll", enrol_body("hale1.guess", csr).dump());
    if (reply.status == 429) {
      ++slowed;
      CHECK(std::stoi(reply.header("retry-after")) > 0);
    }
  }
  CHECK(slowed == 5);
}

TEST_CASE("Uploads from many devices at once are all there afterwards") {
  Fleet fleet;
  constexpr int kDevices = 6;
  constexpr int kBatches = 15;
  std::vector<EnrolledDevice> devices;
  for (int i = 0; i < kDevices; ++i) devices.push_back(enrol(fleet));
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (const auto& device : devices) {
    threads.emplace_back([&fleet, &device, &good] {
      auto client = fleet.device_client(device.identity);
      for (int i = 0; i < kBatches; ++i) {
        good +=
            upload(client, batch(device.id, {item(std::to_string(i), "finding",
                                                  finding_body("2026-03-01T10:00:" + std::to_string(10 + i) + "Z"))}))
                .status == 200;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(good == kDevices * kBatches);
  for (const auto& device : devices) CHECK(stored_transitions(fleet, device.id) == kBatches);
}

TEST_CASE("A stop answers what was accepted") {
  Fleet fleet;
  const auto device = enrol(fleet);
  std::atomic<bool> stopping{false};
  std::atomic<int> answered{0}, refused{0};
  std::thread uploading([&] {
    auto client = fleet.device_client(device.identity);
    for (int i = 0; !stopping || i < 3; ++i) {
      const auto reply =
          upload(client, batch(device.id, {item(std::to_string(i), "finding", finding_body("2026-03-01T10:00:00Z"))}));
      if (reply.status == 200) ++answered;
      if (reply.status == 0) {
        ++refused;
        break;
      }
    }
  });
  std::this_thread::sleep_for(200ms);
  const auto started = std::chrono::steady_clock::now();
  fleet.server().stop();
  CHECK(std::chrono::steady_clock::now() - started < 8s);
  stopping = true;
  uploading.join();
  CHECK(answered > 0);
  CHECK(stored_transitions(fleet, device.id) >= answered);
}
