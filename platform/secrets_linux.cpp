#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/text.hpp"
#include "platform/crypto.hpp"
#include "platform/errno_linux.hpp"
#include "platform/files.hpp"
#include "platform/secrets.hpp"

namespace hale {
namespace {

constexpr std::size_t kMaxSecret = 64u << 10;
constexpr std::size_t kSpoolKeyBytes = 32;
constexpr std::string_view kSpoolKey = "spool.key";

bool is_plain_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
  return plain && !name.empty() && name.size() <= 64 && name[0] != '.';
}

tl::unexpected<Error> bad_name(std::string_view name) {
  return fail(Errc::internal, "'" + sanitize_utf8(name, 64) + "' cannot name a secret (a-z, 0-9, '.', '-', '_')");
}

/// Best effort: on SSDs and copy-on-write file systems old blocks may live on; sealed data is only as safe as that.
Result<> overwrite(const std::filesystem::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return fail(errno_error(errno, path.string()));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail(errno_error(errno, path.string()));
  const auto noise = crypto::random_bytes(std::min<std::size_t>(static_cast<std::size_t>(info.st_size), kMaxSecret));
  if (::pwrite(fd.get(), noise.data(), noise.size(), 0) != static_cast<ssize_t>(noise.size()) || ::fsync(fd.get()) != 0) {
    return fail(errno_error(errno, path.string()));
  }
  return {};
}

}  // namespace

Result<std::string> Secrets::get(std::string_view name) const {
  if (!is_plain_name(name)) return bad_name(name);
  return read_file(folder_ / name, kMaxSecret);
}

Result<> Secrets::put(std::string_view name, std::string_view value) {
  if (!is_plain_name(name)) return bad_name(name);
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return fail(errno_error(errno, folder_.string()));
  return write_file_atomically(folder_ / name, value, 0600);
}

Result<> Secrets::erase(std::string_view name) {
  if (!is_plain_name(name)) return bad_name(name);
  const auto path = folder_ / name;
  if (auto gone = overwrite(path); !gone) {
    if (gone.error().code == Errc::not_found) return {};
    return gone;
  }
  if (::unlink(path.c_str()) != 0) return fail(errno_error(errno, path.string()));
  return {};
}

Result<std::string> Secrets::spool_key() {
  auto key = get(kSpoolKey);
  if (key && key->size() == kSpoolKeyBytes) return key;
  if (key) return fail(Errc::invalid_input, (folder_ / kSpoolKey).string() + ": not a key of 32 bytes; `hale forget` makes a new one and drops what it sealed");
  if (key.error().code != Errc::not_found) return key;
  const std::string fresh = crypto::random_bytes(kSpoolKeyBytes);
  if (auto stored = put(kSpoolKey, fresh); !stored) return fail(std::move(stored.error()));
  return fresh;
}

}  // namespace hale
