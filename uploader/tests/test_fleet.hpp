#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/envelope.hpp"
#include "uploader/tests/tls_server.hpp"

namespace hale::test {

/// A fleet server that speaks docs/wire.md and remembers what it was given. Thread-safe.
class TestFleet {
 public:
  struct Settings {
    Issue server{};               ///< its certificate
    double certificate_days{30};  ///< life of device certificates
    double issued_days_ago{0};
    bool keep_token{false};
    bool copies{true};  ///< may enrol by themselves
    bool show_ca{true};
    int newest_tls{0x0304};
  };
  TestFleet() : TestFleet(Settings{}) {}
  explicit TestFleet(Settings settings);

  std::string url() const { return "https://localhost:" + std::to_string(server_->port()); }
  int port() const { return server_->port(); }
  int connections() const { return server_->connections(); }
  const TestCa& ca() const { return ca_; }
  std::string token(const std::string& secret = "s3cret") const;
  std::string token_for(const std::string& url, const std::string& fingerprint,
                        const std::string& secret = "s3cret") const;

  /// Answers in place of the fleet when it gives something; `number` counts the requests to that path, from 1.
  using Override = std::function<std::optional<ServerReply>(const ServerRequest&, int number)>;
  void answer_with(Override override);
  void revoke(const std::string& device);
  void allow_copies(bool allowed);
  void set_certificate_life(double issued_days_ago, double days);

  /// How often each item id was given in batches that were answered 200, a repeated batch id counted once.
  std::map<std::string, int> accepted();
  std::vector<Envelope> envelopes();
  std::vector<std::string> bodies_of(const std::string& path);
  int requests(const std::string& path);
  std::vector<std::string> complaints();  ///< what a correct client never does

 private:
  ServerReply handle(const ServerRequest& request);
  ServerReply enroll(const ServerRequest& request);
  ServerReply enroll_copy(const ServerRequest& request);
  ServerReply renew(const ServerRequest& request);
  ServerReply batches(const ServerRequest& request);
  ServerReply certify(const std::string& device, const std::string& csr);

  Settings settings_;
  TestCa ca_{"Test fleet CA"};
  std::mutex mutex_;  ///< guards what follows
  Override override_;
  std::map<std::string, int> requests_;
  std::map<std::string, std::vector<std::string>> bodies_;
  std::map<std::string, std::string> answers_;  ///< by batch id
  std::map<std::string, std::set<std::string>> batch_items_;
  std::map<std::string, int> accepted_;
  std::vector<Envelope> envelopes_;
  std::set<std::string> revoked_;
  std::vector<std::string> complaints_;
  int devices_{0};
  std::unique_ptr<TlsServer> server_;  ///< last: its threads end first
};

}  // namespace hale::test
