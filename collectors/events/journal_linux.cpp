// The systemd journal, through libsystemd.
#include <fmt/format.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#include <array>
#include <cstring>
#include <utility>

#include "collectors/events/log_source_linux.hpp"

namespace hale {
namespace {

constexpr std::string_view kMark = "journal:";
// SD_MESSAGE_JOURNAL_START and _STOP of sd-messages.h.
constexpr const char* kStarted = "MESSAGE_ID=f77379a8490b408bbe5f6940505a777b";
constexpr const char* kStopped = "MESSAGE_ID=d93fb3c9c24d451a97cea615ce59c00b";
constexpr std::size_t kFieldLimit = 1024;  ///< longer fields are handed over cut

Error journal_error(int result, std::string_view what) {
  return {result == -EACCES || result == -EPERM ? Errc::permission : Errc::io,
          fmt::format("{}: {}", what, std::strerror(-result))};
}

struct CloseJournal {
  void operator()(sd_journal* journal) const { sd_journal_close(journal); }
};
using Journal = std::unique_ptr<sd_journal, CloseJournal>;

class JournalSource final : public LogSource {
 public:
  JournalSource(Journal journal, std::string bookmark, std::optional<Timestamp> unclean_end)
      : journal_(std::move(journal)), bookmark_(std::move(bookmark)), unclean_end_(unclean_end) {}

  std::optional<Timestamp> take_unclean_end() override { return std::exchange(unclean_end_, std::nullopt); }

  std::string_view name() const override { return "the journal"; }
  std::string bookmark() const override { return bookmark_; }

  Result<std::size_t> read(std::size_t most, const LogSink& sink) override {
    // Takes notice of rotated and new files; the descriptor is never waited for.
    if (const int result = sd_journal_process(journal_.get()); result < 0)
      return fail(journal_error(result, "following the journal"));
    std::size_t count = 0;
    for (; count < most; ++count) {
      const int result = sd_journal_next(journal_.get());
      if (result < 0) return fail(journal_error(result, "reading the journal"));
      if (result == 0) break;
      hand_over(sink);
    }
    if (count > 0) remember();
    return count;
  }

 private:
  // A damaged entry is passed over: the file's other entries are still good.
  void hand_over(const LogSink& sink) {
    const void* data = nullptr;
    std::size_t size = 0;
    if (sd_journal_get_data(journal_.get(), "MESSAGE", &data, &size) < 0) return;
    std::string_view message(static_cast<const char*>(data), size);
    message.remove_prefix(std::min(message.size(), std::strlen("MESSAGE=")));
    LogLine line{message, std::nullopt};
    std::uint64_t microseconds = 0;
    if (sd_journal_get_realtime_usec(journal_.get(), &microseconds) >= 0)
      line.time = from_unix_ms(static_cast<std::int64_t>(microseconds / 1000));
    sink(line);
  }

  void remember() {
    char* cursor = nullptr;
    if (sd_journal_get_cursor(journal_.get(), &cursor) < 0) return;
    bookmark_ = std::string(kMark) + cursor;
    std::free(cursor);
  }

  Journal journal_;
  std::string bookmark_;
  std::optional<Timestamp> unclean_end_;
};

Result<Journal> open_files(const std::filesystem::path& folder) {
  sd_journal* raw = nullptr;
  const int result = folder.empty() ? sd_journal_open(&raw, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM)
                                    : sd_journal_open_directory(&raw, folder.c_str(), 0);
  if (result < 0) return fail(journal_error(result, "opening the journal"));
  return Journal(raw);
}

bool seek_bookmark(sd_journal* journal, const std::string& bookmark) {
  if (!bookmark.starts_with(kMark)) return false;
  const auto cursor = bookmark.substr(kMark.size());
  if (sd_journal_seek_cursor(journal, cursor.c_str()) < 0 || sd_journal_next(journal) <= 0) return false;
  // On the entry itself: done with. On its successor, as the entry was vacuumed: step back before it.
  if (sd_journal_test_cursor(journal, cursor.c_str()) <= 0) sd_journal_previous(journal);
  return true;
}

std::optional<Timestamp> time_of_entry(sd_journal* journal) {
  std::uint64_t microseconds = 0;
  if (sd_journal_get_realtime_usec(journal, &microseconds) < 0) return std::nullopt;
  return from_unix_ms(static_cast<std::int64_t>(microseconds / 1000));
}

bool is_of_boot(sd_journal* journal, sd_id128_t boot) {
  sd_id128_t own{};
  std::uint64_t microseconds = 0;
  return sd_journal_get_monotonic_usec(journal, &microseconds, &own) >= 0 && sd_id128_equal(own, boot) != 0;
}

void match_boot(sd_journal* journal, sd_id128_t boot) {
  std::array<char, SD_ID128_STRING_MAX> text{};
  sd_journal_flush_matches(journal);
  sd_journal_add_match(journal, ("_BOOT_ID=" + std::string(sd_id128_to_string(boot, text.data()))).c_str(), 0);
}

/// Whether journald keeps its farewell on this machine at all: where the journal lies on a file system that is taken
/// away before, it never does. Seen in any other boot.
bool says_farewell(sd_journal* journal, sd_id128_t boot) {
  sd_journal_flush_matches(journal);
  sd_journal_add_match(journal, kStopped, 0);
  sd_journal_seek_tail(journal);
  for (int looked = 0; looked < 100 && sd_journal_previous(journal) > 0; ++looked) {
    if (!is_of_boot(journal, boot)) return true;
  }
  return false;
}

/// journald writes when it starts and when it stops, at shutdown too. A boot whose last such word is a start was cut
/// off. `boot` is over; nothing when the journal leaves it open.
std::optional<Timestamp> unclean_end_of(const std::filesystem::path& folder, sd_id128_t boot) {
  const auto journal = open_files(folder);
  if (!journal || !says_farewell(journal->get(), boot)) return std::nullopt;
  match_boot(journal->get(), boot);
  sd_journal_add_match(journal->get(), kStarted, 0);
  sd_journal_add_match(journal->get(), kStopped, 0);
  sd_journal_seek_tail(journal->get());
  if (sd_journal_previous(journal->get()) <= 0) return std::nullopt;
  const void* data = nullptr;
  std::size_t size = 0;
  if (sd_journal_get_data(journal->get(), "MESSAGE_ID", &data, &size) < 0) return std::nullopt;
  if (std::string_view(static_cast<const char*>(data), size) != kStarted) return std::nullopt;
  match_boot(journal->get(), boot);
  sd_journal_seek_tail(journal->get());
  if (sd_journal_previous(journal->get()) <= 0) return std::nullopt;
  return time_of_entry(journal->get());
}

/// The boot of the entry that the bookmark stands on, when it is not the present one.
std::optional<sd_id128_t> earlier_boot(sd_journal* journal) {
  sd_id128_t boot{};
  sd_id128_t present{};
  std::uint64_t microseconds = 0;
  if (sd_journal_get_monotonic_usec(journal, &microseconds, &boot) < 0) return std::nullopt;
  if (sd_id128_get_boot(&present) < 0 || sd_id128_equal(boot, present) != 0) return std::nullopt;
  return boot;
}

}  // namespace

Result<std::unique_ptr<LogSource>> open_journal(const std::string& bookmark, Timestamp since,
                                                const std::filesystem::path& folder) {
  auto journal = open_files(folder);
  if (!journal) return fail(journal.error());
  sd_journal_set_data_threshold(journal->get(), kFieldLimit);
  const int matched = sd_journal_add_match(journal->get(), "_TRANSPORT=kernel", 0);
  if (matched < 0) return fail(journal_error(matched, "choosing kernel lines"));
  // Opening succeeds where there is nothing to read, or nothing this user may read.
  const bool any = sd_journal_seek_tail(journal->get()) >= 0 && sd_journal_previous(journal->get()) > 0;
  if (!any)
    return fail(Errc::not_found,
                "no kernel lines in a journal that this user may read (the group systemd-journal gives the right)");
  if (const int descriptor = sd_journal_get_fd(journal->get()); descriptor < 0)
    return fail(journal_error(descriptor, "following the journal"));
  std::optional<Timestamp> unclean_end;
  if (!seek_bookmark(journal->get(), bookmark)) {
    sd_journal_seek_realtime_usec(journal->get(), static_cast<std::uint64_t>(to_unix_ms(since)) * 1000);
  } else if (const auto boot = earlier_boot(journal->get())) {
    unclean_end = unclean_end_of(folder, *boot);
  }
  return std::make_unique<JournalSource>(std::move(*journal), bookmark, unclean_end);
}

}  // namespace hale
