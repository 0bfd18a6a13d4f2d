#include "platform/crypto.hpp"

#include <sys/stat.h>

#include <set>

#include "platform/files.hpp"
#include "platform/secrets.hpp"
#include "tests/support/data.hpp"

using namespace hale;

TEST_CASE("random UUIDs are version 4 and differ") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto uuid = crypto::random_uuid();
    REQUIRE(uuid.size() == 36);
    CHECK(uuid[14] == '4');
    CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
    seen.insert(uuid);
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("hashes are BLAKE2b-256, and a key changes them") {
  // RFC 7693's parameters with a 32-byte digest; checked with `b2sum -l 256`.
  CHECK(crypto::hash_hex("abc") == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  CHECK(crypto::hash_hex("abc", "0123456789abcdef") != crypto::hash_hex("abc"));
  CHECK(crypto::hash_hex("abc", "0123456789abcdef") == crypto::hash_hex("abc", "0123456789abcdef"));
  CHECK(crypto::hash_hex("abc", "short") != crypto::hash_hex("abc"));
}

TEST_CASE("hex and base64 read back, and malformed text is refused with its place") {
  const std::string bytes("\x00\xff\x10zz", 5);
  CHECK(crypto::to_hex(bytes) == "00ff107a7a");
  CHECK(crypto::from_hex(crypto::to_hex(bytes)) == bytes);
  CHECK(crypto::from_base64(crypto::to_base64(bytes)) == bytes);
  CHECK(crypto::from_base64url(crypto::to_base64url(bytes)) == bytes);
  CHECK(crypto::to_base64url("\xff\xff\xfe").find_first_of("+/=") == std::string::npos);
  CHECK(crypto::to_base64("").empty());
  CHECK(crypto::from_base64("") == "");
  CHECK_FALSE(crypto::from_hex("0"));
  CHECK(crypto::from_hex("00zz").error().message == "not hexadecimal at character 3");
  CHECK_FALSE(crypto::from_base64("AA"));
  CHECK_FALSE(crypto::from_base64("A*=="));
  CHECK_FALSE(crypto::from_base64url("A+A"));
}

TEST_CASE("sealed bytes open with their key and context only") {
  const auto key = crypto::random_bytes(32);
  const auto sealed = crypto::seal("a finding", key, "outbox 7");
  CHECK(sealed.find("finding") == std::string::npos);
  CHECK(crypto::open(sealed, key, "outbox 7") == "a finding");
  CHECK(crypto::seal("a finding", key, "outbox 7") != sealed);
  CHECK(crypto::open(sealed, key, "outbox 8").error().code == Errc::invalid_input);
  CHECK_FALSE(crypto::open(sealed, crypto::random_bytes(32), "outbox 7"));
  CHECK(crypto::open(crypto::seal("", key, ""), key, "") == "");
}

TEST_CASE("sealed bytes that were changed or cut do not open") {
  const auto key = crypto::random_bytes(32);
  const auto sealed = crypto::seal("a finding", key, "");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(crypto::open(changed, key, ""));
    CHECK_FALSE(crypto::open(sealed.substr(0, i), key, ""));
  }
}

TEST_CASE("a signature holds for its message and key only") {
  const auto key = crypto::make_signing_key();
  const auto signature = crypto::sign("command", key.secret_key);
  CHECK(crypto::verify("command", signature, key.public_key));
  CHECK_FALSE(crypto::verify("Command", signature, key.public_key));
  CHECK_FALSE(crypto::verify("command", signature, crypto::make_signing_key().public_key));
  CHECK_FALSE(crypto::verify("command", "", key.public_key));
  CHECK_FALSE(crypto::verify("command", signature, "short"));
  CHECK(crypto::sign("command", "short").empty());
}

TEST_CASE("a password is checked against its salted, memory-hard hash") {
  const auto hashed = crypto::hash_password("correct horse");
  REQUIRE(hashed);
  CHECK(hashed->starts_with("$argon2id$v=19$m=65536,t=2,p=1$"));
  CHECK(crypto::check_password("correct horse", *hashed));
  CHECK_FALSE(crypto::check_password("incorrect horse", *hashed));
  CHECK_FALSE(crypto::check_password("correct horse", "garbage"));
}

TEST_CASE("a secret is kept for its owner only and is gone when erased") {
  const test::TemporaryFolder folder;
  Secrets secrets(folder.path());
  CHECK(secrets.get("client.key").error().code == Errc::not_found);
  REQUIRE(secrets.put("client.key", "PEM"));
  CHECK(secrets.get("client.key") == "PEM");
  struct stat info {};
  REQUIRE(::stat((folder.path() / "secrets" / "client.key").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE(::stat((folder.path() / "secrets").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  REQUIRE(secrets.erase("client.key"));
  CHECK(secrets.get("client.key").error().code == Errc::not_found);
  CHECK(secrets.erase("client.key"));
}

TEST_CASE("a secret's name cannot lead out of its folder") {
  const test::TemporaryFolder folder;
  Secrets secrets(folder.path());
  for (const char* name : {"../identity.json", "/etc/passwd", "", ".", "..", "a/b", "A"}) {
    INFO(name);
    CHECK_FALSE(secrets.put(name, "x"));
    CHECK_FALSE(secrets.get(name));
    CHECK_FALSE(secrets.erase(name));
  }
}

TEST_CASE("the spool key is made once and then kept, and a damaged one is never silently replaced") {
  const test::TemporaryFolder folder;
  const auto key = Secrets(folder.path()).spool_key();
  REQUIRE(key);
  CHECK(key->size() == 32);
  CHECK(Secrets(folder.path()).spool_key() == key);
  REQUIRE(Secrets(folder.path()).put("spool.key", "cut"));
  CHECK(Secrets(folder.path()).spool_key().error().code == Errc::invalid_input);
}
