#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>

#include "fleet/api/console_api.hpp"
#include "fleet/api/downsample.hpp"
#include "fleet/http/event_stream.hpp"
#include "fleet/main/options.hpp"
#include "fleet/service/accounts.hpp"
#include "fleet/service/live.hpp"
#include "fleet/service/rate_limit.hpp"
#include "fleet/service/tokens.hpp"
#include "platform/crypto.hpp"

using namespace hale;
using namespace hale::fleet;
using namespace std::chrono_literals;

namespace {
const Timestamp kNow = from_unix_ms(1'795'000'000'000);
TokenRequest request() {
  return {2, std::chrono::hours(1), "admin", "", "https://fleet.example.org:8443", std::string(64, 'a')};
}
}  // namespace

TEST_CASE("A token's text gives back the hash that is stored, and nothing stored gives back the secret") {
  const auto token = make_token(request(), kNow);
  REQUIRE(token);
  CHECK(token->text.starts_with("hale1."));
  CHECK(secret_hash_of("  " + token->text + "\n").value() == token->row.secret_hash);
  CHECK(token->text.find(token->row.secret_hash) == std::string::npos);
}

TEST_CASE("What is no token is refused with what to do") {
  const std::string huge(5000, 'a');
  for (const std::string_view text :
       {std::string_view(), std::string_view("hale1."), std::string_view("hale1.!!!"), std::string_view("hale2.abc"),
        std::string_view("hale1.e30"), std::string_view(huge)}) {
    const auto hash = secret_hash_of(text);
    REQUIRE_FALSE(hash);
    CHECK(hash.error().message.find("copy it again") != std::string::npos);
  }
}

TEST_CASE("A token is valid until it is used up, expired or revoked") {
  Token token = make_token(request(), kNow)->row;
  CHECK(status_of(token, kNow) == "valid");
  CHECK(refusal_of(token, kNow).empty());
  CHECK(status_of(token, kNow + 1h) == "expired");
  token.used = 2;
  CHECK(status_of(token, kNow) == "used");
  token.revoked = true;
  CHECK(status_of(token, kNow) == "revoked");
}

TEST_CASE("Tokens with senseless limits or addresses are not made") {
  for (const auto& [uses, life, url] : {std::tuple{0, 1h, "https://a:1"},
                                        {1, 9000h, "https://a:1"},
                                        {1, 0h, "https://a:1"},
                                        {1, 1h, "http://a:1"},
                                        {1, 1h, "https://a b"}}) {
    TokenRequest wrong = request();
    wrong.uses = uses;
    wrong.life = life;
    wrong.url = url;
    CHECK_FALSE(make_token(wrong, kNow));
  }
}

TEST_CASE("Durations are read with their unit") {
  CHECK(parse_duration("90s").value() == 90s);
  CHECK(parse_duration("7d").value() == 168h);
  CHECK(parse_duration("4w").value() == 672h);
  for (const char* text : {"", "7", "d", "-1d", "0d", "7y", "1.5h", "99999999999d"}) CHECK_FALSE(parse_duration(text));
}

TEST_CASE("Roles have exactly what the table grants") {
  for (const Permission permission :
       {Permission::revoke_devices, Permission::manage_tokens, Permission::manage_users, Permission::read_audit}) {
    CHECK(may(Role::admin, permission));
    CHECK_FALSE(may(Role::support, permission));
    CHECK_FALSE(may(Role::viewer, permission));
  }
  for (const Role role : {Role::admin, Role::support, Role::viewer}) CHECK(may(role, Permission::read));
}

TEST_CASE("Made passwords differ and are strong") {
  CHECK(random_password() != random_password());
  CHECK(random_password().size() == 20);
  CHECK(check_new_password(random_password()));
  CHECK_FALSE(check_new_password("short"));
}

TEST_CASE("A user who does not exist is refused like a wrong password") {
  CHECK_FALSE(authenticate(std::nullopt, "anything"));
  const User user{"ada", Role::viewer, crypto::hash_password("correct horse").value(), kNow, std::nullopt};
  CHECK(authenticate(user, "correct horse"));
  CHECK_FALSE(authenticate(user, "correct hors"));
}

TEST_CASE("Sessions end when idle and at their age limit") {
  SessionRow session = make_session({"ada", Role::viewer, "", kNow, std::nullopt}, kNow).row;
  CHECK_FALSE(session_over(session, kNow + 1h));
  CHECK(session_over(session, kNow + kSessionIdle));
  session.last_used = kNow + kSessionLife - 1min;
  CHECK_FALSE(session_over(session, kNow + kSessionLife - 1s));
  CHECK(session_over(session, kNow + kSessionLife));
}

TEST_CASE("A rate limit refuses after so many failures and forgets them after its window") {
  RateLimit limit(3, 60s);
  const RateLimit::Time start{1000s};
  for (int i = 0; i < 3; ++i) {
    CHECK(limit.wait("a", start) == 0s);
    limit.failed("a", start);
  }
  CHECK(limit.wait("a", start + 10s) == 50s);
  CHECK(limit.wait("b", start) == 0s);
  CHECK(limit.wait("a", start + 60s) == 0s);
}

TEST_CASE("Telemetry is drawn with at most 600 points over any range") {
  const auto days = GENERATE(1, 2, 7, 30, 90, 400);
  std::vector<Point> points;
  const std::int64_t start = 1'700'000'123;
  for (std::int64_t i = 0; i < days * 288; ++i)
    points.push_back({start + i * 300, 1.0 * static_cast<double>(i % 10), 5, 10.0 + static_cast<double>(i % 7)});
  const Timestamp from = from_unix_ms(start * 1000);
  const auto steps = downsample(points, 300, from, from + std::chrono::days(days));
  CHECK(steps.points.size() <= kMaxPoints);
  CHECK(steps.points.size() > 200);
  CHECK(steps.step_s >= 300);
  for (const auto& point : steps.points) CHECK(point.time % steps.step_s == 0);
  CHECK(steps.points.front().min == 0);
  CHECK(std::abs(steps.points[10].mean - 5) < 1e-9);
}

TEST_CASE("Points that arrived twice or out of order change nothing") {
  const Timestamp from = from_unix_ms(1'700'000'000'000);
  std::vector<Point> points;
  for (int i = 0; i < 50; ++i) points.push_back({1'700'000'100 + i * 300, i - 1.0, i + 0.0, i + 1.0});
  auto twice = points;
  twice.insert(twice.end(), points.rbegin(), points.rend());
  const auto once = downsample(points, 300, from, from + 24h);
  const auto both = downsample(twice, 300, from, from + 24h);
  REQUIRE(once.points.size() == both.points.size());
  for (std::size_t i = 0; i < once.points.size(); ++i) CHECK(once.points[i].mean == both.points[i].mean);
}

TEST_CASE("A live listener that was away gets what it missed, or is told to reload") {
  Live live(Live::Options{.kept = 3});
  bool open = true;
  for (int i = 1; i <= 5; ++i) live.publish("finding", i % 2 ? "odd" : "even", "{\"n\":" + std::to_string(i) + "}");
  const auto recent = live.listen("3", "", {})->take(open);
  CHECK(recent.find("\"n\":3") == std::string::npos);
  CHECK(recent.find("\"n\":4") != std::string::npos);
  CHECK(recent.find("\"n\":5") != std::string::npos);
  CHECK(recent.find("event: reset") == std::string::npos);
  CHECK(live.listen("1", "", {})->take(open).find("event: reset") != std::string::npos);
  CHECK(live.listen("999", "", {})->take(open).find("event: reset") != std::string::npos);
  CHECK(live.listen("", "", {})->take(open).find("event:") == std::string::npos);
  CHECK(live.listen("3", "even", {})->take(open).find("\"n\":5") == std::string::npos);
}

TEST_CASE("What comes with every upload is told at most once in ten seconds a device") {
  Live live;
  const auto listener = live.listen("", "", {});
  for (int i = 0; i < 5; ++i) live.publish_rarely("device_seen", "a", kNow + i * 1s, "{}");
  live.publish_rarely("device_seen", "b", kNow, "{}");
  live.publish_rarely("device_seen", "a", kNow + 11s, "{}");
  bool open = true;
  const auto text = listener->take(open);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find("event: device_seen", at)) != std::string::npos; ++at) ++count;
  CHECK(count == 3);
}

TEST_CASE("A listener that does not keep up is closed instead of buffered without bound") {
  EventStream stream(100);
  CHECK(stream.push(std::string(90, 'x')));
  CHECK_FALSE(stream.push(std::string(20, 'x')));
  bool open = true;
  CHECK(stream.take(open).size() == 90);
  CHECK_FALSE(open);
}

TEST_CASE("A request that changes something must come from the console itself") {
  const auto refused = [](Headers headers, Method method = Method::post) {
    Request request;
    request.method = method;
    request.headers = std::move(headers);
    return !csrf_refusal(request, {"localhost", "127.0.0.1", "::1"}).empty();
  };
  const std::pair<std::string, std::string> host{"host", "fleet.example.org:9443"}, mark{"x-hale-request", "1"};
  CHECK_FALSE(refused({host}, Method::get));
  CHECK(refused({host}));
  CHECK_FALSE(refused({host, mark}));
  CHECK_FALSE(refused({host, mark, {"origin", "https://fleet.example.org:9443"}}));
  CHECK_FALSE(refused({host, mark, {"origin", "https://[::1]:9443"}}));
  CHECK(refused({host, mark, {"origin", "https://localhost:9444"}}));
  CHECK(refused({host, mark, {"origin", "http://fleet.example.org:9443"}}));
  CHECK(refused({host, mark, {"origin", "https://evil.example.org"}}));
  CHECK(refused({host, mark, {"origin", "null"}}));
  CHECK(refused({host, mark, {"sec-fetch-site", "cross-site"}}));
}

TEST_CASE("Listen addresses are an IP and a port") {
  CHECK(parse_address("0.0.0.0:8443")->port == 8443);
  CHECK(parse_address("[::1]:0")->host == "::1");
  for (const char* text : {"", "8443", ":8443", "1.2.3.4:", "1.2.3.4:70000", "::1:80", "1.2.3.4:x"})
    CHECK_FALSE(parse_address(text));
}

TEST_CASE("The server's configuration refuses unknown keys and names the nearest one") {
  CHECK(parse_serve_config(R"({"data":"/x","telemetry_days":30})", "f.json")->telemetry_days == 30);
  const auto wrong = parse_serve_config(R"({"telemetry_day":30})", "f.json");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find("'telemetry_days'") != std::string::npos);
  CHECK(wrong.error().message.starts_with("f.json"));
  CHECK_FALSE(parse_serve_config(R"({"device_listen":5})", "f.json"));
  CHECK_FALSE(parse_serve_config("[1", "f.json"));
}

TEST_CASE("Queries and cookies are taken apart, and malformed ones are not guessed") {
  const auto query = parse_query("a=1&b=%E4%B8%AD+x&&c");
  REQUIRE(query);
  CHECK((*query)[1] == std::pair<std::string, std::string>("b", "中 x"));
  CHECK((*query)[2].second.empty());
  for (const char* text : {"a=%", "a=%4", "a=%zz"}) CHECK_FALSE(parse_query(text));
  Request request;
  request.headers = {{"cookie", "a=1; __Host-hale_session=abc; b=2"}};
  CHECK(request.cookie("__Host-hale_session") == "abc");
  CHECK(request.cookie("hale_session").empty());
}
