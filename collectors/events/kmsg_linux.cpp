// The kernel's own log: /dev/kmsg, and a captured machine's copy of it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "collectors/events/log_source_linux.hpp"
#include "core/text.hpp"
#include "platform/errno_linux.hpp"
#include "platform/parse/kernel_events.hpp"

namespace hale {
namespace {

constexpr std::string_view kKmsgMark = "kmsg:", kFileMark = "file:";
constexpr std::size_t kMaxRecord = 8192;  ///< CONSOLE_EXT_LOG_MAX; a shorter buffer makes read() fail
constexpr std::size_t kChunk = 65'536;
constexpr std::size_t kMaxLine = 8192;

class KmsgSource final : public LogSource {
 public:
  KmsgSource(FileDescriptor device, std::string boot_id, std::optional<std::uint64_t> done)
      : device_(std::move(device)), boot_id_(std::move(boot_id)), done_(done) {}

  std::string_view name() const override { return "/dev/kmsg"; }
  std::string bookmark() const override {
    return done_ ? fmt::format("{}{}:{}", kKmsgMark, boot_id_, *done_) : std::string();
  }

  Result<std::size_t> read(std::size_t most, const LogSink& sink) override {
    std::array<char, kMaxRecord> buffer{};
    std::size_t count = 0;
    while (count < most) {
      const auto got = ::read(device_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EAGAIN) break;
      // EPIPE: the ring overtook us, the next read goes on with the oldest. EINVAL: a record longer than any.
      if (got < 0 && (errno == EPIPE || errno == EINTR || errno == EINVAL)) {
        ++count;
        continue;
      }
      if (got < 0) return fail(errno_error(errno, "/dev/kmsg"));
      if (got == 0) break;
      ++count;
      const auto record = parse_kmsg_record(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
      if (!record || (done_ && record->sequence <= *done_)) continue;
      done_ = record->sequence;
      sink({record->message, std::nullopt});
    }
    return count;
  }

 private:
  FileDescriptor device_;
  std::string boot_id_;
  std::optional<std::uint64_t> done_;
};

class CapturedLog final : public LogSource {
 public:
  CapturedLog(FileDescriptor file, std::filesystem::path path, std::uint64_t offset)
      : file_(std::move(file)), path_(std::move(path)), offset_(offset) {}

  std::string_view name() const override { return "the captured kernel log"; }
  std::string bookmark() const override { return fmt::format("{}{}", kFileMark, offset_); }

  Result<std::size_t> read(std::size_t most, const LogSink& sink) override {
    struct stat now {};
    if (::fstat(file_.get(), &now) != 0) return fail(errno_error(errno, path_.string()));
    if (static_cast<std::uint64_t>(now.st_size) < offset_) offset_ = 0;  // it began anew
    std::size_t count = 0;
    while (count<most&& static_cast<std::uint64_t>(now.st_size)> offset_) {
      const auto got = ::pread(file_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(offset_));
      if (got < 0) return fail(errno_error(errno, path_.string()));
      const auto used = hand_over(std::string_view(buffer_.data(), static_cast<std::size_t>(got)), most, count, sink);
      if (used == 0) break;
      offset_ += used;
    }
    return count;
  }

 private:
  // Whole lines only: what is still being written waits, unless it is longer than any line.
  static std::size_t hand_over(std::string_view text, std::size_t most, std::size_t& count, const LogSink& sink) {
    std::size_t used = 0;
    while (count < most) {
      auto end = text.find('\n', used);
      if (end == std::string_view::npos && text.size() - used > kMaxLine) end = used + kMaxLine;
      if (end == std::string_view::npos) break;
      auto line = text.substr(used, end - used);
      used = std::min(end + 1, text.size());
      ++count;
      if (const auto record = parse_kmsg_record(line)) line = record->message;
      if (!line.starts_with(' ')) sink({strip_log_prefix(line), std::nullopt});
    }
    return used;
  }

  FileDescriptor file_;
  std::filesystem::path path_;
  std::uint64_t offset_;
  std::array<char, kChunk> buffer_{};
};

}  // namespace

Result<std::unique_ptr<LogSource>> open_kmsg(const std::string& bookmark, const std::string& boot_id,
                                             const std::filesystem::path& device) {
  FileDescriptor descriptor(::open(device.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor) return fail(errno_error(errno, device.string()));
  std::optional<std::uint64_t> done;
  const auto prefix = fmt::format("{}{}:", kKmsgMark, boot_id);
  if (!boot_id.empty() && bookmark.starts_with(prefix))
    done = parse_uint(std::string_view(bookmark).substr(prefix.size()));
  return std::make_unique<KmsgSource>(std::move(descriptor), boot_id, done);
}

Result<std::unique_ptr<LogSource>> open_captured_log(const std::string& bookmark, const std::filesystem::path& file) {
  FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor) return fail(errno_error(errno, file.string()));
  struct stat info {};
  if (::fstat(descriptor.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail(Errc::unsupported, file.string() + " is not a regular file");
  std::uint64_t offset = 0;
  if (bookmark.starts_with(kFileMark))
    offset = parse_uint(std::string_view(bookmark).substr(kFileMark.size())).value_or(0);
  return std::make_unique<CapturedLog>(std::move(descriptor), file, offset);
}

}  // namespace hale
