#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fleet/main/lock.hpp"

namespace hale::fleet {

Result<FolderLock> FolderLock::take(const std::filesystem::path& folder) {
  const auto path = folder / "serve.lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    return fail(errno == EACCES ? Errc::permission : Errc::io,
                "opening " + path.string() + ": " + std::strerror(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return FolderLock(file);
  ::close(file);
  return fail(Errc::conflict, folder.string() + " is being served by another hale-fleet; stop that one first");
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  // Refused: the soft limit stays, and connections beyond it wait in the accept queue.
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace hale::fleet
