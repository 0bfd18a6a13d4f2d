#include "collectors/sensor_file_linux.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/text.hpp"

namespace hale {
namespace {

Errc errc_of(int error) {
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ESRCH:
    case ENOTDIR:
      return Errc::not_found;
    case ENODATA:
    case EOPNOTSUPP:
    case EINVAL:
      return Errc::unsupported;
    case EAGAIN:
    case EINTR:
    case EBUSY:
      return Errc::unavailable;
    case EACCES:
    case EPERM:
      return Errc::permission;
    default:
      return Errc::io;
  }
}

}  // namespace

SensorFile::SensorFile(SensorFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

SensorFile& SensorFile::operator=(SensorFile&& other) noexcept {
  if (this == &other) return *this;
  close();
  path_ = std::move(other.path_);
  descriptor_ = std::exchange(other.descriptor_, -1);
  return *this;
}

void SensorFile::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

tl::unexpected<Error> SensorFile::failed(int error, const char* action) {
  close();
  return fail(errc_of(error), std::string("cannot ") + action + " " + path_ + ": " + std::strerror(error));
}

Result<std::string_view> SensorFile::read(std::span<char> buffer) {
  if (descriptor_ < 0) descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor_ < 0) return failed(errno, "open");
  const ssize_t count = ::pread(descriptor_, buffer.data(), buffer.size(), 0);
  if (count < 0) return failed(errno, "read");
  const auto text = trim(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  if (!text.empty()) return text;
  close();
  return fail(Errc::unsupported, path_ + " is empty");
}

Result<std::int64_t> SensorFile::read_int() {
  std::array<char, 64> buffer{};
  const auto text = read(buffer);
  if (!text) return fail(text.error());
  if (const auto value = parse_int(*text)) return *value;
  close();
  return fail(Errc::invalid_input, path_ + " is not a whole number: '" + sanitize_utf8(*text, 32) + "'");
}

Result<std::int64_t> read_int_once(const std::filesystem::path& path) { return SensorFile(path).read_int(); }

Result<std::string> read_text_once(const std::filesystem::path& path) {
  std::array<char, 512> buffer{};
  SensorFile file(path);
  const auto text = file.read(buffer);
  if (text) return std::string(trim(sanitize_utf8(*text)));
  if (text.error().code == Errc::unsupported) return std::string();
  return fail(text.error());
}

std::string text_or_empty(const std::filesystem::path& path) { return read_text_once(path).value_or(std::string()); }

}  // namespace hale
