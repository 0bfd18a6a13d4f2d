#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "rules/recording/byte_source.hpp"

namespace hale::rules {

/// Calls `member` with the path and bytes of every regular file of a tar (ustar, GNU or pax names), in order, one in
/// memory at a time. Members over `max_member` bytes give an empty text and `too_large`. Malformed or cut off:
/// Errc::invalid_input.
Result<> read_tar(ByteSource& source, std::size_t max_member,
                  const std::function<void(const std::string& path, std::string_view bytes, bool too_large)>& member);

/// The bytes of an .xz file, decompressed as they are read.
Result<std::unique_ptr<ByteSource>> open_xz(const std::filesystem::path& file);

}  // namespace hale::rules
