#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "uploader/folder_owner.hpp"

namespace hale {

Result<> become_owner_of(const std::filesystem::path& folder) {
  if (::geteuid() != 0) return {};
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) {
    return fail(errno == ENOENT ? Errc::not_found : Errc::io, folder.string() + ": " + std::strerror(errno));
  }
  if (info.st_uid == 0) return {};
  if (::setgroups(0, nullptr) != 0 || ::setgid(info.st_gid) != 0 || ::setuid(info.st_uid) != 0) {
    return fail(Errc::permission, "becoming the owner of " + folder.string() + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace hale
