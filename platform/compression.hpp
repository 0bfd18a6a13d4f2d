#pragma once
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hale {

std::string zstd_compress(std::string_view bytes, int level = 3);
/// Bounded: more than max_bytes is Errc::invalid_input before it is allocated.
Result<std::string> zstd_decompress(std::string_view bytes, std::size_t max_bytes);
Result<std::string> gzip_decompress(std::string_view bytes, std::size_t max_bytes);
std::string gzip_compress(std::string_view bytes);

}  // namespace hale
