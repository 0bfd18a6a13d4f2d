#pragma once
#include <filesystem>

#include "core/result.hpp"

namespace hale {

/// Held while it lives, across processes; the system drops it when the process dies, however it dies.
class FileLock {
 public:
  /// unavailable when another process holds it. Never waits.
  static Result<FileLock> take(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace hale
