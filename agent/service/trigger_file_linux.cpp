#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/service/trigger_file.hpp"

namespace hale::agent {

Result<> touch_trigger_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  const bool touched = fd >= 0 && ::ftruncate(fd, 0) == 0 && ::write(fd, "due\n", 4) == 4;
  const int code = errno;
  if (fd >= 0) ::close(fd);
  if (!touched)
    return fail(Errc::io, "touching " + file.string() + ": " + std::strerror(code) + "; uploads are not started");
  return {};
}

}  // namespace hale::agent
