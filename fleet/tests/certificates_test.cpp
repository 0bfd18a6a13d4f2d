#include "fleet/service/certificates.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fleet/tests/tls_client.hpp"
#include "platform/crypto.hpp"

using namespace hale;
using namespace hale::fleet;
using namespace hale::fleet::test;

namespace {
const Timestamp kNow = from_unix_ms(1'795'000'000'000);

CertificateAuthority authority() { return CertificateAuthority::create("Test school", kNow).value(); }
std::string raw(const std::string& base64) { return crypto::from_base64(base64).value(); }
}  // namespace

TEST_CASE("A device certificate names the device, lasts 90 days and can be used by a PC whose clock is slow") {
  const auto ca = authority();
  for (const char* type : {"P-256", "P-384", "ED25519"}) {
    const auto issued = ca.issue_device(make_key_and_csr(type).csr_pem, "device-1", kNow);
    REQUIRE(issued);
    CHECK(issued->facts.common_name == "device-1");
    CHECK(issued->facts.not_after == std::chrono::floor<std::chrono::seconds>(kNow) + std::chrono::days(90));
    CHECK(issued->facts.not_before < kNow - std::chrono::hours(1));
    CHECK(issued->facts.serial.size() == 32);
    CHECK(issued->private_key_pem.empty());
  }
}

TEST_CASE("Two certificates never share a serial") {
  const auto ca = authority();
  const auto csr = make_key_and_csr().csr_pem;
  CHECK(ca.issue_device(csr, "a", kNow)->facts.serial != ca.issue_device(csr, "a", kNow)->facts.serial);
}

TEST_CASE("A request that its key did not sign is refused") {
  const auto ca = authority();
  const auto issued = ca.issue_device(spoil_signature(make_key_and_csr().csr_pem), "device-1", kNow);
  REQUIRE_FALSE(issued);
  CHECK(issued.error().code == Errc::invalid_input);
}

TEST_CASE("Weak or unknown keys and malformed requests are refused with words") {
  const auto ca = authority();
  CHECK(ca.issue_device(make_key_and_csr("RSA").csr_pem, "d", kNow).error().message.find("P-256") != std::string::npos);
  for (const std::string& text :
       {std::string(), std::string("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"),
        std::string(200'000, 'x')}) {
    const auto issued = ca.issue_device(text, "d", kNow);
    REQUIRE_FALSE(issued);
    CHECK(issued.error().message.find("PEM") != std::string::npos);
  }
}

TEST_CASE("A saved CA is loaded again, and refused with another's key") {
  const auto ca = authority();
  const auto key = ca.key_pem();
  REQUIRE(key);
  const auto again = CertificateAuthority::load(ca.certificate_pem(), *key);
  REQUIRE(again);
  CHECK(again->fingerprint().value() == ca.fingerprint().value());
  CHECK(ca.fingerprint()->size() == 64);
  CHECK_FALSE(CertificateAuthority::load(ca.certificate_pem(), authority().key_pem().value()));
}

TEST_CASE("A renewal needs the old key's signature over the new request") {
  const auto ca = authority();
  const auto old_key = make_key_and_csr();
  const auto fresh = make_key_and_csr();
  const auto old = ca.issue_device(old_key.csr_pem, "device-1", kNow);
  REQUIRE(old);
  const auto good = ca.check_renewal(old->pem, fresh.csr_pem, raw(sign_csr(old_key.private_key_pem, fresh.csr_pem)));
  REQUIRE(good);
  CHECK(good->common_name == "device-1");
  CHECK(good->serial == old->facts.serial);
  CHECK(ca.check_renewal(old->pem, fresh.csr_pem, raw(sign_csr(fresh.private_key_pem, fresh.csr_pem))).error().code ==
        Errc::permission);
  CHECK(
      ca.check_renewal(old->pem, fresh.csr_pem, raw(sign_csr(old_key.private_key_pem, old_key.csr_pem))).error().code ==
      Errc::permission);
  CHECK_FALSE(ca.check_renewal(old->pem, fresh.csr_pem, ""));
}

TEST_CASE("A renewal with a certificate of another CA is refused") {
  const auto key = make_key_and_csr();
  const auto foreign = authority().issue_device(key.csr_pem, "device-1", kNow);
  REQUIRE(foreign);
  const auto checked =
      authority().check_renewal(foreign->pem, key.csr_pem, raw(sign_csr(key.private_key_pem, key.csr_pem)));
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == Errc::permission);
}

TEST_CASE("A server certificate is refused for names that are neither hosts nor addresses") {
  const auto ca = authority();
  CHECK(ca.issue_server({"localhost", "fleet.example.org", "192.0.2.7", "::1"}, kNow));
  for (const char* name : {"a b", "x,IP:1.2.3.4", "", "name\n"})
    CHECK_FALSE(ca.issue_server({"localhost", name}, kNow));
}
