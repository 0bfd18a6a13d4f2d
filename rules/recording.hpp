#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/reading.hpp"
#include "core/result.hpp"
#include "rules/judge.hpp"
#include "rules/layout.hpp"

namespace hale::rules {

/// A row of a recording, bound to its Layout.
struct RecordingRow {
  Timestamp time;
  std::uint32_t device{};  ///< index into Recording::devices()
  std::span<const Sample> samples;
  std::span<const EventSample> events;
  bool context_changed{};
  std::vector<Component>* described{};  ///< components whose facts changed in this row; may be null
  const Context* context{};
};

/// Streams a recording (.csv or .csv.gz, docs: recordings) row by row in constant memory. Malformed:
/// Errc::invalid_input with "FILE:LINE:COLUMN: what is wrong"; rows before it stand.
class RecordingReader {
 public:
  static Result<std::unique_ptr<RecordingReader>> open(const std::filesystem::path& file, Layout& layout);
  virtual ~RecordingReader() = default;
  /// False at the end.
  virtual Result<bool> next(RecordingRow& row) = 0;
  virtual const std::vector<std::string>& devices() const = 0;
  virtual const std::vector<std::string>& unknown_columns() const = 0;
};

/// Writes a recording of this machine (`hale record`). Columns are fixed by the first rows; a later component starts a
/// new column only after `add_columns` (which rewrites the header). Values are written with as few digits as reproduce
/// them.
class RecordingWriter {
 public:
  static Result<std::unique_ptr<RecordingWriter>> create(const std::filesystem::path& file);
  virtual ~RecordingWriter() = default;
  virtual Result<> write(const Collection& collection) = 0;
  virtual Result<> close() = 0;
};

struct ReplayOptions {
  std::filesystem::path rules;  ///< empty = built in
  std::string language{"en"};
  bool from_smartctl{false};
  bool coverage{true};
};

/// `hale replay`: JSON Lines of every file to `out`, one call a line with its line feed, complaints to `complain`.
/// Returns the exit code (0, 2).
int replay(const std::vector<std::filesystem::path>& files, const ReplayOptions& options,
           const std::function<void(std::string_view)>& out, const std::function<void(std::string_view)>& complain);
/// The same with rules that are already loaded; `options.rules` is not looked at.
int replay(const RuleSet& rules, const std::vector<std::filesystem::path>& files, const ReplayOptions& options,
           const std::function<void(std::string_view)>& out, const std::function<void(std::string_view)>& complain);

}  // namespace hale::rules
