#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/time.hpp"

namespace hale {

struct LogLine {
  std::string_view message;       ///< valid during the call only
  std::optional<Timestamp> time;  ///< when it was logged, where the source says
};
using LogSink = std::function<void(const LogLine&)>;

/// The kernel's log, polled: it is read where it is when somebody asks, and never wakes anyone. One thread's.
class LogSource {
 public:
  virtual ~LogSource() = default;
  virtual std::string_view name() const = 0;  ///< for status: "the journal"
  /// At most `most` lines since the last call, oldest first. Returns how many were read.
  virtual Result<std::size_t> read(std::size_t most, const LogSink& sink) = 0;
  /// Where it stands; the next start goes on from there.
  virtual std::string bookmark() const = 0;
  /// The last sign of life of the boot that the bookmark is of, when that boot is over and had no proper end; told
  /// once. Nothing where the log does not say for sure.
  virtual std::optional<Timestamp> take_unclean_end() { return std::nullopt; }
};

/// The system's journal, kernel lines only; `folder` = files of a folder instead. Without a bookmark it begins `since`.
/// Errors: not_found when no journal can be read (none is kept, or this user may not).
Result<std::unique_ptr<LogSource>> open_journal(const std::string& bookmark, Timestamp since,
                                                const std::filesystem::path& folder);

/// /dev/kmsg, the kernel's own ring. `boot_id` tells whether a bookmark is of this boot. Errors: not_found, permission.
Result<std::unique_ptr<LogSource>> open_kmsg(const std::string& bookmark, const std::string& boot_id,
                                             const std::filesystem::path& device = "/dev/kmsg");

/// A captured machine's kernel log: a regular file of kmsg records or dmesg lines that may grow, or begin anew. Errors:
/// not_found.
Result<std::unique_ptr<LogSource>> open_captured_log(const std::string& bookmark, const std::filesystem::path& file);

}  // namespace hale
