#include "fleet/swarm/swarm.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fleet/service/certificates.hpp"
#include "fleet/service/data_folder.hpp"
#include "fleet/service/tokens.hpp"
#include "fleet/tests/fleet_fixture.hpp"

using namespace hale;
using namespace hale::fleet;
using namespace hale::fleet::test;
using namespace std::chrono_literals;

namespace {

std::string real_token(Fleet& fleet, std::int64_t uses) {
  const auto keys = load_fleet_keys(fleet.data());
  REQUIRE(keys);
  const auto url = "https://localhost:" + std::to_string(fleet.server().device_port());
  const auto made =
      make_token({uses, 1h, "test", "", url, keys->authority.fingerprint().value()}, system_clock().now());
  REQUIRE(made);
  auto store = fleet.open_store();
  REQUIRE(store->begin());
  REQUIRE(store->add_token(made->row));
  REQUIRE(store->commit());
  return made->text;
}

std::uint64_t metric(Fleet& fleet, const std::string& name) {
  auto client = fleet.console_client();
  const auto text = client.send("GET", "/metrics").body;
  const auto at = text.find("\n" + name + " ");
  REQUIRE(at != std::string::npos);
  return std::stoull(text.substr(at + name.size() + 2));
}

}  // namespace

TEST_CASE("Simulated devices enrol and upload for real; every item is accepted, sessions are resumed when asked") {
  Fleet fleet;
  for (const auto connect : {swarm::Connect::kept, swarm::Connect::resumed, swarm::Connect::full}) {
    hale::test::TemporaryFolder work;
    swarm::Options options;
    options.token_text = real_token(fleet, 4);
    options.work = work.path();
    options.devices = 4;
    options.threads = 2;
    options.time = 1s;
    options.rate = 40;
    options.connect = connect;
    const auto resumed = metric(fleet, "hale_http_handshakes_resumed_total{listener=\"device\"}");
    const auto report = swarm::run(options, {});
    INFO((report ? report->first_error : report.error().message));
    REQUIRE(report);
    CHECK(report->enrolled == 4);
    CHECK(report->uploads >= 8);
    CHECK(report->failed == 0);
    CHECK(report->accepted == report->uploads);
    CHECK(report->latency_ms.size() == report->uploads);
    const auto more = metric(fleet, "hale_http_handshakes_resumed_total{listener=\"device\"}") - resumed;
    CHECK(more == (connect == swarm::Connect::resumed ? report->uploads - 4 : 0));
  }
  CHECK(metric(fleet, "hale_devices_enrolled_total") == 12);
}

TEST_CASE("The load generator aims at this machine only, unless it is told otherwise") {
  for (const auto* url : {"https://localhost:1", "https://127.0.0.1:8443", "https://127.9.9.9", "https://[::1]:8443"})
    CHECK(swarm::is_loopback(url));
  for (const auto* url : {"https://example.org:8443", "https://127.evil.example", "https://localhost@example.org",
                          "https://10.0.0.1", "http://localhost", "https://127.0.0.1.example.org", "https://[::2]:1"}) {
    INFO(url);
    CHECK_FALSE(swarm::is_loopback(url));
  }
  const auto token =
      make_token({1, 1h, "test", "", "https://example.org:8443", std::string(64, 'a')}, system_clock().now());
  REQUIRE(token);
  swarm::Options options;
  options.token_text = token->text;
  const auto refused = swarm::run(options, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("--allow-remote") != std::string::npos);
  options.devices = 20'000;
  CHECK(swarm::run(options, {}).error().code == Errc::invalid_input);
}

TEST_CASE("Percentiles are of ascending values, by nearest rank") {
  CHECK(swarm::percentile({}, 0.5) == 0);
  CHECK(swarm::percentile({1, 2, 3, 4}, 0.5) == 2);
  CHECK(swarm::percentile({1, 2, 3, 4}, 0.99) == 4);
}
