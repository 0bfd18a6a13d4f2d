#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "core/result.hpp"

namespace hale {

/// The Error for an errno of a call about `what` (a path, "fsync of PATH"): "PATH: Permission denied".
/// not_found: ENOENT, ENODEV, ENXIO, ENOTDIR, ENOMEDIUM; unsupported: ENODATA, EOPNOTSUPP, EINVAL, EISDIR, ENOSYS, ENOTTY; permission: EACCES, EPERM, EROFS;
/// unavailable: EAGAIN, EBUSY, ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM; timeout: ETIMEDOUT; anything else: io.
Error errno_error(int code, std::string_view what);

/// An open file descriptor, closed with its owner.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~FileDescriptor() { reset(); }
  void reset();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_{-1};
};

}  // namespace hale
