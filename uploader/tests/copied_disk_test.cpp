#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "uploader/device_key.hpp"
#include "uploader/tests/run_fixture.hpp"

using namespace hale;
using namespace hale::test;
using nlohmann::json;

namespace {

constexpr const char* kBatches = "/v1/device/batches";

bool has(const std::string& text, const std::string& word) {
  INFO(text);
  return text.find(word) != std::string::npos;
}

ServerReply reply(int status) { return {.status = status, .body = {}, .headers = {}}; }

}  // namespace

TEST_CASE(
    "A copied disk never uses the identity it brought along: it proves it once, becomes a device of its own, erases "
    "the "
    "copied key and asks for consent anew") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("theirs");
  pc.hardware = kOtherHardware;
  pc.boot_time = pc.clock.now() + std::chrono::milliseconds{1};
  const auto report = pc.run();
  CHECK(report.enrolled_as == "device-2");
  CHECK(has(report.error, "agreed"));
  CHECK(fleet.complaints().empty());
  CHECK(fleet.requests(kBatches) == 0);
  CHECK(report.waiting == 0);
  CHECK(pc.identity().hardware == kOtherHardware);
  CHECK(pc.identity().key_name == "client-key.b");
  CHECK(Secrets(pc.folder.path()).get("client-key.a").error().code == Errc::not_found);
  CHECK(read_previous_identity(pc.folder.path()).error().code == Errc::not_found);
  const auto sent = json::parse(fleet.bodies_of("/v1/device/enroll").back());
  CHECK(sent.at("previous") == "device-1");
  CHECK(sent.dump().find("PRIVATE") == std::string::npos);
  pc.consent();
  pc.clock.moved = std::chrono::seconds{5};
  pc.put("ours");
  CHECK(pc.run().sent == 1);
  CHECK(fleet.accepted().contains("ours"));
  CHECK_FALSE(fleet.accepted().contains("theirs"));
  CHECK(pc.outbox.counts()->set_aside == 1);
}

TEST_CASE("Where the fleet lets no copy enrol by itself, it waits and says so, until a token or the policy helps") {
  TestFleet fleet(TestFleet::Settings{.copies = false});
  Pc pc;
  pc.join(fleet);
  pc.put("theirs");
  pc.hardware = kOtherHardware;
  pc.boot_time = pc.clock.now() + std::chrono::milliseconds{1};
  auto report = pc.run();
  CHECK(report.exit == UploadExit::later);
  CHECK(has(report.error, "copy of another PC's (device device-1)"));
  CHECK(has(report.error, "hale enroll"));
  CHECK(read_previous_identity(pc.folder.path())->standing == "forbidden");
  CHECK(read_identity(pc.folder.path()).error().code == Errc::not_found);
  CHECK(report.retry_after_s.value_or(0) == 6 * 3600);
  const auto asked = fleet.requests("/v1/device/enroll");
  CHECK(has(pc.run(false).error, "copy of another PC's"));
  CHECK(fleet.requests("/v1/device/enroll") == asked);
  CHECK(fleet.requests(kBatches) == 0);

  SECTION("an administrator's token") {
    REQUIRE(pc.enroll(fleet.token()));
    CHECK(json::parse(fleet.bodies_of("/v1/device/enroll").back()).at("previous") == "device-1");
  }
  SECTION("another policy") {
    fleet.allow_copies(true);
    CHECK(pc.run().enrolled_as == "device-2");
  }
  CHECK(pc.identity().device_id == "device-2");
  CHECK(Secrets(pc.folder.path()).get("client-key.a").error().code == Errc::not_found);
  CHECK(check_device_certificate(pc.identity().certificate_pem,
                                 Secrets(pc.folder.path()).get(pc.identity().key_name).value(), pc.identity().ca_pem));
}

TEST_CASE("A copy of a revoked device's disk is told so, and sends nothing") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  fleet.revoke("device-1");
  pc.hardware = kOtherHardware;
  const auto report = pc.run();
  CHECK(has(report.error, "revoked"));
  CHECK(read_previous_identity(pc.folder.path())->standing == "refused");
  CHECK(fleet.requests(kBatches) == 0);
}

TEST_CASE("A copy asks for no identity where uploads were refused on the disk it was copied from") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.hardware = kOtherHardware;
  for (const auto* word : {"refused", "withdrawn", "paused"}) {
    pc.say("consent", word);
    CHECK(has(pc.run().error, word));
  }
  CHECK(fleet.requests("/v1/device/challenge") == 0);
  CHECK(fleet.requests("/v1/device/enroll") == 1);
}

TEST_CASE("A copy that cannot reach the fleet tries again later, and a forged answer leaves nothing behind") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.hardware = kOtherHardware;
  fleet.answer_with([](const ServerRequest&, int) { return reply(503); });
  CHECK(has(pc.run().error, "enrolling it anew failed"));
  CHECK(read_previous_identity(pc.folder.path())->standing == "waiting");
  TestCa rogue("Rogue");
  fleet.answer_with([&](const ServerRequest& request, int) -> std::optional<ServerReply> {
    if (request.path != "/v1/device/enroll") return std::nullopt;
    const auto csr = json::parse(request.body).at("csr").get<std::string>();
    const auto forged =
        rogue.issue_for(public_key_of_request(csr).get(), Issue{.name = "d", .alternative_name = "", .server = false});
    return ServerReply{.body =
                           json{{"device", "d"}, {"certificate", to_pem(forged.get())}, {"ca", rogue.pem()}}.dump()};
  });
  CHECK(has(pc.run().error, "does not chain"));
  CHECK(read_identity(pc.folder.path()).error().code == Errc::not_found);
  fleet.answer_with({});
  CHECK(pc.run().enrolled_as == "device-2");
}

TEST_CASE("A PC that the fleet tells apart by its batches, on the same hardware, enrols as a copy in the same run") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("one");
  fleet.answer_with([](const ServerRequest& request, int) -> std::optional<ServerReply> {
    if (request.path != kBatches || request.client != "device-1") return std::nullopt;
    return ServerReply{.status = 409, .body = R"({"type":"urn:hale:problem:copied","title":"t","status":409})"};
  });
  pc.boot_time = pc.clock.now() - std::chrono::hours{1};
  auto report = pc.run();
  CHECK(report.enrolled_as == "device-2");
  CHECK(report.waiting == 1);
  pc.consent();
  CHECK(pc.run().sent == 1);
  CHECK(fleet.envelopes().back().device == "device-2");
  CHECK(fleet.complaints().empty());
}

TEST_CASE("Each batch names the one that was answered before it") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  for (const auto* id : {"a", "b", "c"}) {
    pc.put(id);
    REQUIRE(pc.run().sent == 1);
  }
  const auto sent = fleet.envelopes();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].after == "");
  CHECK(sent[1].after == sent[0].batch);
  CHECK(sent[2].after == sent[1].batch);
}

TEST_CASE("A copied disk that is enrolled before it ever uploads names the device it came from, too") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("theirs");
  pc.hardware = kOtherHardware;
  pc.boot_time = pc.clock.now() + std::chrono::milliseconds{1};
  REQUIRE(pc.enroll(fleet.token()));
  CHECK(json::parse(fleet.bodies_of("/v1/device/enroll").back()).at("previous") == "device-1");
  CHECK(pc.outbox.waiting().value() == 0);
}

TEST_CASE(
    "A copied disk enrols by itself where the organisation allowed it to keep the token, and asks for consent anew") {
  TestFleet fleet(TestFleet::Settings{.keep_token = true});
  Pc pc;
  pc.join(fleet);
  pc.hardware = kOtherHardware;
  fleet.answer_with([](const ServerRequest&, int) { return reply(503); });
  auto report = pc.run();
  CHECK(report.exit == UploadExit::later);
  CHECK(has(report.error, "enrolling it anew failed"));
  CHECK(report.retry_after_s.value_or(0) > 0);
  const auto asked = fleet.requests("/v1/device/enroll");
  CHECK(has(pc.run(false).error, "waits"));
  CHECK(fleet.requests("/v1/device/enroll") == asked);
  fleet.answer_with({});
  pc.put("ours");
  report = pc.run();
  CHECK(report.enrolled_as == "device-2");
  CHECK(has(report.error, "agreed"));
  CHECK(fleet.requests(kBatches) == 0);
  CHECK(pc.identity().hardware == kOtherHardware);
  pc.consent();
  CHECK(pc.run().sent == 1);
}
