#include "fleet/tests/fleet_fixture.hpp"

#include "fleet/service/accounts.hpp"
#include "fleet/service/tokens.hpp"
#include "platform/crypto.hpp"
#include "platform/files.hpp"

namespace hale::fleet::test {
namespace {

// One hash for all: the password's own cost is tested elsewhere.
const std::string& password_hash() {
  static const std::string hash = crypto::hash_password(Fleet::kPassword).value();
  return hash;
}

void make_users(Store& store) {
  REQUIRE(store.begin());
  for (const Role role : {Role::viewer, Role::support, Role::admin}) {
    REQUIRE(store.put_user(
        {std::string(to_string(role)), role, password_hash(), from_unix_ms(1'700'000'000'000), std::nullopt}));
  }
  REQUIRE(store.set_setting("organization", "Test school"));
  REQUIRE(store.commit());
}

}  // namespace

Fleet::Fleet() : data_(folder_.path() / "fleet") {
  auto keys = create_fleet_keys(data_, "Test school", {}, system_clock().now());
  REQUIRE(keys);
  ca_ = keys->authority.certificate_pem();
  make_users(*open_store());
  restart();
}

Fleet::~Fleet() { server_->stop(); }

std::unique_ptr<Store> Fleet::open_store() {
  auto store = open_store_sqlite({data_, false});
  REQUIRE(store);
  return std::move(*store);
}

void Fleet::restart() {
  server_.reset();
  ServeOptions options;
  options.data = data_;
  options.device_listen = options.console_listen = "127.0.0.1:0";
  options.device_threads = 2;
  auto server = Server::open(options);
  REQUIRE(server);
  server_ = std::move(*server);
  const auto started = server_->start();
  INFO((started ? "" : started.error().message));
  REQUIRE(started);
}

std::string Fleet::token(std::int64_t uses, std::chrono::seconds life) {
  const auto made =
      make_token({uses, life, "test", "", server_->device_url(), std::string(64, 'a')}, system_clock().now());
  REQUIRE(made);
  auto store = open_store();
  REQUIRE(store->begin());
  REQUIRE(store->add_token(made->row));
  REQUIRE(store->commit());
  return made->text;
}

json enrol_body(const std::string& token, const std::string& csr, const std::string& previous) {
  return {{"token", token},
          {"csr", csr},
          {"hardware", "a1b2"},
          {"agent", {{"version", "0.1.0"}, {"os", "Debian 12"}}},
          {"previous", previous}};
}

EnrolledDevice enrol(Fleet& fleet, const std::string& previous) {
  const KeyPair key = make_key_and_csr();
  auto client = fleet.device_client();
  const Reply reply = client.send("POST", "/v1/device/enroll", enrol_body(fleet.token(), key.csr_pem, previous).dump());
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const json answer = json::parse(reply.body);
  return {answer["device"], {answer["certificate"], key.private_key_pem}, answer};
}

Console::Console(Fleet& fleet, const std::string& user) : client_(fleet.server().console_port(), fleet.ca()) {
  const Reply reply = client_.send("POST", "/api/v1/session",
                                   json{{"name", user}, {"password", Fleet::kPassword}}.dump(), {"X-Hale-Request: 1"});
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const std::string set = reply.header("set-cookie");
  cookie_ = "Cookie: " + set.substr(0, set.find(';'));
}

Reply Console::send(const std::string& method, const std::string& target, const json& body) {
  return client_.send(method, target, body.dump(), {cookie_, "X-Hale-Request: 1"});
}

json Console::read(const std::string& target) {
  const Reply reply = get(target);
  INFO(target << " " << reply.status << " " << reply.body);
  REQUIRE(reply.status == 200);
  return json::parse(reply.body);
}

json finding_body(const std::string& time, const std::string& state, const std::string& severity,
                  const std::string& rule) {
  return {{"type", "finding"},
          {"time", time},
          {"rule", rule},
          {"rule_version", 1},
          {"fingerprint", rule + "/cpu"},
          {"state", state},
          {"cause", "dust"},
          {"component", "cpu"},
          {"severity", severity},
          {"confidence", 0.75},
          {"summary", "The processor runs 14 degrees hotter than it did."},
          {"first_seen", time},
          {"last_seen", time},
          {"evidence",
           {{"from", time},
            {"to", time},
            {"facts", {{"rise", {{"value", 14.5}, {"unit", "Cel"}}}}},
            {"plots", json::array()}}}};
}

json item(const std::string& id, const std::string& kind, const json& body, const std::string& time) {
  return {{"id", id}, {"kind", kind}, {"time", time}, {"body", body}};
}

json batch(const std::string& device, const std::vector<json>& items) {
  return {{"schema", 1},
          {"device", device},
          {"batch", crypto::random_uuid()},
          {"created", "2026-03-01T10:00:00Z"},
          {"items", items}};
}

json telemetry_body(const std::string& start, int points, double first) {
  json series = {{"metric", "hw.temperature"}, {"component", "cpu"}, {"key", ""}};
  for (int i = 0; i < points; ++i) {
    series["offsets"].push_back(i);
    series["min"].push_back(first + i - 1);
    series["mean"].push_back(first + i);
    series["max"].push_back(first + i + 1);
  }
  return {{"start", start}, {"step_s", 300}, {"series", json::array({series})}};
}

json inventory_body(const std::string& name, const std::string& model) {
  return {{"components",
           json::array({{{"id", "host"}, {"type", "host"}, {"name", name}, {"vendor", "Acme"}, {"model", model}},
                        {{"id", "cpu"}, {"parent", "host"}, {"type", "cpu"}, {"name", "CPU package"}}})},
          {"context", {{"os.build", "6.1.0"}, {"host.chassis", "laptop"}}},
          {"host", {{"name_hash", "ab"}}},
          {"agent", {{"version", "0.1.0"}, {"language", "en"}}}};
}

}  // namespace hale::fleet::test
