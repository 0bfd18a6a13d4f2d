#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

#include "platform/errno_linux.hpp"
#include "platform/files.hpp"

namespace hale {
namespace {

constexpr std::string_view kTemporaryMark = ".tmp-";
constexpr std::time_t kStaleSeconds = 600;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

std::filesystem::path folder_of(const std::filesystem::path& path) { return path.has_parent_path() ? path.parent_path() : "."; }

std::string temporary_prefix(const std::filesystem::path& path) { return "." + path.filename().string() + std::string(kTemporaryMark); }

Result<> write_all(int fd, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(errno_error(errno, what));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

/// What a killed writer left behind long ago.
void remove_stale_temporaries(const std::filesystem::path& path) {
  const std::string prefix = temporary_prefix(path);
  const auto names = list_directory(folder_of(path), 10'000);
  if (!names) return;
  for (const std::string& name : *names) {
    struct stat info {};
    const auto stale = folder_of(path) / name;
    if (name.starts_with(prefix) && ::lstat(stale.c_str(), &info) == 0 && std::time(nullptr) - info.st_mtime > kStaleSeconds) ::unlink(stale.c_str());
  }
}

Result<> sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(errno_error(errno, folder.string()));
  // Some file systems cannot sync a folder (EINVAL); then rename is as durable as it gets.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return fail(errno_error(errno, "fsync of " + folder.string()));
  return {};
}

Result<> fill(int fd, const std::string& temporary, std::string_view bytes, unsigned mode) {
  if (::fchmod(fd, static_cast<mode_t>(mode)) != 0) return fail(errno_error(errno, temporary));
  auto written = write_all(fd, bytes, temporary);
  if (!written) return written;
  if (::fsync(fd) != 0) return fail(errno_error(errno, "fsync of " + temporary));
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd) return fail(errno_error(errno, path.string()));
  std::string bytes;
  std::size_t used = 0;
  while (used < max_bytes) {
    // Grows as the file does: max_bytes is a bound, not an allocation.
    bytes.resize(std::min(max_bytes, std::max<std::size_t>(used * 2, 4096)));
    const ssize_t count = ::read(fd.get(), bytes.data() + used, bytes.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(errno_error(errno, path.string()));
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  bytes.resize(used);
  return bytes;
}

Result<> write_file_atomically(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  remove_stale_temporaries(path);
  std::string temporary = (folder_of(path) / (temporary_prefix(path) + "XXXXXX")).string();
  const FileDescriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return fail(errno_error(errno, temporary));
  auto filled = fill(fd.get(), temporary, bytes, mode);
  if (filled && ::rename(temporary.c_str(), path.c_str()) != 0) filled = fail(errno_error(errno, path.string()));
  if (!filled) {
    ::unlink(temporary.c_str());
    return filled;
  }
  return sync_folder(folder_of(path));
}

Result<std::vector<std::string>> list_directory(const std::filesystem::path& path, std::size_t max_entries) {
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
  if (!folder) return fail(errno_error(errno, path.string()));
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr && errno != 0) return fail(errno_error(errno, path.string()));
    if (entry == nullptr) break;
    const std::string_view name(&entry->d_name[0]);
    if (name == "." || name == "..") continue;
    if (names.size() == max_entries) {
      return fail(Errc::invalid_input, path.string() + ": has more than " + std::to_string(max_entries) + " entries");
    }
    names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> link_target_name(const std::filesystem::path& path) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) return fail(errno_error(errno, path.string()));
  target.resize(static_cast<std::size_t>(size));
  while (target.size() > 1 && target.back() == '/') target.pop_back();
  return target.substr(target.rfind('/') + 1);
}

}  // namespace hale
