#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "uploader/device_key.hpp"
#include "uploader/enrolment.hpp"
#include "uploader/tests/run_fixture.hpp"

using namespace hale;
using namespace hale::test;
using nlohmann::json;

namespace {

bool has(const std::string& text, const std::string& word) {
  INFO(text);
  return text.find(word) != std::string::npos;
}

constexpr const char* kEnroll = "/v1/device/enroll";

/// The honest answer to an enrolment, changed by `change`.
TestFleet::Override forge(TestFleet& fleet, const std::function<void(json&)>& change,
                          std::shared_ptr<TestCa> ca = nullptr) {
  return [&fleet, change, ca](const ServerRequest& request, int) -> std::optional<ServerReply> {
    const auto csr = json::parse(request.body).at("csr").get<std::string>();
    const auto& signer = ca ? *ca : fleet.ca();
    const auto certificate =
        signer.issue_for(public_key_of_request(csr).get(), Issue{.name = "d", .alternative_name = "", .server = false});
    json answer{{"device", "d"},
                {"certificate", to_pem(certificate.get())},
                {"ca", fleet.ca().pem()},
                {"organization", "O"},
                {"consent", "given"}};
    change(answer);
    return ServerReply{.body = answer.dump()};
  };
}

}  // namespace

TEST_CASE("A token enrols this PC: the key is made here and stays here, the identity is complete") {
  TestFleet fleet;
  Pc pc;
  const auto identity = pc.enroll("\n" + fleet.token() + "\n");
  REQUIRE(identity);
  CHECK(identity->device_id == "device-1");
  CHECK(identity->fleet_url == fleet.url());
  CHECK(identity->ca_pem == fleet.ca().pem());
  CHECK(identity->organization == "Test School");
  CHECK(identity->consent_required);
  const auto key = Secrets(pc.folder.path()).get(identity->key_name).value();
  CHECK(check_device_certificate(identity->certificate_pem, key, identity->ca_pem));
  CHECK(read_identity(pc.folder.path())->device_id == "device-1");
  const auto sent = json::parse(fleet.bodies_of(kEnroll).front());
  CHECK(sent.at("hardware") == kHardware);
  CHECK(sent.at("previous") == "");
  CHECK(sent.at("agent").at("os") == "Test OS");
  CHECK(fleet.bodies_of(kEnroll).front().find("PRIVATE") == std::string::npos);
  CHECK(Secrets(pc.folder.path()).get("enrolment-token").error().code == Errc::not_found);
  CHECK(fleet.complaints().empty());
}

TEST_CASE("A working identity is replaced only by force, and then the old key is gone") {
  TestFleet fleet;
  Pc pc;
  pc.join(fleet);
  const auto before = pc.identity();
  const auto again = pc.enroll(fleet.token());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::conflict);
  CHECK(fleet.requests(kEnroll) == 1);
  REQUIRE(pc.enroll(fleet.token(), true));
  CHECK(pc.identity().device_id == "device-2");
  CHECK(pc.identity().key_name != before.key_name);
  CHECK(Secrets(pc.folder.path()).get(before.key_name).error().code == Errc::not_found);
}

TEST_CASE("What the fleet says against a token reaches the person, and nothing is stored") {
  TestFleet fleet;
  Pc pc;
  auto refused = pc.enroll(fleet.token("outdated"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::permission);
  CHECK(has(refused.error().message, "expired on 2026-01-01"));
  CHECK(refused.error().message.find("outdated") == std::string::npos);
  fleet.answer_with(
      [](const ServerRequest&, int) { return ServerReply{.status = 503, .headers = {"Retry-After: 60"}}; });
  CHECK(pc.enroll(fleet.token()).error().code == Errc::unavailable);
  fleet.answer_with([](const ServerRequest&, int) { return ServerReply{.status = 500, .body = "<html>"}; });
  CHECK(pc.enroll(fleet.token()).error().code == Errc::unavailable);
  fleet.answer_with([](const ServerRequest&, int) { return ServerReply{.status = 404}; });
  CHECK(pc.enroll(fleet.token()).error().code == Errc::invalid_input);
  CHECK(read_identity(pc.folder.path()).error().code == Errc::not_found);
}

TEST_CASE("A token goes only to the server whose CA it names") {
  TestFleet fleet;
  Pc pc;
  const auto stray = pc.enroll(fleet.token_for(fleet.url(), std::string(64, '0')));
  REQUIRE_FALSE(stray);
  CHECK(stray.error().code == Errc::permission);
  CHECK(fleet.requests(kEnroll) == 0);
  TestFleet hidden(TestFleet::Settings{.show_ca = false});
  CHECK(pc.enroll(hidden.token()).error().code == Errc::permission);
  const auto elsewhere = pc.enroll(fleet.token(), false, "https://127.0.0.1:" + std::to_string(fleet.port()));
  REQUIRE_FALSE(elsewhere);
  CHECK(has(elsewhere.error().message, "not for this name"));
}

TEST_CASE("An enrolment answer that does not hold is refused and leaves nothing behind") {
  TestFleet fleet;
  Pc pc;
  const std::map<std::string, TestFleet::Override> forgeries{
      {"another key's certificate", forge(fleet,
                                          [&](json& answer) {
                                            answer["certificate"] =
                                                to_pem(fleet.ca().issue({.server = false}).certificate.get());
                                          })},
      {"another CA's certificate", forge(
                                       fleet, [](json&) {}, std::make_shared<TestCa>("Rogue"))},
      {"another CA in the answer", forge(fleet, [](json& answer) { answer["ca"] = TestCa("Rogue").pem(); })},
      {"a server's certificate",
       [&](const ServerRequest& request, int) -> std::optional<ServerReply> {
         const auto csr = json::parse(request.body).at("csr").get<std::string>();
         return ServerReply{
             .body =
                 json{{"device", "d"},
                      {"certificate", to_pem(fleet.ca().issue_for(public_key_of_request(csr).get(), Issue{}).get())}}
                     .dump()};
       }},
      {"no device", forge(fleet, [](json& answer) { answer.erase("device"); })},
      {"no certificate", forge(fleet, [](json& answer) { answer["certificate"] = 5; })},
      {"garbage for a certificate", forge(fleet,
                                          [](json& answer) {
                                            answer["certificate"] =
                                                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
                                          })},
      {"not JSON", [](const ServerRequest&, int) { return ServerReply{.body = "hello"}; }},
      {"an array", [](const ServerRequest&, int) { return ServerReply{.body = "[]"}; }},
      {"endless", [](const ServerRequest&, int) { return ServerReply{.body = std::string(1u << 20, '{')}; }},
  };
  for (const auto& [name, forgery] : forgeries) {
    INFO(name);
    fleet.answer_with(forgery);
    const auto identity = pc.enroll(fleet.token());
    REQUIRE_FALSE(identity);
    CHECK_FALSE(identity.error().message.empty());
    CHECK(read_identity(pc.folder.path()).error().code == Errc::not_found);
  }
  fleet.answer_with(forge(fleet, [](json&) {}));
  const auto honest = pc.enroll(fleet.token());
  REQUIRE(honest);
  CHECK_FALSE(honest->consent_required);
}

TEST_CASE("A damaged identity can be enrolled over, one of a newer Hale only by force") {
  TestFleet fleet;
  Pc pc;
  std::ofstream(pc.folder.path() / "identity.json") << "{\"version\":1,";
  REQUIRE(pc.enroll(fleet.token()));
  std::ofstream(pc.folder.path() / "identity.json") << "{\"version\":9}";
  CHECK(pc.enroll(fleet.token()).error().code == Errc::unsupported);
  REQUIRE(pc.enroll(fleet.token(), true));
}

TEST_CASE("A certificate is due for renewal once a third of its life is left") {
  TestFleet fleet(TestFleet::Settings{.certificate_days = 30});
  Pc pc;
  pc.join(fleet);
  const auto now = system_clock().now();
  CHECK_FALSE(renewal_due(pc.identity(), now + std::chrono::hours{24 * 19}));
  CHECK(renewal_due(pc.identity(), now + std::chrono::hours{24 * 21}));
}
