// Enrolment tokens and fleet addresses, as pasted by people.
#include "uploader/token.hpp"

#include "platform/crypto.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hale;
  auto input = fuzz::text_of(data, size);
  const auto choice = fuzz::take_choice(input, 3);
  if (choice == 2) {
    if (const auto url = parse_fleet_url(input)) fuzz::expect(parse_fleet_url(*url) == *url, "a clean address stays as it is");
    return 0;
  }
  // Wrapped as well, or the fuzzer would never write valid base64.
  const std::string wrapped = "hale1." + crypto::to_base64url(input);
  const auto token = parse_token(choice == 0 ? std::string_view(wrapped) : input);
  if (token) fuzz::expect(token->url.starts_with("https://") && token->ca_sha256.size() == 64, "a token has an address and a fingerprint");
  return 0;
}
