#include "fleet/main/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "core/text.hpp"
#include "fleet/service/log.hpp"
#include "fleet/service/metrics.hpp"
#include "platform/files.hpp"

namespace hale::fleet {
namespace {

constexpr std::chrono::milliseconds kGrace{7000};  // of the 10 s that a stop may take

Result<FleetSettings> read_settings(Store& store) {
  FleetSettings settings;
  for (auto [key, into] :
       {std::pair{"organization", &settings.organization}, std::pair{"consent", &settings.consent}}) {
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

// An address that others can use for "all interfaces": the first host that the certificate names, else this machine
// itself.
std::string reachable(const std::string& address, const FleetSettings& settings) {
  if (address != "0.0.0.0" && address != "::") return address;
  return settings.hosts.empty() ? "localhost" : settings.hosts.front();
}

Result<ListenerOptions> options_of(const char* name, const std::string& listen) {
  auto address = parse_address(listen);
  if (!address) return fail(std::move(address.error()).with_context(std::string(name) + "-listen"));
  ListenerOptions options;
  options.name = name;
  options.address = address->host;
  options.port = address->port;
  return options;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const ServeOptions& options) {
  auto keys = load_fleet_keys(options.data);
  if (!keys) return fail(keys.error());
  auto store = open_store_sqlite({options.data, false});
  if (!store) return fail(store.error());
  auto settings = read_settings(**store);
  if (!settings) return fail(settings.error());
  if (auto fresh = refresh_server_certificate(options.data, *keys, settings->hosts, system_clock().now()); !fresh)
    return fail(fresh.error());
  return std::unique_ptr<Server>(new Server(options, std::move(*keys), std::move(*settings), std::move(*store)));
}

Server::Server(const ServeOptions& options, FleetKeys keys, FleetSettings settings, std::unique_ptr<Store> store)
    : options_(options),
      keys_(std::move(keys)),
      settings_(std::move(settings)),
      readers_([folder = options.data] {
        return open_store_sqlite({folder, true});
      }),
      writer_(std::move(store)),
      context_{keys_,
               writer_,
               readers_,
               live_,
               counters_,
               system_clock(),
               settings_.organization,
               settings_.consent,
               server_names(settings_.hosts),
               options.device_url},
      device_api_(context_),
      console_api_(context_, {[this] { return metrics(); }, [this] { return writer_.healthy() && !stopping_; }}) {}

Server::~Server() { stop(); }

std::string Server::metrics() const {
  return metrics_text({context_, device_ ? &device_->counters() : nullptr, console_ ? &console_->counters() : nullptr});
}

Result<> Server::start() {
  const TlsFiles tls{keys_.server_pem, keys_.server_key_pem, keys_.authority.certificate_pem()};
  if (auto listening = listen_for_devices(tls); !listening) return listening;
  if (auto listening = listen_for_consoles(tls); !listening) return listening;
  return announce();
}

Result<> Server::listen_for_devices(const TlsFiles& tls) {
  auto options = options_of("device", options_.device_listen);
  if (!options) return fail(options.error());
  options->threads = options_.device_threads > 0 ? options_.device_threads
                                                 : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  options->client_certificates = ClientCertificates::requested;
  auto listener = Listener::start(*options, tls, [this](Request request, Respond respond) {
    device_api_.handle(std::move(request), std::move(respond));
  });
  if (!listener) return fail(listener.error());
  device_ = std::move(*listener);
  if (context_.device_url.empty())
    context_.device_url = url_of(reachable(options->address, settings_), device_->port());
  return {};
}

Result<> Server::listen_for_consoles(const TlsFiles& tls) {
  auto options = options_of("console", options_.console_listen);
  if (!options) return fail(options.error());
  options->idle_timeout = std::chrono::seconds(75);
  options->max_connections = 2000;
  auto listener = Listener::start(*options, tls, [this](Request request, Respond respond) {
    console_api_.handle(std::move(request), std::move(respond));
  });
  if (!listener) return fail(listener.error());
  console_ = std::move(*listener);
  console_url_ = url_of(reachable(options->address, settings_), console_->port());
  return {};
}

Result<> Server::announce() {
  auto stored = writer_.run([this](Store& store) { return store.set_setting("device_url", context_.device_url); });
  if (!stored || options_.ports_file.empty()) return stored;
  const auto text = fmt::format("{{\"device\":{},\"console\":{},\"device_url\":\"{}\",\"console_url\":\"{}\"}}\n",
                                device_->port(), console_->port(), context_.device_url, console_url_);
  return write_file_atomically(options_.ports_file, text, 0644);
}

void Server::stop() {
  if (stopping_.exchange(true)) return;
  live_.close_all();
  std::thread console([this] {
    if (console_) console_->stop(kGrace);
  });
  if (device_) device_->stop(kGrace);
  console.join();
  console_api_.stop();
  writer_.stop();
}

void Server::tick() {
  const Timestamp now = system_clock().now();
  bool more = true;
  while (more && !stopping_) {
    auto expired = writer_.run([&](Store& store) -> Result<> {
      auto left =
          store.expire(now, std::chrono::days(options_.telemetry_days), std::chrono::days(options_.activity_days));
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

}  // namespace hale::fleet
