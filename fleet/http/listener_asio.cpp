#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <thread>
#include <vector>

#include "fleet/http/session_beast.hpp"

namespace hale::fleet {
namespace {

using boost::system::error_code;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> accept_connections(ListenerThread& worker) {
  asio::steady_timer pause(worker.io);
  while (!worker.shared.stopping) {
    auto [error, socket] = co_await worker.acceptor.async_accept(kTuple);
    if (worker.shared.stopping || error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of file descriptors, mostly: wait for some to come back instead of spinning.
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(kTuple);
      continue;
    }
    ListenerShared& shared = worker.shared;
    if (shared.counters.connections >= shared.options.max_connections) {
      ++shared.counters.refused;
      continue;
    }
    ++shared.counters.accepted;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const auto remote = socket.remote_endpoint(ignored);
    auto session = std::make_shared<Session>(worker, std::move(socket), remote.address().to_string());
    asio::co_spawn(
        worker.io, [session]() -> asio::awaitable<void> { co_await session->run(); }, asio::detached);
  }
}

Result<tcp::endpoint> endpoint_of(const ListenerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    return fail(Errc::invalid_input, options.name + " listener: '" + options.address +
                                         "' is not an IP address; write e.g. 127.0.0.1 or [::]");
  }
  return tcp::endpoint(address, options.port);
}

error_code bind(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool shared) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  const int on = shared ? 1 : 0;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return {errno, boost::system::system_category()};
  }
  if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error && shared) acceptor.listen(4096, error);
  return error;
}

// A port that another server of the same user holds with SO_REUSEPORT would silently be shared: first try to have it
// alone.
error_code probe(asio::io_context& io, const tcp::endpoint& endpoint) {
  if (endpoint.port() == 0) return {};
  tcp::acceptor alone(io);
  return bind(alone, endpoint, false);
}

Result<> listen(ListenerThread& worker, const tcp::endpoint& endpoint, bool first) {
  error_code error;
  if (first) error = probe(worker.io, endpoint);
  if (!error) error = bind(worker.acceptor, endpoint, true);
  if (!error) return {};
  return fail(Errc::unavailable, worker.shared.options.name + " listener: cannot listen on " +
                                     endpoint.address().to_string() + " port " + std::to_string(endpoint.port()) +
                                     ": " + error.message() + "; choose another with --" + worker.shared.options.name +
                                     "-listen");
}

class TcpListener final : public Listener {
 public:
  explicit TcpListener(ListenerOptions options, SslContext tls, Handler handler) {
    shared_.options = std::move(options);
    shared_.tls = std::move(tls);
    shared_.handler = std::move(handler);
  }
  ~TcpListener() override { stop(std::chrono::milliseconds(0)); }

  Result<> open() {
    auto endpoint = endpoint_of(shared_.options);
    if (!endpoint) return fail(endpoint.error());
    for (int i = 0; i < std::max(1, shared_.options.threads); ++i) {
      workers_.push_back(std::make_unique<ListenerThread>(shared_));
      if (auto bound = listen(*workers_.back(), *endpoint, i == 0); !bound) return bound;
      error_code ignored;
      endpoint->port(workers_.back()->acceptor.local_endpoint(ignored).port());
    }
    port_ = endpoint->port();
    for (auto& worker : workers_) {
      asio::co_spawn(worker->io, accept_connections(*worker), asio::detached);
      threads_.emplace_back([&io = worker->io] { io.run(); });
    }
    return {};
  }

  std::uint16_t port() const override { return port_; }
  const ListenerCounters& counters() const override { return shared_.counters; }

  void stop(std::chrono::milliseconds grace) override {
    if (threads_.empty()) return;
    shared_.stopping = true;
    for (auto& worker : workers_) {
      asio::post(worker->io, [&worker = *worker] {
        error_code ignored;  // of a socket that is given up
        worker.acceptor.close(ignored);
        const std::vector<Session*> sessions(worker.sessions.begin(), worker.sessions.end());
        for (Session* session : sessions) session->stop();
      });
    }
    const auto until = std::chrono::steady_clock::now() + grace;
    while (shared_.counters.connections > 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    for (auto& worker : workers_) worker->io.stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    for (auto& worker : workers_) close(*worker);
  }

 private:
  // Once its thread is gone: what the stop came too late for must not keep a client waiting until this object goes.
  static void close(ListenerThread& worker) {
    error_code ignored;
    worker.acceptor.close(ignored);
    for (Session* session : worker.sessions) session->close();
  }

  ListenerShared shared_;
  std::vector<std::unique_ptr<ListenerThread>> workers_;
  std::vector<std::thread> threads_;
  std::uint16_t port_{0};
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::start(ListenerOptions options, const TlsFiles& tls, Handler handler) {
  auto context = make_server_context(tls, options.client_certificates);
  if (!context) return fail(std::move(context.error()).with_context(options.name + " listener"));
  auto listener = std::make_unique<TcpListener>(std::move(options), std::move(*context), std::move(handler));
  if (auto opened = listener->open(); !opened) return fail(opened.error());
  return listener;
}

}  // namespace hale::fleet
