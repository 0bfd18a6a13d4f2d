#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>

#include "fleet/http/event_stream.hpp"
#include "fleet/http/server.hpp"
#include "fleet/http/tls_openssl.hpp"
#include "fleet/http/tls_stream.hpp"

namespace hale::fleet {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Seconds = std::chrono::seconds;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr Seconds kHeartbeat{15};

class Session;

// What the sessions of a listener share. Constant after construction, but for the counters and `stopping`.
struct Shared {
  ListenerOptions options;
  SslContext tls;
  Handler handler;
  ListenerCounters counters;
  std::atomic<bool> stopping{false};
};

// One thread of a listener.
struct Worker {
  explicit Worker(Shared& listener) : shared(listener), acceptor(io) {}
  Shared& shared;
  std::unordered_set<Session*> sessions;  // only on this thread; outlives io, whose end destroys what is left of them
  asio::io_context io{1};
  tcp::acceptor acceptor;
};

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get: return Method::get;
    case http::verb::head: return Method::head;
    case http::verb::post: return Method::post;
    case http::verb::patch: return Method::patch;
    case http::verb::delete_: return Method::remove;
    default: return Method::other;  // of a library's enum: everything else is answered 405
  }
}

// The answer on its way from whichever thread made it back to the session's. An answer that is never given becomes a 500.
class Answer {
 public:
  explicit Answer(asio::io_context& io) : io_(io), arrived_(io) { arrived_.expires_at(asio::steady_timer::time_point::max()); }

  static Respond responder(const std::shared_ptr<Answer>& answer) {
    struct Once {
      explicit Once(std::shared_ptr<Answer> to) : answer(std::move(to)) {}
      Once(const Once&) = delete;
      Once& operator=(const Once&) = delete;
      ~Once() {
        if (!given.exchange(true)) answer->give(problem(500, "Internal error", "The request was dropped inside the server; try again."));
      }
      std::shared_ptr<Answer> answer;
      std::atomic<bool> given{false};
    };
    return [once = std::make_shared<Once>(answer)](Response response) {
      if (!once->given.exchange(true)) once->answer->give(std::move(response));
    };
  }

  asio::awaitable<Response> wait() {
    while (!response_) co_await arrived_.async_wait(kTuple);
    co_return std::move(*response_);
  }

 private:
  void give(Response response) {
    auto held = std::make_shared<Response>(std::move(response));
    // Only reached while the session's coroutine (which owns this through a shared_ptr in its frame) waits, or after it is gone.
    asio::post(io_, [weak = weak_, held] {
      if (const auto self = weak.lock()) {
        self->response_ = std::move(*held);
        self->arrived_.cancel();
      }
    });
  }

  friend std::shared_ptr<Answer> make_answer(asio::io_context& io);
  asio::io_context& io_;
  asio::steady_timer arrived_;
  std::optional<Response> response_;
  std::weak_ptr<Answer> weak_;
};

std::shared_ptr<Answer> make_answer(asio::io_context& io) {
  auto answer = std::make_shared<Answer>(io);
  answer->weak_ = answer;
  return answer;
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Worker& worker, tcp::socket socket, std::string remote)
      : worker_(worker), shared_(worker.shared), stream_(std::move(socket), shared_.tls.get()), deadline_(worker.io), remote_(std::move(remote)) {
    worker_.sessions.insert(this);
    ++shared_.counters.connections;
  }
  ~Session() {
    if (events_) {
      events_->on_ready({});
      events_->close();
    }
    worker_.sessions.erase(this);
    --shared_.counters.connections;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  asio::awaitable<void> run() {
    if (stream_.ssl() == nullptr || !co_await handshake()) co_return;
    while (co_await wait_for_request()) {
      beast::flat_buffer buffer;
      bool more = true;
      while (more) {
        if (!co_await serve(buffer)) {
          disarm();
          co_return;
        }
        more = buffer.size() > 0 || stream_.has_pending();
      }
    }
    disarm();
    stream_.shutdown();
  }

  // The listener stops: what is idle or streams ends now, what is being answered ends after its answer.
  void stop() {
    if (idle_) cancel();
    if (events_) events_->close();
  }

 private:
  void arm(Seconds after) {
    stream_.set_expired(false);
    deadline_.expires_after(after);
    deadline_.async_wait([self = weak_from_this(), turn = ++turn_](error_code error) {
      const auto session = self.lock();
      if (error || !session || session->turn_ != turn) return;
      session->stream_.set_expired(true);
      session->cancel();
    });
  }
  void disarm() {
    ++turn_;
    stream_.set_expired(false);
    deadline_.cancel();
  }
  void cancel() {
    error_code ignored;
    stream_.socket().cancel(ignored);
  }

  asio::awaitable<bool> handshake() {
    arm(shared_.options.handshake_timeout);
    const auto [error, unused] = co_await stream_.async_handshake(kTuple);
    disarm();
    if (error) {
      ++shared_.counters.handshakes_failed;
      co_return false;
    }
    if (SSL_session_reused(stream_.ssl()) == 1) ++shared_.counters.handshakes_resumed;
    peer_ = read_peer(stream_.ssl());
    co_return true;
  }

  asio::awaitable<bool> wait_for_request() {
    if (shared_.stopping) co_return false;
    if (stream_.has_pending()) co_return true;
    stream_.release_buffers();
    idle_ = true;
    arm(shared_.options.idle_timeout);
    const auto [error] = co_await stream_.socket().async_wait(tcp::socket::wait_read, kTuple);
    idle_ = false;
    co_return !error && !shared_.stopping;
  }

  // One request and its answer. False: the connection ends.
  asio::awaitable<bool> serve(beast::flat_buffer& buffer) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(shared_.options.max_body);
    parser.header_limit(static_cast<std::uint32_t>(shared_.options.max_header));
    arm(shared_.options.request_timeout);
    auto [error, unused] = co_await http::async_read_header(stream_, buffer, parser, kTuple);
    if (!error && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto [write_error, written] = co_await asio::async_write(stream_, asio::buffer(kContinue), kTuple);
      if (write_error) co_return false;
    }
    if (!error) {
      const auto [body_error, read] = co_await http::async_read(stream_, buffer, parser, kTuple);
      error = body_error;
    }
    if (error) co_return co_await refuse(error);
    ++shared_.counters.requests;
    auto message = parser.release();
    const bool head = message.method() == http::verb::head;
    const bool keep = message.keep_alive();
    const auto version = message.version();
    auto request = to_request(std::move(message));
    if (!request) co_return co_await write(problem(400, "Bad request", "The request's target must be a path."), version, false, false);
    disarm();
    Response response = co_await answer(std::move(*request));
    arm(shared_.options.request_timeout);
    if (response.stream) co_return co_await stream_events(std::move(response), version);
    co_return co_await write(std::move(response), version, keep && !shared_.stopping, head);
  }

  asio::awaitable<Response> answer(Request request) {
    const auto pending = make_answer(worker_.io);
    ++shared_.counters.in_flight;
    shared_.handler(std::move(request), Answer::responder(pending));
    Response response = co_await pending->wait();
    --shared_.counters.in_flight;
    co_return response;
  }

  std::optional<Request> to_request(http::request<http::string_body> message) {
    Request request;
    request.method = method_of(message.method());
    const std::string_view target = message.target();
    if (target.empty() || target.front() != '/') return std::nullopt;
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
    for (const auto& field : message) {
      std::string name = field.name_string();
      std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      request.headers.emplace_back(std::move(name), std::string(field.value()));
    }
    request.body = std::move(message.body());
    request.remote = remote_;
    request.peer = peer_;
    return request;
  }

  // What did not parse. A closed connection is nobody's fault; the rest gets words, and the connection ends because its framing is lost.
  asio::awaitable<bool> refuse(error_code error) {
    disarm();
    Response response;
    if (error == http::error::body_limit) {
      response = problem(413, "Too large", "The body is larger than " + std::to_string(shared_.options.max_body) + " bytes; send less at once.");
    } else if (error == http::error::header_limit) {
      response = problem(431, "Header too large", "The header is larger than " + std::to_string(shared_.options.max_header) + " bytes.");
    } else if (error == asio::error::operation_aborted && !shared_.stopping) {
      response = problem(408, "Too slow", "The request did not arrive in time; send it again.");
    } else if (error.category() == make_error_code(http::error::bad_method).category() && error != http::error::end_of_stream &&
               error != http::error::partial_message) {
      response = problem(400, "Bad request", "The request is not well-formed HTTP: " + error.message() + ".");
    } else {
      co_return false;
    }
    arm(Seconds(3));
    co_await write(std::move(response), 11, false, false);
    co_await drain();
    co_return false;
  }

  // Reads on for a moment: closing with unread bytes would reset the connection before the client has seen the answer.
  asio::awaitable<void> drain() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    arm(Seconds(2));
    std::string sink(16384, '\0');
    for (std::size_t total = 0; total < (32u << 20);) {
      const auto [error, count] = co_await stream_.socket().async_read_some(asio::buffer(sink), kTuple);
      if (error) break;
      total += count;
    }
    disarm();
  }

  template <class Message>
  void set_header(Message& message, const Response& response, bool keep) {
    message.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) message.insert(name, value);
    message.keep_alive(keep);
    const auto group = static_cast<std::size_t>(std::clamp(response.status / 100, 0, 5));
    ++shared_.counters.responses[group];
  }

  asio::awaitable<bool> write(Response response, unsigned version, bool keep, bool head) {
    const bool bodyless = response.status == 204 || response.status == 304;
    const std::string_view bytes = bodyless ? std::string_view{} : response.bytes();
    error_code error;
    if (head || bodyless) {
      http::response<http::empty_body> message(static_cast<http::status>(response.status), version);
      set_header(message, response, keep);
      if (bodyless) message.erase(http::field::content_type);
      if (!bodyless) message.content_length(bytes.size());
      const auto [failed, written] = co_await http::async_write(stream_, message, kTuple);
      error = failed;
    } else {
      http::response<http::span_body<const char>> message(static_cast<http::status>(response.status), version);
      message.body() = {bytes.data(), bytes.size()};
      set_header(message, response, keep);
      message.content_length(bytes.size());
      const auto [failed, written] = co_await http::async_write(stream_, message, kTuple);
      error = failed;
    }
    disarm();
    if (!error && !keep) stream_.shutdown();
    co_return !error && keep;
  }

  asio::awaitable<bool> stream_events(Response response, unsigned version) {
    events_ = response.stream;
    http::response<http::empty_body> head(static_cast<http::status>(response.status), version);
    response.content_type = "text/event-stream";
    response.headers.emplace_back("Cache-Control", "no-store");
    set_header(head, response, false);
    http::response_serializer<http::empty_body> serializer(head);
    auto [error, unused] = co_await http::async_write_header(stream_, serializer, kTuple);
    asio::steady_timer ready(worker_.io);
    auto alive = std::make_shared<asio::steady_timer*>(&ready);
    events_->on_ready([&io = worker_.io, weak = std::weak_ptr(alive)] {
      asio::post(io, [weak] {
        if (const auto timer = weak.lock()) (*timer)->cancel();
      });
    });
    bool open = !shared_.stopping;
    while (!error && open) {
      std::string text = events_->take(open);
      if (text.empty() && open) {
        disarm();
        ready.expires_after(kHeartbeat);
        const auto [woken] = co_await ready.async_wait(kTuple);
        if (woken) continue;
        text = ": still here\n\n";
      }
      arm(shared_.options.request_timeout);
      const auto [write_error, written] = co_await asio::async_write(stream_, asio::buffer(text), kTuple);
      error = write_error;
    }
    alive.reset();
    events_->close();
    events_->on_ready({});
    disarm();
    stream_.shutdown();
    co_return false;
  }

  Worker& worker_;
  Shared& shared_;
  TlsStream stream_;
  asio::steady_timer deadline_;
  std::string remote_;
  std::shared_ptr<const PeerCertificate> peer_;
  std::shared_ptr<EventStream> events_;
  unsigned turn_{0};
  bool idle_{false};
};

asio::awaitable<void> accept_connections(Worker& worker) {
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
    Shared& shared = worker.shared;
    if (shared.counters.connections >= shared.options.max_connections) {
      ++shared.counters.refused;
      continue;
    }
    ++shared.counters.accepted;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const auto remote = socket.remote_endpoint(ignored);
    auto session = std::make_shared<Session>(worker, std::move(socket), remote.address().to_string());
    asio::co_spawn(worker.io, [session]() -> asio::awaitable<void> { co_await session->run(); }, asio::detached);
  }
}

Result<tcp::endpoint> endpoint_of(const ListenerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    return fail(Errc::invalid_input, options.name + " listener: '" + options.address + "' is not an IP address; write e.g. 127.0.0.1 or [::]");
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

// A port that another server of the same user holds with SO_REUSEPORT would silently be shared: first try to have it alone.
error_code probe(asio::io_context& io, const tcp::endpoint& endpoint) {
  if (endpoint.port() == 0) return {};
  tcp::acceptor alone(io);
  return bind(alone, endpoint, false);
}

Result<> listen(Worker& worker, const tcp::endpoint& endpoint, bool first) {
  error_code error;
  if (first) error = probe(worker.io, endpoint);
  if (!error) error = bind(worker.acceptor, endpoint, true);
  if (!error) return {};
  return fail(Errc::unavailable, worker.shared.options.name + " listener: cannot listen on " + endpoint.address().to_string() + " port " +
                                     std::to_string(endpoint.port()) + ": " + error.message() + "; choose another with --" +
                                     worker.shared.options.name + "-listen");
}

class BeastListener final : public Listener {
 public:
  explicit BeastListener(ListenerOptions options, SslContext tls, Handler handler) {
    shared_.options = std::move(options);
    shared_.tls = std::move(tls);
    shared_.handler = std::move(handler);
  }
  ~BeastListener() override { stop(std::chrono::milliseconds(0)); }

  Result<> open() {
    auto endpoint = endpoint_of(shared_.options);
    if (!endpoint) return fail(endpoint.error());
    for (int i = 0; i < std::max(1, shared_.options.threads); ++i) {
      workers_.push_back(std::make_unique<Worker>(shared_));
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
        error_code ignored;
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
  }

 private:
  Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::uint16_t port_{0};
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::start(ListenerOptions options, const TlsFiles& tls, Handler handler) {
  auto context = make_server_context(tls, options.client_certificates);
  if (!context) return fail(std::move(context.error()).with_context(options.name + " listener"));
  auto listener = std::make_unique<BeastListener>(std::move(options), std::move(*context), std::move(handler));
  if (auto opened = listener->open(); !opened) return fail(opened.error());
  return listener;
}

}  // namespace hale::fleet
