// Packed bytes from outside: bounded whatever they claim.
#include "platform/compression.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace hale;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = 200'000;
  auto input = fuzz::text_of(data, size);
  switch (fuzz::take_choice(input, 4)) {
    case 0:
      if (const auto out = zstd_decompress(input, kMax)) fuzz::expect(out->size() <= kMax, "zstd keeps its bound");
      break;
    case 1:
      if (const auto out = gzip_decompress(input, kMax)) fuzz::expect(out->size() <= kMax, "gzip keeps its bound");
      break;
    case 2: fuzz::expect(zstd_decompress(zstd_compress(input), input.size()) == input, "zstd gives back what it was given"); break;
    default: fuzz::expect(gzip_decompress(gzip_compress(input), input.size()) == input, "gzip gives back what it was given"); break;
  }
  return 0;
}
