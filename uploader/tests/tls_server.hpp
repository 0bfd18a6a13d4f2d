#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "uploader/tests/test_ca.hpp"

namespace hale::test {

struct ServerRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;                            ///< as it came over the wire
  std::string client;                          ///< common name of the client's certificate; empty without one
};

struct ServerReply {
  int status{200};
  std::string body{};
  std::vector<std::string> headers{};
  bool hang{false};   ///< never answers
  bool cut{false};    ///< closes the connection in place of an answer
  std::string raw{};  ///< sent as it is, in place of an answer
};

struct ServerSettings {
  TestCa::Issued identity;   ///< shown to clients
  std::vector<X509*> chain;  ///< shown behind it
  X509* client_ca{};         ///< client certificates must chain to it; nullptr: none is asked for
  int newest_tls{0x0304};    ///< TLS 1.3
};

/// A small HTTPS server on a loopback port of its own, a thread a connection. For tests only.
class TlsServer {
 public:
  using Handler = std::function<ServerReply(const ServerRequest&)>;
  TlsServer(const ServerSettings& settings, Handler handler);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  int port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void accept_all();
  void serve(int descriptor);
  bool serve_one(ssl_st* tls);

  Handler handler_;
  ssl_ctx_st* context_{};
  int listener_{-1};
  int port_{};
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::thread acceptor_;
  std::mutex mutex_;  ///< guards handlers_ and open_
  std::vector<std::thread> handlers_;
  std::set<int> open_;
};

/// A proxy that knows CONNECT only, to any loopback port whatever the name.
class ConnectProxy {
 public:
  explicit ConnectProxy(int target_port);
  ~ConnectProxy();
  ConnectProxy(const ConnectProxy&) = delete;
  ConnectProxy& operator=(const ConnectProxy&) = delete;
  int port() const { return port_; }
  std::vector<std::string> asked();  ///< "localhost:1234"

 private:
  void accept_all();
  void tunnel(int client);

  int target_port_;
  int port_{};  ///< before listener_, which sets it
  int listener_{-1};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  ///< guards asked_ and tunnels_
  std::vector<std::string> asked_;
  std::vector<std::thread> tunnels_;
  std::thread acceptor_;
};

/// A loopback port nobody listens on.
int free_port();

}  // namespace hale::test
