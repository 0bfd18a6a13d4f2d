#include "uploader/token.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

#include "platform/crypto.hpp"

using namespace hale;

namespace {

const std::string kFingerprint(64, 'a');

std::string make(const std::string& json) {
  auto text = crypto::to_base64(json);
  for (auto& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (text.ends_with('=')) text.pop_back();
  return "hale1." + text;
}

std::string good() {
  return make(R"({"u":"https://Fleet.example:8443/","f":")" + kFingerprint + R"(","s":"topsecret??>>"})");
}

std::string complaint(const std::string& text) {
  const auto token = parse_token(text);
  REQUIRE_FALSE(token);
  CHECK(token.error().message.find("topsecret") == std::string::npos);
  return token.error().message;
}

bool says(const std::string& text, const std::string& word) {
  INFO(text);
  return text.find(word) != std::string::npos;
}

}  // namespace

TEST_CASE("A token gives address and fingerprint, white space around it is nothing") {
  const auto token = parse_token("  " + good() + "\r\n").value();
  CHECK(token.url == "https://fleet.example:8443");
  CHECK(token.ca_sha256 == kFingerprint);
  CHECK(token.text == good());
}

TEST_CASE("A bad token is refused with what is wrong, and without its secret") {
  CHECK(says(complaint(""), "empty"));
  CHECK(says(complaint("hello"), "does not begin"));
  CHECK(says(complaint("hale"), "cut short"));
  CHECK(says(complaint("hale2." + good().substr(6)), "another version"));
  CHECK(parse_token("hale2.abc").error().code == Errc::unsupported);
  CHECK(says(complaint(good().substr(0, 40)), "cut short"));
  CHECK(says(complaint(good().substr(0, 7)), "cut short"));
  auto damaged = good();
  damaged[20] = '+';
  CHECK(says(complaint(damaged), "character 21 is not base64url"));
  CHECK(says(complaint("hale1." + std::string(5000, 'A')), "longer"));
  CHECK(says(complaint(make(R"({"u":"http://a","f":")" + kFingerprint + R"(","s":"topsecret"})")), "https://"));
  CHECK(says(complaint(make(R"({"u":"https://a","f":"12","s":"topsecret"})")), "fingerprint"));
  CHECK(says(complaint(make(R"({"u":"https://a","f":")" + kFingerprint + R"("})")), "secret"));
  CHECK(says(complaint(make(R"({"u":"https://a","f":topsecret})")), "damaged"));
}

TEST_CASE("Any bytes in place of a token are refused or read, never worse") {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    auto text = good();
    for (unsigned i = 0; i < 1 + random() % 4; ++i) text[random() % text.size()] = static_cast<char>(random());
    text.resize(random() % (text.size() + 1));
    static_cast<void>(parse_token(text));
  }
}

TEST_CASE("A fleet's address is https with a host and a port at most") {
  CHECK(parse_fleet_url("https://a.b").value() == "https://a.b");
  CHECK(parse_fleet_url("HTTPS://[::1]:8443/").value() == "https://[::1]:8443");
  for (const auto* bad : {"", "a.b", "http://a.b", "https://", "https://:1", "https://u:p@h", "https://h/x",
                          "https://h?x", "https://h:0", "https://h:70000", "https://h:x", "https://h:1:2"}) {
    INFO(bad);
    CHECK_FALSE(parse_fleet_url(bad));
  }
}
