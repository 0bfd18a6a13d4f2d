#include "fleet/main/serve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <thread>

#include "core/text.hpp"
#include "fleet/api/console_api.hpp"
#include "fleet/api/device_api.hpp"
#include "fleet/http/server.hpp"
#include "fleet/main/lock.hpp"
#include "fleet/service/log.hpp"
#include "fleet/service/metrics.hpp"
#include "platform/files.hpp"

namespace hale::fleet {
namespace {

constexpr std::chrono::milliseconds kGrace{7000};  // of the 10 s that a stop may take
constexpr std::chrono::seconds kTick{60};

// What `init` wrote beside the devices.
struct Settings {
  std::string organization;
  std::vector<std::string> hosts;
  std::string consent;
};

Result<Settings> read_settings(Store& store) {
  Settings settings;
  for (auto [key, into] : {std::pair{"organization", &settings.organization}, std::pair{"consent", &settings.consent}}) {
    auto value = store.setting(key);
    if (!value) return fail(value.error());
    *into = value->value_or("");
  }
  auto hosts = store.setting("hosts");
  if (!hosts) return fail(hosts.error());
  const std::string text = hosts->value_or("");
  for (const auto host : split(text, '\n')) {
    if (!host.empty()) settings.hosts.emplace_back(host);
  }
  if (settings.consent.empty()) settings.consent = "required";
  return settings;
}

std::string url_of(std::string host, std::uint16_t port) {
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return fmt::format("https://{}:{}", host, port);
}

// An address that others can use for "all interfaces": the first host that the certificate names, else this machine itself.
std::string reachable(const std::string& address, const Settings& settings) {
  if (address != "0.0.0.0" && address != "::") return address;
  return settings.hosts.empty() ? "localhost" : settings.hosts.front();
}

class Server {
 public:
  Server(const ServeOptions& options, FleetKeys keys, Settings settings, std::unique_ptr<Store> store)
      : options_(options),
        keys_(std::move(keys)),
        settings_(std::move(settings)),
        readers_([folder = options.data] { return open_store_sqlite({folder, true}); }),
        writer_(std::move(store)),
        context_{keys_, writer_, readers_, live_, counters_, system_clock(), settings_.organization, settings_.consent, options.device_url},
        device_api_(context_),
        console_api_(context_, {[this] { return metrics_text({context_, device_counters(), console_counters()}); },
                                [this] { return writer_.healthy() && !stopping_; }}) {}

  Result<> start() {
    const TlsFiles tls{keys_.server_pem, keys_.server_key_pem, keys_.authority.certificate_pem()};
    auto device = options_of("device", options_.device_listen);
    auto console = options_of("console", options_.console_listen);
    if (!device) return fail(device.error());
    if (!console) return fail(console.error());
    device->threads = options_.device_threads > 0 ? options_.device_threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    device->client_certificates = ClientCertificates::requested;
    auto device_listener = Listener::start(*device, tls, [this](Request request, Respond respond) { device_api_.handle(std::move(request), std::move(respond)); });
    if (!device_listener) return fail(device_listener.error());
    device_ = std::move(*device_listener);
    if (context_.device_url.empty()) context_.device_url = url_of(reachable(device->address, settings_), device_->port());
    console->idle_timeout = std::chrono::seconds(75);
    console->max_connections = 2000;
    auto console_listener = Listener::start(*console, tls, [this](Request request, Respond respond) { console_api_.handle(std::move(request), std::move(respond)); });
    if (!console_listener) return fail(console_listener.error());
    console_ = std::move(*console_listener);
    console_url_ = url_of(reachable(console->address, settings_), console_->port());
    return announce();
  }

  // Accepted requests are answered before the writer ends: first the listeners drain, then the workers, then the writer.
  void stop() {
    stopping_ = true;
    live_.close_all();
    std::thread console([this] {
      if (console_) console_->stop(kGrace);
    });
    if (device_) device_->stop(kGrace);
    console.join();
    console_api_.stop();
    writer_.stop();
  }

  void tick() {
    const Timestamp now = system_clock().now();
    bool more = true;
    while (more && !stopping_) {
      auto expired = writer_.run([&](Store& store) -> Result<> {
        auto left = store.expire(now, std::chrono::days(options_.telemetry_days), std::chrono::days(options_.activity_days));
        more = left && *left;
        return left ? Result<>() : Result<>(fail(left.error()));
      });
      if (expired) continue;
      log::error("expiry failed", {{"error", expired.error().message}});
      more = false;
    }
    auto store = readers_.mine();
    if (!store) return log::error("expiry failed", {{"error", store.error().message}});
    live_.close_if([&](const Live::Owner& owner) {
      const auto session = (*store)->session(owner.session);
      return now >= owner.expires || (session && !*session);  // ended by another process, or its user removed
    });
  }

 private:
  const ListenerCounters* device_counters() const { return device_ ? &device_->counters() : nullptr; }
  const ListenerCounters* console_counters() const { return console_ ? &console_->counters() : nullptr; }

  static Result<ListenerOptions> options_of(const char* name, const std::string& listen) {
    auto address = parse_address(listen);
    if (!address) return fail(std::move(address.error()).with_context(std::string(name) + "-listen"));
    ListenerOptions options;
    options.name = name;
    options.address = address->host;
    options.port = address->port;
    return options;
  }

  Result<> announce() {
    auto stored = writer_.run([this](Store& store) { return store.set_setting("device_url", context_.device_url); });
    if (!stored) return stored;
    if (!options_.ports_file.empty()) {
      const auto text = fmt::format("{{\"device_port\":{},\"console_port\":{},\"device_url\":\"{}\",\"console_url\":\"{}\"}}\n", device_->port(), console_->port(),
                                    context_.device_url, console_url_);
      if (auto written = write_file_atomically(options_.ports_file, text, 0644); !written) return written;
    }
    fmt::print("hale-fleet ready: devices {} console {}\n", context_.device_url, console_url_);
    std::fflush(stdout);
    log::info("ready", {{"device", context_.device_url}, {"console", console_url_}, {"version", HALE_VERSION}});
    return {};
  }

  const ServeOptions options_;
  const FleetKeys keys_;
  const Settings settings_;
  std::atomic<bool> stopping_{false};
  Readers readers_;
  Live live_;
  Counters counters_;
  Writer writer_;
  Context context_;
  DeviceApi device_api_;
  ConsoleApi console_api_;
  std::string console_url_;
  std::unique_ptr<Listener> device_;   // after what their handlers use; they are stopped before anything is destroyed
  std::unique_ptr<Listener> console_;
};

}  // namespace

Result<> serve(const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  raise_file_limit();
  auto keys = load_fleet_keys(options.data);
  if (!keys) return fail(keys.error());
  auto lock = FolderLock::take(options.data);
  if (!lock) return fail(lock.error());
  auto store = open_store_sqlite({options.data, false});
  if (!store) return fail(store.error());
  auto settings = read_settings(**store);
  if (!settings) return fail(settings.error());
  if (auto fresh = refresh_server_certificate(options.data, *keys, settings->hosts, system_clock().now()); !fresh) return fresh;

  Server server(options, std::move(*keys), std::move(*settings), std::move(*store));
  auto started = server.start();
  while (started) {
    server.tick();
    const timespec wait{kTick.count(), 0};
    if (sigtimedwait(&signals, nullptr, &wait) > 0) break;
  }
  log::info("stopping");
  server.stop();
  log::info("stopped");
  return started;
}

}  // namespace hale::fleet
