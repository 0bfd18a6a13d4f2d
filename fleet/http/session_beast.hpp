#pragma once
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "fleet/http/event_stream.hpp"
#include "fleet/http/server.hpp"
#include "fleet/http/tls_openssl.hpp"
#include "fleet/http/tls_stream.hpp"

/// For the HTTP server's own .cpp files only: Asio's headers are heavy.
namespace hale::fleet {

class Session;

/// What the sessions of a listener share. Constant after construction, but for the counters and `stopping`.
struct ListenerShared {
  ListenerOptions options;
  SslContext tls;
  Handler handler;
  ListenerCounters counters;
  std::atomic<bool> stopping{false};
};

/// One thread of a listener.
struct ListenerThread {
  explicit ListenerThread(ListenerShared& listener) : shared(listener), acceptor(io) {}
  ListenerShared& shared;
  std::unordered_set<Session*> sessions;  ///< only on this thread; outlives io, whose end destroys what is left of them
  asio::io_context io{1};
  tcp::acceptor acceptor;
};

/// One connection: handshake, then requests and answers until either side ends it. On its listener's thread only.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(ListenerThread& thread, tcp::socket socket, std::string remote);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  asio::awaitable<void> run();
  /// The listener stops: what is idle or streams ends now, what is being answered ends after its answer.
  void stop();
  /// Ends the connection, whatever it does.
  void close();

 private:
  struct Reading;  // a request's parser and buffer

  void arm(std::chrono::seconds after);
  void disarm();
  void cancel();
  asio::awaitable<bool> handshake();
  asio::awaitable<bool> wait_for_request();
  asio::awaitable<bool> serve(Reading& reading);  ///< one request and its answer; false: the connection ends
  asio::awaitable<boost::system::error_code> read_request(Reading& reading);
  asio::awaitable<Response> answer(Request request);
  asio::awaitable<bool> refuse(boost::system::error_code error);
  asio::awaitable<void> drain();
  asio::awaitable<bool> write(Response response, unsigned version, bool keep, bool head);
  asio::awaitable<bool> stream_events(Response response, unsigned version);
  asio::awaitable<bool> write_event_head(Response& response, unsigned version);

  ListenerThread& thread_;
  ListenerShared& shared_;
  TlsStream stream_;
  asio::steady_timer deadline_;
  std::string remote_;
  std::shared_ptr<const PeerCertificate> peer_;
  std::shared_ptr<EventStream> events_;
  unsigned turn_{0};  ///< which arm() the deadline belongs to
  bool idle_{false};
};

}  // namespace hale::fleet
