#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

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
    "A copied disk never uses the identity it brought along: nothing is sent, the copied key is gone, the next "
    "enrolment names it") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  pc.put("theirs");
  pc.hardware = kOtherHardware;
  pc.boot_time = pc.clock.now() + std::chrono::milliseconds{1};
  const auto report = pc.run();
  CHECK(report.exit == UploadExit::later);
  CHECK(has(report.error, "copy of another PC's (device device-1)"));
  CHECK(has(report.error, "hale enroll"));
  CHECK(fleet.requests(kBatches) == 0);
  CHECK(report.waiting == 0);
  CHECK(read_identity(pc.folder.path()).error().code == Errc::not_found);
  CHECK(Secrets(pc.folder.path()).get("client-key.a").error().code == Errc::not_found);
  CHECK(has(pc.run().error, "copy of another PC's"));  // and again, until it is enrolled

  REQUIRE(pc.enroll(fleet.token()));
  CHECK(json::parse(fleet.bodies_of("/v1/device/enroll").back()).at("previous") == "device-1");
  CHECK(pc.identity().device_id == "device-2");
  pc.consent();
  pc.clock.moved = std::chrono::seconds{5};
  pc.put("ours");
  CHECK(pc.run().sent == 1);
  CHECK(fleet.accepted().contains("ours"));
  CHECK_FALSE(fleet.accepted().contains("theirs"));
  CHECK(pc.outbox.counts()->set_aside == 1);
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
