#include "platform/errno_linux.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/text.hpp"

namespace hale {
namespace {

Errc kind_of(int code) {
  switch (code) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR:
    case ENOMEDIUM: return Errc::not_found;
    case ENODATA:
    case EOPNOTSUPP:
    case EINVAL:
    case EISDIR:
    case ENOSYS:
    case ENOTTY: return Errc::unsupported;
    case EACCES:
    case EPERM:
    case EROFS: return Errc::permission;
    case EAGAIN:
    case EBUSY:
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return Errc::unavailable;
    case ETIMEDOUT: return Errc::timeout;
    default: return Errc::io;
  }
}

}  // namespace

Error errno_error(int code, std::string_view what) {
  return Error{kind_of(code), sanitize_utf8(what, 512) + ": " + std::generic_category().message(code)};
}

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace hale
