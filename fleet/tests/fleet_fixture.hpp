#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fleet/main/server.hpp"
#include "fleet/tests/tls_client.hpp"
#include "tests/support/data.hpp"

namespace hale::fleet::test {

using nlohmann::json;

/// A whole fleet server in this process, on free loopback ports, with its own data folder. Users admin, support and
/// viewer have the password kPassword.
class Fleet {
 public:
  static constexpr const char* kPassword = "correct horse battery";
  Fleet();
  ~Fleet();

  Server& server() { return *server_; }
  const std::filesystem::path& data() const { return data_; }
  const std::string& ca() const { return ca_; }
  void restart();

  /// The text of a new enrolment token.
  std::string token(std::int64_t uses = 1, std::chrono::seconds life = std::chrono::hours(1));
  TlsClient device_client(ClientIdentity identity = {}) {
    return TlsClient(server_->device_port(), ca_, std::move(identity));
  }
  TlsClient console_client() { return TlsClient(server_->console_port(), ca_); }
  /// A store of its own, to look behind the API.
  std::unique_ptr<Store> open_store();

 private:
  hale::test::TemporaryFolder folder_;
  std::filesystem::path data_;
  std::string ca_;
  std::unique_ptr<Server> server_;
};

struct EnrolledDevice {
  std::string id;
  ClientIdentity identity;
  json answer;
};
EnrolledDevice enrol(Fleet& fleet, const std::string& previous = {});
json enrol_body(const std::string& token, const std::string& csr, const std::string& previous = {});

/// A logged-in console.
class Console {
 public:
  Console(Fleet& fleet, const std::string& user);
  Reply get(const std::string& target) { return client_.send("GET", target, {}, {cookie_}); }
  Reply send(const std::string& method, const std::string& target, const json& body = json::object());
  json read(const std::string& target);
  const std::string& cookie() const { return cookie_; }
  TlsClient& client() { return client_; }

 private:
  TlsClient client_;
  std::string cookie_;
};

json finding_body(const std::string& time, const std::string& state = "active", const std::string& severity = "warning",
                  const std::string& rule = "cooling.dust");
json item(const std::string& id, const std::string& kind, const json& body,
          const std::string& time = "2026-03-01T10:00:00Z");
json batch(const std::string& device, const std::vector<json>& items);
json telemetry_body(const std::string& start, int points, double first = 40);
json inventory_body(const std::string& name, const std::string& model);

}  // namespace hale::fleet::test
