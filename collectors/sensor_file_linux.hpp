#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace hale {

/// A small text attribute under /sys or /proc that is read again and again: opened once, then only pread. Opens
/// O_NONBLOCK, so that a FIFO or a wedged device cannot hang the sweep. After a failure it is closed and the next read
/// opens it anew. Errors: not_found (ENOENT, ENODEV, ENXIO, ESRCH: the device is gone), unsupported (ENODATA,
/// EOPNOTSUPP, EINVAL, an empty file: no value now), unavailable (EAGAIN, EINTR, EBUSY), permission, io (all others),
/// invalid_input (not a number).
class SensorFile {
 public:
  SensorFile() = default;
  explicit SensorFile(const std::filesystem::path& path) : path_(path.string()) {}
  ~SensorFile() { close(); }
  SensorFile(SensorFile&& other) noexcept;
  SensorFile& operator=(SensorFile&& other) noexcept;
  SensorFile(const SensorFile&) = delete;
  SensorFile& operator=(const SensorFile&) = delete;

  /// The file's beginning, trimmed; lies in `buffer`.
  Result<std::string_view> read(std::span<char> buffer);
  Result<std::int64_t> read_int();
  void close();
  const std::string& path() const { return path_; }
  bool named() const { return !path_.empty(); }

 private:
  tl::unexpected<Error> failed(int error, const char* action);

  std::string path_;
  int descriptor_{-1};
};

/// One-off reads of an attribute, for what changes seldom. Same errors as SensorFile.
Result<std::int64_t> read_int_once(const std::filesystem::path& path);
/// Text of an attribute, as valid UTF-8 without control characters, at most 256 bytes; may be empty.
Result<std::string> read_text_once(const std::filesystem::path& path);
/// As read_text_once, but empty where there is none.
std::string text_or_empty(const std::filesystem::path& path);

}  // namespace hale
