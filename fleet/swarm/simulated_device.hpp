#pragma once
#include <memory>
#include <string>

#include "fleet/swarm/swarm.hpp"
#include "platform/clock.hpp"
#include "platform/http_client.hpp"
#include "uploader/identity.hpp"
#include "uploader/outbox.hpp"
#include "uploader/token.hpp"

namespace hale::swarm {

/// A device with a state folder of its own, an outbox, and the uploader's client; only what it measures is made up.
/// Belongs to one thread.
class SimulatedDevice {
 public:
  static Result<std::unique_ptr<SimulatedDevice>> enrol(const Options& options, const EnrolmentToken& token,
                                                        std::size_t number);

  struct Done {
    std::uint64_t accepted{}, rejected{};
    double latency_ms{};  ///< of the HTTP request, its connection included
    std::string error;
  };
  /// One five-minute summary into the outbox, then what is due out of it.
  Done upload();

 private:
  SimulatedDevice(const Options& options, Identity identity, std::string key, Database database, std::string spool_key);
  Result<> connect();
  Item next_item();

  const Options& options_;
  Identity identity_;
  std::string key_;
  std::string url_;
  Database database_;
  Outbox outbox_;
  std::unique_ptr<HttpClient> client_;
  std::string session_;
  std::uint64_t items_{0};
  Timestamp start_;
};

}  // namespace hale::swarm
