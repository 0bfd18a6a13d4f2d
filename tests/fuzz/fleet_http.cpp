// What devices and browsers send to the fleet server: bodies, queries, tokens.
#include "fleet/http/message.hpp"
#include "fleet/ingest/batch.hpp"
#include "fleet/service/tokens.hpp"
#include "platform/compression.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace hale;

namespace {

void check_batch(std::string_view text) {
  const auto batch = fleet::decode_batch(text);
  if (!batch) return;
  fuzz::expect(batch->items.size() + batch->rejected.size() <= fleet::kMaxItems, "a batch is bounded");
}

void check_request(std::string_view text) {
  fleet::Request request;
  request.headers = {{"cookie", std::string(text)}};
  static_cast<void>(request.cookie("session"));
  static_cast<void>(fleet::parse_query(text));
  static_cast<void>(fleet::percent_decode(text, true));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = fuzz::text_of(data, size);
  switch (fuzz::take_choice(input, 5)) {
    case 0: check_batch(input); break;
    case 1: check_request(input); break;
    case 2: static_cast<void>(fleet::secret_hash_of(input)); break;
    case 3: static_cast<void>(fleet::parse_duration(input)); break;
    default: {
      const std::string_view encoding = size % 2 == 0 ? "zstd" : "gzip";
      if (const auto body = fleet::decompress_body(encoding, std::string(input))) check_batch(*body);
    }
  }
  return 0;
}
