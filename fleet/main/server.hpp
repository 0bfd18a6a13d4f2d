#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "fleet/api/console_api.hpp"
#include "fleet/api/device_api.hpp"
#include "fleet/http/server.hpp"
#include "fleet/main/options.hpp"
#include "fleet/service/context.hpp"

namespace hale::fleet {

/// What `init` wrote beside the devices.
struct FleetSettings {
  std::string organization;
  std::vector<std::string> hosts;
  std::string consent;
};

/// The composition root: both listeners, the writer, and what is between them. Made, started, ticked and stopped on one
/// thread.
class Server {
 public:
  /// Reads the data folder and brings database and server certificate up to date. Errors: not_found (run init), io,
  /// invalid_input.
  static Result<std::unique_ptr<Server>> open(const ServeOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens. Writes the ports file, when one is asked for.
  Result<> start();
  /// Accepted requests are answered before this returns (within 8 s): first the listeners drain, then the workers, then
  /// the writer. May be called twice.
  void stop();
  /// Once a minute: drops what is older than it is kept, ends live streams of ended sessions.
  void tick();

  std::uint16_t device_port() const { return device_->port(); }
  std::uint16_t console_port() const { return console_->port(); }
  const std::string& device_url() const { return context_.device_url; }
  const std::string& console_url() const { return console_url_; }
  const Counters& counters() const { return counters_; }
  const ListenerCounters& device_counters() const { return device_->counters(); }

 private:
  Server(const ServeOptions& options, FleetKeys keys, FleetSettings settings, std::unique_ptr<Store> store);
  Result<> listen_for_devices(const TlsFiles& tls);
  Result<> listen_for_consoles(const TlsFiles& tls);
  Result<> announce();
  std::string metrics() const;

  const ServeOptions options_;
  const FleetKeys keys_;
  const FleetSettings settings_;
  std::atomic<bool> stopping_{false};
  Readers readers_;
  Live live_;
  Counters counters_;
  Writer writer_;
  Context context_;
  DeviceApi device_api_;
  ConsoleApi console_api_;
  std::string console_url_;
  std::unique_ptr<Listener> device_;  // after what their handlers use; stopped before anything is destroyed
  std::unique_ptr<Listener> console_;
};

}  // namespace hale::fleet
