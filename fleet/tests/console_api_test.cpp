// The console listener, over real TLS in this process.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "fleet/tests/fleet_fixture.hpp"

using namespace hale;
using namespace hale::fleet;
using namespace hale::fleet::test;
using namespace std::chrono_literals;

namespace {

std::string method_name(Method method) { return std::string(to_string(method)); }

// A path that fits the pattern; {} is `part`.
std::string path_of(std::string_view pattern, const std::string& part) {
  std::string path(pattern);
  for (std::size_t at = 0; (at = path.find("{}")) != std::string::npos;) path.replace(at, 2, part);
  return path;
}

void upload(Fleet& fleet, const EnrolledDevice& device, const std::vector<json>& items) {
  auto client = fleet.device_client(device.identity);
  const auto reply = client.send("POST", "/v1/device/batches", batch(device.id, items).dump());
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  REQUIRE(json::parse(reply.body)["rejected"].empty());
}

}  // namespace

TEST_CASE("Every route is allowed to exactly the roles of the table, and to nobody without a session") {
  Fleet fleet;
  auto anonymous = fleet.console_client();
  std::map<std::string, std::unique_ptr<Console>> consoles;
  for (const char* role : {"viewer", "support", "admin"}) consoles[role] = std::make_unique<Console>(fleet, role);
  int checked = 0;
  for (const Route& route : console_routes()) {
    const std::string method = method_name(route.method);
    const std::string path = path_of(route.pattern, "nobody");
    if (route.permission == Permission::open || path == "/api/v1/live") continue;
    CAPTURE(method, path);
    const bool changes = route.method != Method::get;
    CHECK(anonymous.send(method, path, changes ? "{}" : "", {"X-Hale-Request: 1"}).status == 401);
    for (const auto& [name, console] : consoles) {
      if (path == "/api/v1/session") continue;  // logs out
      const bool allowed = may(*parse_role(name), route.permission);
      const auto reply = changes ? console->send(method, path) : console->get(path);
      CAPTURE(name, reply.status, reply.body);
      CHECK((reply.status == 403) == !allowed);
      CHECK(reply.status != 401);
      CHECK(reply.status < 500);
      ++checked;
    }
  }
  CHECK(checked > 50);
  for (const char* path : {"/api/v1/live", "/api/v1/live?device=x"}) CHECK(anonymous.send("GET", path).status == 401);
}

TEST_CASE("The table of routes and openapi.yaml name the same routes") {
  std::ifstream file(hale::test::source_dir() / "fleet" / "openapi.yaml");
  std::stringstream text;
  text << file.rdbuf();
  std::set<std::string> described;
  std::string path;
  std::istringstream lines(text.str());
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, std::regex("  (/api/v1/\\S+):"))) path = std::regex_replace(found[1].str(), std::regex("\\{[a-z]+\\}"), "{}");
    if (line == "components:") break;
    if (!path.empty() && std::regex_match(line, found, std::regex("    (get|post|patch|delete):"))) described.insert(found[1].str() + " " + path);
    if (std::regex_match(line, std::regex("  /[^:]+:")) && line.find("/api/v1/") == std::string::npos) path.clear();
  }
  std::set<std::string> routed;
  for (const Route& route : console_routes()) {
    std::string method = method_name(route.method);
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    routed.insert(method + " " + std::string(route.pattern));
  }
  CHECK(described == routed);
}

TEST_CASE("A session cookie cannot be read by scripts, sent across sites or sent in clear") {
  Fleet fleet;
  auto client = fleet.console_client();
  const auto reply = client.send("POST", "/api/v1/session", json{{"name", "admin"}, {"password", Fleet::kPassword}}.dump(), {"X-Hale-Request: 1"});
  const std::string cookie = reply.header("set-cookie");
  CHECK(cookie.starts_with("__Host-hale_session="));
  for (const char* part : {"; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"}) CHECK(cookie.find(part) != std::string::npos);
  CHECK(json::parse(reply.body)["role"] == "admin");
  CHECK(reply.body.find(Fleet::kPassword) == std::string::npos);
}

TEST_CASE("After logging out the cookie is worth nothing") {
  Fleet fleet;
  Console console(fleet, "support");
  CHECK(console.read("/api/v1/me")["permissions"] == json::array({"read"}));
  CHECK(console.send("DELETE", "/api/v1/session").status == 204);
  CHECK(console.get("/api/v1/me").status == 401);
}

TEST_CASE("Changing requests without the header or from another origin are refused") {
  Fleet fleet;
  Console console(fleet, "admin");
  auto& client = console.client();
  CHECK(client.send("POST", "/api/v1/tokens", "{}", {console.cookie()}).status == 403);
  CHECK(client.send("POST", "/api/v1/tokens", "{}", {console.cookie(), "X-Hale-Request: 1", "Origin: https://evil.example.org"}).status == 403);
  CHECK(client.send("POST", "/api/v1/tokens", "{}", {console.cookie(), "X-Hale-Request: 1", "Content-Type: text/plain"}).status == 415);
  CHECK(client.send("POST", "/api/v1/tokens", "{}", {console.cookie(), "X-Hale-Request: 1"}).status == 201);
}

TEST_CASE("Guessing passwords is slowed down, for that name only at first") {
  Fleet fleet;
  auto client = fleet.console_client();
  const auto attempt = [&](const std::string& name, const std::string& password) {
    return client.send("POST", "/api/v1/session", json{{"name", name}, {"password", password}}.dump(), {"X-Hale-Request: 1"});
  };
  for (int i = 0; i < 5; ++i) CHECK(attempt("admin", "wrong password").status == 401);
  const auto slowed = attempt("admin", Fleet::kPassword);
  CHECK(slowed.status == 429);
  CHECK(std::stoi(slowed.header("retry-after")) > 0);
  CHECK(attempt("viewer", Fleet::kPassword).status == 200);
  CHECK(attempt("nobody", "x").body == attempt("nobody2", "x").body);
}

TEST_CASE("Every answer carries the security headers") {
  Fleet fleet;
  auto client = fleet.console_client();
  for (const char* path : {"/", "/healthz", "/api/v1/me", "/api/v1/nowhere", "/metrics", "/api/openapi.yaml"}) {
    const auto reply = client.send("GET", path);
    CAPTURE(path);
    CHECK(reply.header("content-security-policy").find("frame-ancestors 'none'") != std::string::npos);
    CHECK(reply.header("x-content-type-options") == "nosniff");
    CHECK_FALSE(reply.header("cache-control").empty());
  }
}

TEST_CASE("Health, readiness, API description and unknown paths") {
  Fleet fleet;
  auto client = fleet.console_client();
  CHECK(client.send("GET", "/healthz").status == 200);
  CHECK(client.send("GET", "/readyz").status == 200);
  CHECK(client.send("GET", "/api/openapi.yaml").body.starts_with("openapi: 3.1.0"));
  CHECK(client.send("GET", "/devices/some-id").header("content-type").starts_with("text/html"));
  CHECK(client.send("GET", "/assets/none.js").status == 404);
  CHECK(client.send("GET", "/../../etc/passwd.txt").status == 404);
  CHECK(client.send("GET", "/api/v1/nowhere").status == 404);
  CHECK(client.send("PUT", "/api/v1/me").status == 405);
  CHECK(client.send("POST", "/").status == 405);
  CHECK(client.send("HEAD", "/healthz").status == 200);
}

TEST_CASE("What a device uploads is what the console shows") {
  Fleet fleet;
  const auto device = enrol(fleet);
  upload(fleet, device,
         {item("i1", "inventory", inventory_body("Lab 1", "Box 9")), item("f1", "finding", finding_body("2026-03-01T10:00:00Z")),
          item("f2", "finding", finding_body("2026-03-01T11:00:00Z", "active", "critical")), item("f3", "finding", finding_body("2026-03-01T12:00:00Z", "resolved", "critical")),
          item("f4", "finding", finding_body("2026-03-01T09:00:00Z", "active", "info", "storage.full")), item("t1", "telemetry", telemetry_body("2026-03-01T09:00:00Z", 12)),
          item("t2", "telemetry", telemetry_body("2026-03-01T10:00:00Z", 12)),
          item("s1", "status", {{"collectors", json::array({{{"name", "fan"}, {"status", "ok"}, {"readings", 2}, {"rejected", 0}}})}, {"coverage", json::array()}, {"uptime_s", 60}})});
  Console console(fleet, "viewer");
  const std::string base = "/api/v1/devices/" + device.id;
  const json list = console.read("/api/v1/devices?search=box");
  REQUIRE(list["total"] == 1);
  CHECK(list["devices"][0]["name"] == "Lab 1");
  CHECK(list["devices"][0]["health"] == "info");
  CHECK(list["devices"][0]["chassis"] == "laptop");
  const json detail = console.read(base);
  CHECK(detail["components"].size() == 2);
  CHECK(detail["agent_status"]["collectors"][0]["name"] == "fan");
  CHECK(detail["certificates"].size() == 1);
  const json transitions = console.read(base + "/findings?transitions=true");
  REQUIRE(transitions["total"] == 4);
  const json expected = {"2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z"};
  for (std::size_t i = 0; i < 4; ++i) CHECK(transitions["findings"][i]["time"] == expected[i]);
  json sent = finding_body("2026-03-01T11:00:00Z", "active", "critical");
  sent["device"] = device.id;
  sent["device_name"] = "Lab 1";
  CHECK(transitions["findings"][2] == sent);
  CHECK(console.read(base + "/findings")["total"] == 2);
  CHECK(console.read(base + "/findings?state=active")["findings"][0]["rule"] == "storage.full");
  CHECK(console.read("/api/v1/findings?state=resolved&cause=dust&severity=critical,warning")["total"] == 1);
  CHECK(console.read("/api/v1/findings?device=" + device.id + "&transitions=true")["total"] == 4);
  CHECK(console.read("/api/v1/findings?device=nobody")["total"] == 0);
  const json series = console.read(base + "/series")["series"];
  REQUIRE(series.size() == 1);
  CHECK(series[0]["unit"] == "Cel");
  const json telemetry = console.read(base + "/telemetry?metric=hw.temperature&component=cpu");
  CHECK(telemetry["time"].size() == 24);
  CHECK(telemetry["step_s"] == 300);
  CHECK(telemetry["mean"][0] == 40);
  CHECK(console.read(base + "/telemetry?metric=hw.temperature&component=cpu&from=2026-03-01T10:30:00Z&to=2026-03-01T10:40:00Z")["time"].size() == 2);
  CHECK(console.read(base + "/timeline?kinds=finding")["total"] == 4);
  CHECK(console.read(base + "/timeline")["entries"][0]["kind"] == "device");
  const json summary = console.read("/api/v1/summary");
  CHECK(summary["devices"]["total"] == 1);
  CHECK(summary["findings"]["info"] == 1);
  CHECK(summary["causes"][0]["count"] == 1);
}

TEST_CASE("Senseless questions get a 422 that says what may be asked") {
  Fleet fleet;
  const auto device = enrol(fleet);
  Console console(fleet, "viewer");
  for (const std::string path : {"/api/v1/devices?limit=0", "/api/v1/devices?limit=501", "/api/v1/devices?page=x", "/api/v1/devices?sort=color", "/api/v1/devices?health=bad",
                                 "/api/v1/devices?helth=ok", "/api/v1/findings?state=open", "/api/v1/findings?severity=warning,terrible", "/api/v1/devices?silent=maybe",
                                 "/api/v1/devices/ID/telemetry", "/api/v1/devices/ID/telemetry?metric=x&from=yesterday", "/api/v1/devices/ID/timeline?kinds=gossip",
                                 "/api/v1/devices/ID/telemetry?metric=x&from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "/api/v1/devices?a=%zz"}) {
    const auto reply = console.get(std::regex_replace(path, std::regex("ID"), device.id));
    CAPTURE(path, reply.body);
    CHECK(reply.status == 422);
    CHECK(json::parse(reply.body)["detail"].get<std::string>().size() > 10);
  }
  CHECK(console.get("/api/v1/devices/nobody").status == 404);
}

TEST_CASE("An admin makes, sees and revokes tokens; what is made enrols a device") {
  Fleet fleet;
  Console admin(fleet, "admin");
  const auto made = admin.send("POST", "/api/v1/tokens", {{"uses", 2}, {"expires_s", 3600}, {"note", "room 12"}});
  REQUIRE(made.status == 201);
  const json token = json::parse(made.body);
  auto client = fleet.device_client();
  CHECK(client.send("POST", "/v1/device/enroll", enrol_body(token["text"], make_key_and_csr().csr_pem).dump()).status == 200);
  const json listed = admin.read("/api/v1/tokens")["tokens"][0];
  CHECK(listed["used"] == 1);
  CHECK(listed["note"] == "room 12");
  CHECK(listed["created_by"] == "admin");
  CHECK_FALSE(listed.contains("text"));
  const std::string id = token["id"];
  CHECK(admin.send("DELETE", "/api/v1/tokens/" + id).status == 204);
  CHECK(admin.send("DELETE", "/api/v1/tokens/none").status == 404);
  CHECK(client.send("POST", "/v1/device/enroll", enrol_body(token["text"], make_key_and_csr().csr_pem).dump()).status == 403);
  for (const json& wrong : {json{{"uses", 0}}, json{{"uses", "many"}}, json{{"expires_s", 5}}, json{{"user", 1}}}) CHECK(admin.send("POST", "/api/v1/tokens", wrong).status == 422);
  std::set<std::string> actions;
  const json audit = admin.read("/api/v1/audit");
  for (const auto& entry : audit["entries"]) actions.insert(entry["action"]);
  CHECK(actions.contains("token.create"));
  CHECK(actions.contains("token.revoke"));
  CHECK(actions.contains("login"));
}

TEST_CASE("Users are made, changed and removed; their sessions end; the last admin stays") {
  Fleet fleet;
  Console admin(fleet, "admin");
  CHECK(admin.send("POST", "/api/v1/users", {{"name", "ada"}, {"role", "support"}, {"password", Fleet::kPassword}}).status == 201);
  CHECK(admin.send("POST", "/api/v1/users", {{"name", "ada"}, {"role", "support"}, {"password", Fleet::kPassword}}).status == 409);
  CHECK(admin.send("POST", "/api/v1/users", {{"name", "Ada!"}, {"role", "support"}, {"password", Fleet::kPassword}}).status == 422);
  CHECK(admin.send("POST", "/api/v1/users", {{"name", "bob"}, {"role", "king"}, {"password", Fleet::kPassword}}).status == 422);
  CHECK(admin.send("POST", "/api/v1/users", {{"name", "bob"}, {"role", "viewer"}, {"password", "short"}}).status == 422);
  Console ada(fleet, "ada");
  CHECK(ada.get("/api/v1/me").status == 200);
  CHECK(admin.send("PATCH", "/api/v1/users/ada", {{"role", "viewer"}}).status == 200);
  CHECK(ada.get("/api/v1/me").status == 401);
  CHECK(admin.send("PATCH", "/api/v1/users/admin", {{"role", "viewer"}}).status == 409);
  CHECK(admin.send("DELETE", "/api/v1/users/admin").status == 409);
  CHECK(admin.send("DELETE", "/api/v1/users/ada").status == 204);
  CHECK(admin.send("DELETE", "/api/v1/users/ada").status == 404);
  CHECK(admin.send("PATCH", "/api/v1/users/ada", {{"role", "viewer"}}).status == 404);
  CHECK(admin.read("/api/v1/users")["users"].size() == 3);
}

TEST_CASE("Changing the own password needs the old one and ends the other sessions") {
  Fleet fleet;
  Console here(fleet, "support"), elsewhere(fleet, "support");
  CHECK(here.send("POST", "/api/v1/me/password", {{"current", "wrong one here"}, {"new", "another long one"}}).status == 403);
  CHECK(here.send("POST", "/api/v1/me/password", {{"current", Fleet::kPassword}, {"new", "short"}}).status == 422);
  CHECK(here.send("POST", "/api/v1/me/password", {{"current", Fleet::kPassword}, {"new", "another long one"}}).status == 204);
  CHECK(here.get("/api/v1/me").status == 200);
  CHECK(elsewhere.get("/api/v1/me").status == 401);
}

TEST_CASE("Live events arrive as they happen, and what was missed is sent again") {
  Fleet fleet;
  const auto device = enrol(fleet);
  Console console(fleet, "viewer");
  REQUIRE(console.client().write("GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n" + console.cookie() + "\r\n\r\n"));
  const auto head = console.client().read_until("retry:", 5s);
  CHECK(head.find("text/event-stream") != std::string::npos);
  CHECK(head.find("no-store") != std::string::npos);
  upload(fleet, device, {item("f1", "finding", finding_body("2026-03-01T10:00:00Z"))});
  const auto text = console.client().read_until("event: finding", 5s) + console.client().read_until("\n\n", 5s);
  CHECK(text.find("event: device_seen") != std::string::npos);
  CHECK(text.find("\"rule\":\"cooling.dust\"") != std::string::npos);
  CHECK(text.find(device.id) != std::string::npos);
  Console again(fleet, "viewer");
  REQUIRE(again.client().write("GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n" + again.cookie() + "\r\n\r\n"));
  CHECK(again.client().read_until("event: finding", 5s).find("event: finding") != std::string::npos);
}

TEST_CASE("A live stream ends with its session") {
  Fleet fleet;
  Console console(fleet, "viewer");
  auto stream = fleet.console_client();
  REQUIRE(stream.write("GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n" + console.cookie() + "\r\n\r\n"));
  REQUIRE(stream.read_until("retry: 3000\n\n", 5s).find("retry") != std::string::npos);
  REQUIRE(console.send("DELETE", "/api/v1/session").status == 204);
  const auto started = std::chrono::steady_clock::now();
  CHECK(stream.read_until("never", 10s).empty());
  CHECK(std::chrono::steady_clock::now() - started < 5s);
}

TEST_CASE("Metrics count what happened") {
  Fleet fleet;
  const auto device = enrol(fleet);
  upload(fleet, device, {item("f1", "finding", finding_body("2026-03-01T10:00:00Z"))});
  auto client = fleet.console_client();
  const auto text = client.send("GET", "/metrics").body;
  CHECK(text.find("hale_ingest_items_total{kind=\"finding\"} 1\n") != std::string::npos);
  CHECK(text.find("hale_devices_enrolled_total 1\n") != std::string::npos);
  CHECK(text.find("hale_store_healthy 1\n") != std::string::npos);
}
