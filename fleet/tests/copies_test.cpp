// Copies of disks at the device listener: how they enrol by themselves, how they are found out, and what an attacker
// with an image of a disk does not get.
#include <catch2/catch_test_macros.hpp>

#include "core/copy_statement.hpp"
#include "fleet/service/challenges.hpp"
#include "fleet/tests/fleet_fixture.hpp"
#include "platform/crypto.hpp"

using namespace hale;
using namespace hale::fleet;
using namespace hale::fleet::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kHardware = "uuid=99;mac=97";

std::string challenge_of(Fleet& fleet) {
  auto client = fleet.device_client();
  const Reply reply = client.send("POST", "/v1/device/challenge", "{}");
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  return json::parse(reply.body).at("challenge");
}

/// What an honest copy of `original`'s disk sends.
json copy_body(const EnrolledDevice& original, const KeyPair& fresh, const std::string& challenge) {
  const auto statement = [&](const std::string& der) { return copy_statement(original.id, challenge, kHardware, der); };
  return {{"csr", fresh.csr_pem},
          {"hardware", kHardware},
          {"agent", {{"version", "0.1.0"}, {"os", "Debian 12"}}},
          {"previous", original.id},
          {"certificate", original.identity.certificate_pem},
          {"challenge", challenge},
          {"proof", sign_csr(original.identity.private_key_pem, fresh.csr_pem, statement)}};
}

Reply send(Fleet& fleet, const json& body) {
  auto client = fleet.device_client();
  return client.send("POST", "/v1/device/enroll", body.dump());
}

EnrolledDevice enrol_copy(Fleet& fleet, const EnrolledDevice& original) {
  const KeyPair key = make_key_and_csr();
  const Reply reply = send(fleet, copy_body(original, key, challenge_of(fleet)));
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const json answer = json::parse(reply.body);
  return {answer["device"], {answer["certificate"], key.private_key_pem}, answer};
}

/// A PC's chain of batches.
struct Uploading {
  Fleet& fleet;
  EnrolledDevice device;
  std::string last{};
  Reply upload() {
    auto client = fleet.device_client(device.identity);
    json body = batch(device.id, {});
    body["after"] = last;
    const Reply reply = client.send("POST", "/v1/device/batches", body.dump());
    if (reply.status == 200) last = body["batch"];
    return reply;
  }
};

bool told(const Reply& reply, int status, const std::string& words) {
  INFO(reply.status << " " << reply.body);
  CHECK(reply.status == status);
  return reply.body.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("A copy that proves the old key becomes a device of its own; both pages, the audit and the metrics say so") {
  Fleet fleet;
  const auto original = enrol(fleet);
  const auto copy = enrol_copy(fleet, original);
  CHECK(copy.id != original.id);
  Console console(fleet, "admin");
  const json page = console.read("/api/v1/devices/" + original.id);
  REQUIRE(page["copies"].size() == 1);
  CHECK(page["copies"][0]["id"] == copy.id);
  CHECK(console.read("/api/v1/devices/" + copy.id)["clone_of"] == original.id);
  for (const auto& id : {original.id, copy.id}) {
    const json line = console.read("/api/v1/devices/" + id + "/timeline?kinds=device");
    CHECK(line.dump().find("cloned") != std::string::npos);
  }
  const json audit = console.read("/api/v1/audit");
  CHECK(audit.dump().find("device.copy") != std::string::npos);
  CHECK(console.get("/metrics").body.find("hale_copies_enrolled_total 1") != std::string::npos);
  auto client = fleet.device_client(original.identity);
  CHECK(client.send("POST", "/v1/device/batches", batch(original.id, {}).dump()).status == 200);
}

TEST_CASE("A proof stands for one challenge, one new key, one hardware and one old identity only") {
  Fleet fleet;
  const auto original = enrol(fleet);
  const auto other = enrol(fleet);
  const KeyPair key = make_key_and_csr();
  const json good = copy_body(original, key, challenge_of(fleet));
  const auto refused = [&](const char* member, const json& value) {
    json body = good;
    body[member] = value;
    return send(fleet, body).status == 403;
  };
  CHECK(refused("csr", make_key_and_csr().csr_pem));
  CHECK(refused("hardware", "uuid=1"));
  CHECK(refused("challenge", challenge_of(fleet)));
  CHECK(refused("previous", other.id));
  CHECK(refused("certificate", other.identity.certificate_pem));
  CHECK(refused("proof", sign_csr(original.identity.private_key_pem, key.csr_pem)));  // a renewal's
  CHECK(refused("proof", sign_csr(other.identity.private_key_pem, key.csr_pem)));
  CHECK(send(fleet, good).status == 200);
  CHECK(told(send(fleet, good), 403, "used already"));
}

TEST_CASE("A challenge of another server, or from before its start, is refused") {
  Fleet fleet;
  Fleet elsewhere;
  const auto original = enrol(fleet);
  CHECK(told(send(fleet, copy_body(original, make_key_and_csr(), challenge_of(elsewhere))), 403, "get a new one"));
  CHECK(told(send(fleet, copy_body(original, make_key_and_csr(), "nonsense")), 403, "get a new one"));
  const auto earlier = challenge_of(fleet);
  fleet.restart();
  CHECK(told(send(fleet, copy_body(original, make_key_and_csr(), earlier)), 403, "get a new one"));
}

TEST_CASE("A challenge is good for two minutes, and once") {
  Challenges challenges;
  const Timestamp now = from_unix_ms(1'700'000'000'000);
  const auto text = challenges.make(now);
  CHECK(challenges.use(text, now + 2min).error().message.find("expired") != std::string::npos);
  CHECK(challenges.use(text, now + 119s));
  CHECK(challenges.use(text, now + 119s).error().message.find("used already") != std::string::npos);
  auto forged = challenges.make(now);
  forged[3] = forged[3] == 'A' ? 'B' : 'A';
  CHECK_FALSE(challenges.use(forged, now));
}

TEST_CASE("A revoked identity enrols no copy, and revoking a device with its copies ends them all") {
  Fleet fleet;
  const auto original = enrol(fleet);
  const auto copy = enrol_copy(fleet, original);
  const auto copy_of_copy = enrol_copy(fleet, copy);
  Console console(fleet, "admin");
  const json alone = {{"reason", "stolen"}};
  REQUIRE(console.send("POST", "/api/v1/devices/" + original.id + "/revoke", alone).status == 200);
  CHECK(told(send(fleet, copy_body(original, make_key_and_csr(), challenge_of(fleet))), 403, "revoked"));
  auto client = fleet.device_client(copy.identity);
  CHECK(client.send("POST", "/v1/device/batches", batch(copy.id, {}).dump()).status == 200);

  const json family = {{"reason", "stolen"}, {"copies", true}};
  REQUIRE(console.send("POST", "/api/v1/devices/" + original.id + "/revoke", family).status == 200);
  for (const auto& one : {copy, copy_of_copy}) {
    auto revoked = fleet.device_client(one.identity);
    CHECK(revoked.send("POST", "/v1/device/batches", batch(one.id, {}).dump()).status == 401);
    CHECK(console.read("/api/v1/devices/" + one.id)["status"] == "revoked");
  }
}

TEST_CASE("The policy forbids copies at once, in words and a type that the agent knows; a token still enrols them") {
  Fleet fleet;
  const auto original = enrol(fleet);
  auto store = fleet.open_store();
  REQUIRE(store->begin());
  REQUIRE(store->set_setting("copies", "forbidden"));
  REQUIRE(store->commit());
  const auto reply = send(fleet, copy_body(original, make_key_and_csr(), challenge_of(fleet)));
  CHECK(told(reply, 403, std::string(kCopiesForbidden)));
  CHECK(reply.body.find("token") != std::string::npos);
  Console console(fleet, "viewer");
  CHECK(console.read("/api/v1/devices")["total"] == 1);
  CHECK(console.get("/metrics").body.find("hale_copies_refused_total 1") != std::string::npos);
  CHECK(enrol(fleet, original.id).id != original.id);
}

TEST_CASE("Of one disk no more copies enrol in a day than a classroom has PCs") {
  Fleet fleet;
  const auto original = enrol(fleet);
  auto store = fleet.open_store();
  REQUIRE(store->begin());
  for (int i = 0; i < 50; ++i) {
    Device device;
    device.id = crypto::random_uuid();
    device.clone_of = original.id;
    device.enrolled = system_clock().now() - 1h;
    REQUIRE(store->add_device(device));
  }
  REQUIRE(store->commit());
  const auto reply = send(fleet, copy_body(original, make_key_and_csr(), challenge_of(fleet)));
  CHECK(told(reply, 429, "too many copies"));
  CHECK(reply.header("retry-after") == "3600");
}

TEST_CASE("Malformed copies are refused with the place, and guesses are slowed down") {
  Fleet fleet;
  const auto original = enrol(fleet);
  json body = copy_body(original, make_key_and_csr(), challenge_of(fleet));
  const auto changed = [&](const char* member, const json& value) {
    json other = body;
    other[member] = value;
    return send(fleet, other);
  };
  CHECK(told(changed("proof", "***"), 422, "enroll.proof"));
  CHECK(told(changed("challenge", ""), 422, "enroll.challenge"));
  CHECK(told(changed("hardware", "a\nb"), 422, "enroll.hardware"));
  CHECK(told(changed("previous", ""), 422, "enroll.token"));
  CHECK(told(changed("certificate", "PEM"), 422, "certificate"));
  for (int i = 0; i < 20; ++i) CHECK(changed("proof", crypto::to_base64("wrong")).status == 403);
  CHECK(changed("proof", crypto::to_base64("wrong")).status == 429);
}

TEST_CASE("Two PCs that upload with one identity are found out by their batches; the one that was first keeps it") {
  Fleet fleet;
  Uploading original{fleet, enrol(fleet)};
  REQUIRE(original.upload().status == 200);
  Uploading copy{fleet, original.device, original.last};
  REQUIRE(original.upload().status == 200);
  CHECK(copy.upload().status == 200);  // this may yet be a restored backup
  CHECK(original.upload().status == 200);
  CHECK(told(copy.upload(), 409, std::string(kCopied)));
  for (int i = 0; i < 3; ++i) {
    CHECK(original.upload().status == 200);
    CHECK(copy.upload().status == 409);
  }
  Console console(fleet, "admin");
  CHECK(console.read("/api/v1/devices/" + original.device.id)["status"] == "cloned");
  CHECK(console.read("/api/v1/devices/" + original.device.id + "/timeline?kinds=device").dump().find("forked") !=
        std::string::npos);
  CHECK(console.read("/api/v1/audit").dump().find("device.forked") != std::string::npos);
  CHECK(console.get("/metrics").body.find("hale_identity_forks_total 1") != std::string::npos);
  Uploading anew{fleet, enrol_copy(fleet, copy.device), copy.last};
  CHECK(anew.upload().status == 200);
  CHECK(anew.upload().status == 200);
}

TEST_CASE("A PC that went back in time, or sends a batch again, or does not count, is never taken for a copy") {
  Fleet fleet;
  Uploading pc{fleet, enrol(fleet)};
  for (int i = 0; i < 3; ++i) REQUIRE(pc.upload().status == 200);
  const auto earlier = pc.last;
  for (int i = 0; i < 3; ++i) REQUIRE(pc.upload().status == 200);
  pc.last = earlier;  // a restored backup
  for (int i = 0; i < 3; ++i) CHECK(pc.upload().status == 200);
  pc.last.clear();  // its database was lost
  for (int i = 0; i < 3; ++i) CHECK(pc.upload().status == 200);
  auto client = fleet.device_client(pc.device.identity);
  json again = batch(pc.device.id, {});
  again["after"] = pc.last;
  for (int i = 0; i < 2; ++i) CHECK(client.send("POST", "/v1/device/batches", again.dump()).status == 200);
  CHECK(client.send("POST", "/v1/device/batches", batch(pc.device.id, {}).dump()).status == 200);
  Console console(fleet, "viewer");
  CHECK(console.read("/api/v1/devices/" + pc.device.id)["status"] == "active");
}

TEST_CASE("A whole classroom from one image is told apart, and a flood of lines is bounded") {
  Fleet fleet;
  Uploading original{fleet, enrol(fleet)};
  REQUIRE(original.upload().status == 200);
  std::vector<Uploading> room(70, Uploading{fleet, original.device, original.last});
  REQUIRE(original.upload().status == 200);
  int found = 0;
  for (auto& copy : room) CHECK(copy.upload().status == 200);
  REQUIRE(original.upload().status == 200);
  for (auto& copy : room) found += copy.upload().status == 409 ? 1 : 0;
  CHECK(found == 70);  // those whose lines were forgotten are told as well: two PCs are proved, and there is no room
  CHECK(original.upload().status == 200);
  auto store = fleet.open_store();
  CHECK(store->lines(store->find_device(original.device.id).value()->number)->size() <= 64);
}
