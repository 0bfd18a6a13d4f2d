#include "fleet/http/session_beast.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "fleet/http/answer_asio.hpp"

namespace hale::fleet {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Seconds = std::chrono::seconds;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr Seconds kHeartbeat{15};

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::remove;
    default:
      return Method::other;  // of a library's enum: everything else is answered 405
  }
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
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

template <class Message>
void set_header(Message& message, const Response& response, bool keep) {
  message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(keep);
}

// What did not parse, as words; nullopt: a closed connection, which is nobody's fault.
std::optional<Response> words_for(error_code error, const ListenerOptions& options, bool stopping) {
  if (error == http::error::body_limit) {
    return problem(413, "Too large",
                   "The body is larger than " + std::to_string(options.max_body) + " bytes; send less at once.");
  }
  if (error == http::error::header_limit) {
    return problem(431, "Header too large",
                   "The header is larger than " + std::to_string(options.max_header) + " bytes.");
  }
  if (error == asio::error::operation_aborted && !stopping)
    return problem(408, "Too slow", "The request did not arrive in time; send it again.");
  const bool http_error = error.category() == make_error_code(http::error::bad_method).category();
  if (!http_error || error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  return problem(400, "Bad request", "The request is not well-formed HTTP: " + error.message() + ".");
}

}  // namespace

struct Session::Reading {
  beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
};

Session::Session(ListenerThread& thread, tcp::socket socket, std::string remote)
    : thread_(thread),
      shared_(thread.shared),
      stream_(std::move(socket), shared_.tls.get()),
      deadline_(thread.io),
      remote_(std::move(remote)) {
  thread_.sessions.insert(this);
  ++shared_.counters.connections;
}

Session::~Session() {
  if (events_) {
    events_->on_ready({});
    events_->close();
  }
  thread_.sessions.erase(this);
  --shared_.counters.connections;
}

asio::awaitable<void> Session::run() {
  if (stream_.ssl() == nullptr || !co_await handshake()) co_return;
  while (co_await wait_for_request()) {
    Reading reading;
    bool more = true;
    while (more) {
      if (!co_await serve(reading)) {
        disarm();
        co_return;
      }
      more = reading.buffer.size() > 0 || stream_.has_pending();
    }
  }
  disarm();
  stream_.shutdown();
}

void Session::stop() {
  if (idle_) cancel();
  if (events_) events_->close();
}

void Session::close() {
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

void Session::arm(Seconds after) {
  stream_.set_expired(false);
  deadline_.expires_after(after);
  deadline_.async_wait([self = weak_from_this(), turn = ++turn_](error_code error) {
    const auto session = self.lock();
    if (error || !session || session->turn_ != turn) return;
    session->stream_.set_expired(true);
    session->cancel();
  });
}

void Session::disarm() {
  ++turn_;
  stream_.set_expired(false);
  deadline_.cancel();
}

void Session::cancel() {
  error_code ignored;
  stream_.socket().cancel(ignored);
}

asio::awaitable<bool> Session::handshake() {
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

asio::awaitable<bool> Session::wait_for_request() {
  if (shared_.stopping) co_return false;
  if (stream_.has_pending()) co_return true;
  stream_.release_buffers();
  idle_ = true;
  arm(shared_.options.idle_timeout);
  const auto [error] = co_await stream_.socket().async_wait(tcp::socket::wait_read, kTuple);
  idle_ = false;
  co_return !error && !shared_.stopping;
}

asio::awaitable<error_code> Session::read_request(Reading& reading) {
  auto& parser = reading.parser.emplace();
  parser.body_limit(shared_.options.max_body);
  parser.header_limit(static_cast<std::uint32_t>(shared_.options.max_header));
  const auto [head_error, head_size] = co_await http::async_read_header(stream_, reading.buffer, parser, kTuple);
  if (head_error) co_return head_error;
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, written] = co_await asio::async_write(stream_, asio::buffer(kContinue), kTuple);
    if (error) co_return error;
  }
  const auto [error, size] = co_await http::async_read(stream_, reading.buffer, parser, kTuple);
  co_return error;
}

asio::awaitable<bool> Session::serve(Reading& reading) {
  arm(shared_.options.request_timeout);
  if (const auto error = co_await read_request(reading)) co_return co_await refuse(error);
  ++shared_.counters.requests;
  auto message = reading.parser->release();
  const bool head = message.method() == http::verb::head;
  const bool keep = message.keep_alive();
  const auto version = message.version();
  auto request = to_request(std::move(message));
  if (!request)
    co_return co_await write(problem(400, "Bad request", "The request's target must be a path."), version, false,
                             false);
  request->remote = remote_;
  request->peer = peer_;
  disarm();
  Response response = co_await answer(std::move(*request));
  arm(shared_.options.request_timeout);
  if (response.stream) co_return co_await stream_events(std::move(response), version);
  co_return co_await write(std::move(response), version, keep && !shared_.stopping, head);
}

asio::awaitable<Response> Session::answer(Request request) {
  const auto pending = std::make_shared<Answer>(thread_.io);
  ++shared_.counters.in_flight;
  shared_.handler(std::move(request), pending->responder());
  Response response = co_await pending->wait();
  --shared_.counters.in_flight;
  co_return response;
}

// The connection ends in any case: its framing is lost.
asio::awaitable<bool> Session::refuse(error_code error) {
  disarm();
  auto response = words_for(error, shared_.options, shared_.stopping);
  if (!response) co_return false;
  arm(Seconds(3));
  co_await write(std::move(*response), 11, false, false);
  co_await drain();
  co_return false;
}

// Reads on for a moment: closing with unread bytes would reset the connection before the client has seen the answer.
asio::awaitable<void> Session::drain() {
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

asio::awaitable<bool> Session::write(Response response, unsigned version, bool keep, bool head) {
  ++shared_.counters.responses[static_cast<std::size_t>(std::clamp(response.status / 100, 0, 5))];
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

asio::awaitable<bool> Session::write_event_head(Response& response, unsigned version) {
  ++shared_.counters.responses[2];
  http::response<http::empty_body> head(static_cast<http::status>(response.status), version);
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-store");
  set_header(head, response, false);
  http::response_serializer<http::empty_body> serializer(head);
  const auto [error, written] = co_await http::async_write_header(stream_, serializer, kTuple);
  co_return !error;
}

asio::awaitable<bool> Session::stream_events(Response response, unsigned version) {
  events_ = response.stream;
  bool open = co_await write_event_head(response, version) && !shared_.stopping;
  auto ready = std::make_shared<asio::steady_timer>(thread_.io);
  events_->on_ready([&io = thread_.io, weak = std::weak_ptr(ready)] {
    asio::post(io, [weak] {
      if (const auto timer = weak.lock()) timer->cancel();
    });
  });
  while (open) {
    std::string text = events_->take(open);
    if (text.empty() && open) {
      disarm();
      ready->expires_after(kHeartbeat);
      const auto [woken] = co_await ready->async_wait(kTuple);
      if (woken) continue;
      text = ": still here\n\n";
    }
    arm(shared_.options.request_timeout);
    const auto [error, written] = co_await asio::async_write(stream_, asio::buffer(text), kTuple);
    if (error) break;
  }
  events_->on_ready({});
  events_->close();
  disarm();
  stream_.shutdown();
  co_return false;
}

}  // namespace hale::fleet
