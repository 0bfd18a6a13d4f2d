#pragma once
#include <filesystem>

#include "core/result.hpp"

namespace hale::fleet {

/// A data folder is served by one process at a time; the lock ends with the process.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_{-1};
};

/// As many open files as the system allows this process: each connection is one.
void raise_file_limit();

}  // namespace hale::fleet
