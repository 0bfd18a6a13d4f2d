#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>

#include "core/result.hpp"

namespace hale::rules {

/// A file read from front to back, decompressed when it is gzip.
class ByteSource {
 public:
  static Result<std::unique_ptr<ByteSource>> open(const std::filesystem::path& file);
  virtual ~ByteSource() = default;
  /// Up to `size` bytes; 0 at the end. A damaged or cut gzip stream is Errc::invalid_input.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
};

}  // namespace hale::rules
