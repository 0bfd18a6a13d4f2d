#include "platform/http_client.hpp"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "uploader/tests/tls_server.hpp"

using namespace hale;
using namespace hale::test;

namespace {

/// A server behind one CA, and the client's pinned trust in it.
struct Lab {
  TestCa ca{"Fleet CA"};
  ServerSettings settings{.identity = ca.issue({}), .chain = {ca.certificate()}, .client_ca = nullptr};
  TlsOptions tls{.ca_pem = ca.pem(), .ca_sha256 = {}, .certificate_pem = {}, .private_key_pem = {}};
};

std::string url_of(const TlsServer& server, const std::string& host = "localhost") {
  return "https://" + host + ":" + std::to_string(server.port()) + "/x";
}

HttpRequest request_to(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.body = "hello";
  request.timeout_s = 10;
  return request;
}

Result<HttpResponse> ask(const TlsOptions& tls, const HttpRequest& request, const std::string& proxy = "direct") {
  auto client = HttpClient::make(tls, ProxyOptions{proxy});
  REQUIRE(client);
  return (*client)->send(request);
}

TlsServer::Handler say(ServerReply reply) {
  return [reply](const ServerRequest&) { return reply; };
}

bool has(const std::string& text, const std::string& word) {
  INFO(text);
  return text.find(word) != std::string::npos;
}

}  // namespace

TEST_CASE("A request is answered over TLS 1.3 with the pinned CA, and the connection is kept") {
  Lab lab;
  const TlsServer server(lab.settings, [](const ServerRequest& request) {
    return ServerReply{.status = 207, .body = request.method + " " + request.body};
  });
  auto client = HttpClient::make(lab.tls, ProxyOptions{"direct"}).value();
  for (int i = 0; i < 3; ++i) {
    const auto response = client->send(request_to(url_of(server)));
    REQUIRE(response);
    CHECK(response->status == 207);
    CHECK(response->body == "POST hello");
    CHECK_FALSE(response->retry_after_s);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("The first contact trusts only the CA with the given fingerprint, found in the chain shown") {
  Lab lab;
  const TlsServer server(lab.settings, say({.body = "ok"}));
  auto client =
      HttpClient::make(
          TlsOptions{.ca_pem = {}, .ca_sha256 = lab.ca.sha256(), .certificate_pem = {}, .private_key_pem = {}},
          {"direct"})
          .value();
  REQUIRE(client->send(request_to(url_of(server))));
  CHECK(client->found_ca_pem() == lab.ca.pem());

  auto stranger =
      HttpClient::make(
          TlsOptions{.ca_pem = {}, .ca_sha256 = TestCa("Other").sha256(), .certificate_pem = {}, .private_key_pem = {}},
          {"direct"})
          .value();
  const auto refused = stranger->send(request_to(url_of(server)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::permission);
  CHECK(stranger->found_ca_pem().empty());

  const auto wrong_host =
      HttpClient::make(
          TlsOptions{.ca_pem = {}, .ca_sha256 = lab.ca.sha256(), .certificate_pem = {}, .private_key_pem = {}},
          {"direct"})
          .value()
          ->send(request_to(url_of(server, "127.0.0.1")));
  REQUIRE_FALSE(wrong_host);
  CHECK(wrong_host.error().code == Errc::permission);
}

TEST_CASE("A fingerprint that belongs to the leaf of another chain in the same handshake is not trusted") {
  // The attacker shows the genuine CA's certificate beside a leaf of its own.
  Lab lab;
  const TestCa attacker("Fleet CA");
  const ServerSettings forged{.identity = attacker.issue({}), .chain = {lab.ca.certificate()}, .client_ca = nullptr};
  std::atomic<int> reached{0};
  const TlsServer server(forged, [&](const ServerRequest&) {
    ++reached;
    return ServerReply{};
  });
  const auto answer =
      ask(TlsOptions{.ca_pem = {}, .ca_sha256 = lab.ca.sha256(), .certificate_pem = {}, .private_key_pem = {}},
          request_to(url_of(server)));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::permission);
  CHECK(reached == 0);
}

TEST_CASE("TLS inspection is named with its issuer, and nothing is sent through it") {
  Lab lab;
  const TestCa inspector("Example Corp Web Security");
  std::atomic<int> reached{0};
  const TlsServer server(
      ServerSettings{.identity = inspector.issue({}), .chain = {inspector.certificate()}, .client_ca = nullptr},
      [&](const ServerRequest&) {
        ++reached;
        return ServerReply{};
      });
  const auto answer = ask(lab.tls, request_to(url_of(server)));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::permission);
  CHECK(has(answer.error().message, "Example Corp Web Security"));
  CHECK(has(answer.error().message, "TLS inspection"));
  CHECK(has(answer.error().message, "does not weaken"));
  CHECK(reached == 0);
}

TEST_CASE("A certificate for another name, an expired one and one from the future are refused with the reason") {
  Lab lab;
  const TlsServer named(lab.settings, say({}));
  auto answer = ask(lab.tls, request_to(url_of(named, "127.0.0.1")));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::permission);
  CHECK(has(answer.error().message, "not for this name"));

  lab.settings.identity = lab.ca.issue({.name = "old", .from_days = -30, .to_days = -2});
  const TlsServer expired(lab.settings, say({}));
  answer = ask(lab.tls, request_to(url_of(expired)));
  REQUIRE_FALSE(answer);
  CHECK(has(answer.error().message, "expired at"));

  lab.settings.identity = lab.ca.issue({.name = "new", .from_days = 3});
  const TlsServer early(lab.settings, say({}));
  answer = ask(lab.tls, request_to(url_of(early)));
  REQUIRE_FALSE(answer);
  CHECK(has(answer.error().message, "clock"));
}

TEST_CASE("A server that speaks only TLS 1.2 is refused") {
  Lab lab;
  lab.settings.newest_tls = 0x0303;
  const TlsServer server(lab.settings, say({}));
  const auto answer = ask(lab.tls, request_to(url_of(server)));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::permission);
  CHECK(has(answer.error().message, "TLS 1.3"));
}

TEST_CASE("The client's certificate and key go along") {
  Lab lab;
  lab.settings.client_ca = lab.ca.certificate();
  const auto device = lab.ca.issue({.name = "device-7", .alternative_name = "", .server = false});
  lab.tls.certificate_pem = to_pem(device.certificate.get());
  lab.tls.private_key_pem = to_pem(device.key.get());
  const TlsServer server(lab.settings,
                         [](const ServerRequest& request) { return ServerReply{.body = request.client}; });
  CHECK(ask(lab.tls, request_to(url_of(server)))->body == "device-7");
  lab.tls.private_key_pem = to_pem(make_key().get());
  const auto mixed = ask(lab.tls, request_to(url_of(server)));
  REQUIRE_FALSE(mixed);
  CHECK(mixed.error().code == Errc::invalid_input);
}

TEST_CASE("A client certificate the server refuses in the handshake is reported as such") {
  Lab lab;
  lab.settings.client_ca = lab.ca.certificate();
  const auto old =
      lab.ca.issue({.name = "device-7", .alternative_name = "", .server = false, .from_days = -60, .to_days = -10});
  lab.tls.certificate_pem = to_pem(old.certificate.get());
  lab.tls.private_key_pem = to_pem(old.key.get());
  const TlsServer server(lab.settings, say({}));
  const auto answer = ask(lab.tls, request_to(url_of(server)));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::permission);
  CHECK(has(answer.error().message, "did not accept this PC's certificate"));
}

TEST_CASE("Retry-After is read as seconds and as a date") {
  Lab lab;
  const TlsServer seconds(lab.settings, say({.status = 503, .headers = {"Retry-After: 120"}}));
  CHECK(ask(lab.tls, request_to(url_of(seconds)))->retry_after_s == 120U);
  const auto then = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + std::chrono::seconds{300});
  std::array<char, 64> date{};
  std::tm parts{};
  gmtime_r(&then, &parts);
  std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  const TlsServer dated(lab.settings, say({.status = 429, .headers = {std::string("Retry-After: ") + date.data()}}));
  const auto wait = ask(lab.tls, request_to(url_of(dated)))->retry_after_s;
  REQUIRE(wait);
  CHECK(*wait > 280);
  CHECK(*wait <= 301);
  const TlsServer nonsense(lab.settings, say({.status = 429, .headers = {"Retry-After: soon"}}));
  CHECK_FALSE(ask(lab.tls, request_to(url_of(nonsense)))->retry_after_s);
}

TEST_CASE("An answer beyond the bound is an error, exactly at the bound it is not") {
  Lab lab;
  const TlsServer server(lab.settings, say({.body = std::string(1000, 'x')}));
  auto request = request_to(url_of(server));
  request.max_response = 1000;
  CHECK(ask(lab.tls, request)->body.size() == 1000);
  request.max_response = 999;
  const auto answer = ask(lab.tls, request);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::invalid_input);
  CHECK(has(answer.error().message, "larger than 999 bytes"));
}

TEST_CASE("Redirects are not followed, other schemes are refused") {
  Lab lab;
  const TlsServer server(lab.settings, say({.status = 307, .headers = {"Location: https://localhost:1/"}}));
  CHECK(ask(lab.tls, request_to(url_of(server)))->status == 307);
  CHECK(server.connections() == 1);
  for (const auto* url : {"http://localhost/", "file:///etc/passwd", "ftp://localhost/", "nonsense"}) {
    const auto answer = ask(lab.tls, request_to(url));
    REQUIRE_FALSE(answer);
    INFO(url << " " << answer.error().message);
    CHECK((answer.error().code == Errc::invalid_input || std::string_view(url) == "nonsense"));
  }
}

TEST_CASE("A server that hangs, cuts the line, or speaks something else ends in an error in time") {
  Lab lab;
  const TlsServer hanging(lab.settings, say({.hang = true}));
  auto request = request_to(url_of(hanging));
  request.timeout_s = 1;
  CHECK(ask(lab.tls, request).error().code == Errc::timeout);
  const TlsServer cutting(lab.settings, say({.cut = true}));
  CHECK(ask(lab.tls, request_to(url_of(cutting))).error().code == Errc::unavailable);
  const TlsServer mumbling(lab.settings, say({.raw = "SSH-2.0-OpenSSH_9.2\r\n"}));
  CHECK_FALSE(ask(lab.tls, request_to(url_of(mumbling))));
  const auto nobody = ask(lab.tls, request_to("https://localhost:" + std::to_string(free_port()) + "/"));
  CHECK(nobody.error().code == Errc::unavailable);
}

TEST_CASE("A request ends soon after it was cancelled") {
  Lab lab;
  const TlsServer hanging(lab.settings, say({.hang = true}));
  std::atomic<bool> cancel{false};
  auto request = request_to(url_of(hanging));
  request.cancel = &cancel;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
    cancel = true;
  });
  const auto begun = std::chrono::steady_clock::now();
  const auto answer = ask(lab.tls, request);
  later.join();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::unavailable);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{4});
}

TEST_CASE("A named proxy and one from the environment are used, and TLS goes through them unopened") {
  Lab lab;
  const TlsServer server(lab.settings, say({.body = "through"}));
  ConnectProxy proxy(server.port());
  const auto proxy_url = "http://127.0.0.1:" + std::to_string(proxy.port());
  auto answer = ask(lab.tls, request_to("https://localhost:1/x"), proxy_url);
  INFO((answer ? std::string() : answer.error().message));
  REQUIRE(answer);
  CHECK(answer->body == "through");
  CHECK_FALSE(answer->retry_after_s);  // what the proxy says of itself is not the fleet's word
  CHECK(proxy.asked() == std::vector<std::string>{"localhost:1"});

  ::setenv("https_proxy", proxy_url.c_str(), 1);
  answer = ask(lab.tls, request_to("https://localhost:2/x"), "");
  CHECK(answer.has_value());
  CHECK(proxy.asked().size() == 2);
  ::setenv("no_proxy", "localhost", 1);
  CHECK(ask(lab.tls, request_to(url_of(server)), "").has_value());
  CHECK(proxy.asked().size() == 2);
  ::unsetenv("no_proxy");
  CHECK(ask(lab.tls, request_to(url_of(server)), "direct").has_value());
  CHECK(proxy.asked().size() == 2);
  ::unsetenv("https_proxy");

  const ConnectProxy broken(free_port());
  const auto refused = ask(lab.tls, request_to(url_of(server)), "http://127.0.0.1:" + std::to_string(broken.port()));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::unavailable);
}

TEST_CASE("Without a pinned CA, with half an identity, or with a proxy of another kind there is no client") {
  Lab lab;
  CHECK_FALSE(HttpClient::make(TlsOptions{}));
  CHECK_FALSE(HttpClient::make(
      TlsOptions{.ca_pem = lab.ca.pem(), .ca_sha256 = lab.ca.sha256(), .certificate_pem = {}, .private_key_pem = {}}));
  CHECK_FALSE(HttpClient::make(
      TlsOptions{.ca_pem = lab.ca.pem(), .ca_sha256 = {}, .certificate_pem = "x", .private_key_pem = {}}));
  CHECK_FALSE(HttpClient::make(lab.tls, ProxyOptions{"ftp://proxy:21"}));
  const auto broken =
      HttpClient::make(TlsOptions{.ca_pem = "garbage", .ca_sha256 = {}, .certificate_pem = {}, .private_key_pem = {}})
          .value();
  const TlsServer server(lab.settings, say({}));
  const auto answer = broken->send(request_to(url_of(server)));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Errc::invalid_input);
}
