#include "platform/compression.hpp"

#include <catch2/catch_test_macros.hpp>

#include "platform/crypto.hpp"

using namespace hale;

TEST_CASE("zstd and gzip give back what they were given, whatever the size") {
  for (const std::size_t size : {0u, 1u, 1000u, 65'535u, 65'536u, 65'537u, 131'072u, 1'000'000u}) {
    for (const auto& bytes : {std::string(size, 'x'), crypto::random_bytes(size)}) {
      INFO(size);
      CHECK(zstd_decompress(zstd_compress(bytes), size) == bytes);
      CHECK(gzip_decompress(gzip_compress(bytes), size) == bytes);
    }
  }
}

TEST_CASE("what unpacks to more than the bound is refused, however small it is packed") {
  const std::string bomb(50'000'000, '\0');
  for (const auto& refused : {zstd_decompress(zstd_compress(bomb), 1'000'000), gzip_decompress(gzip_compress(bomb), 1'000'000)}) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::invalid_input);
    CHECK(refused.error().message == "unpacks to more than 1000000 bytes");
  }
  CHECK_FALSE(zstd_decompress(zstd_compress("ab"), 1));
  CHECK_FALSE(gzip_decompress(gzip_compress("ab"), 1));
}

TEST_CASE("packed bytes that were cut or changed are refused") {
  const auto text = crypto::random_bytes(5000);
  const auto zstd = zstd_compress(text);
  const auto gzip = gzip_compress(text);
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{100}, zstd.size() - 1}) {
    CHECK_FALSE(zstd_decompress(zstd.substr(0, size), 10'000));
    CHECK_FALSE(gzip_decompress(gzip.substr(0, size), 10'000));
  }
  CHECK_FALSE(zstd_decompress("not packed at all", 10'000));
  CHECK_FALSE(gzip_decompress("not packed at all", 10'000));
  auto changed = gzip;
  changed[changed.size() - 6] = static_cast<char>(changed[changed.size() - 6] ^ 0x55);  // its checksum
  CHECK_FALSE(gzip_decompress(changed, 10'000));
}

TEST_CASE("several frames after each other unpack to one text") {
  CHECK(gzip_decompress(gzip_compress("one ") + gzip_compress("two"), 100) == "one two");
  CHECK(zstd_decompress(zstd_compress("one ") + zstd_compress("two"), 100) == "one two");
  CHECK_FALSE(gzip_decompress(gzip_compress("one") + "garbage", 100));
  CHECK_FALSE(zstd_decompress(zstd_compress("one") + "garbage", 100));
}
