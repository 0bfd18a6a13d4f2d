#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <unordered_map>

#include "core/text.hpp"
#include "rules/recording.hpp"
#include "rules/recording/columns.hpp"
#include "rules/recording/csv_rows.hpp"
#include "rules/recording/parse_cell.hpp"

namespace hale::rules {
namespace {

constexpr std::size_t kMaxColumns = 20'000;
constexpr std::size_t kMaxCellName = 512;

class CsvRecording final : public RecordingReader {
 public:
  CsvRecording(std::unique_ptr<ByteSource> source, const std::filesystem::path& file, Layout& layout)
      : rows_(std::move(source), file.string()), layout_(layout), stem_(stem_of(file)) {}

  Result<> read_header() {
    auto first = rows_.next();
    if (!first) return fail(first.error());
    if (!*first) return fail(rows_.error_at(0, "is empty: expected a header row"));
    const auto& cells = rows_.cells();
    if (cells.size() > kMaxColumns)
      return fail(rows_.error_at(kMaxColumns, fmt::format("more than {} columns", kMaxColumns)));
    std::unordered_map<std::string, std::size_t> seen;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string name = sanitize_utf8(trim(cells[i]), kMaxCellName);
      if (!seen.try_emplace(name, i).second)
        return fail(rows_.error_at(i, fmt::format("the column \"{}\" stands twice", name)));
      if (auto added = add_column(name, i); !added) return added;
    }
    if (time_ == kNone) return fail(rows_.error_at(0, "the header has no \"time\" column"));
    if (device_ == kNone) find_device(stem_);
    return {};
  }

  Result<bool> next(RecordingRow& row) override {
    auto more = rows_.next();
    if (!more || !*more) return more;
    const auto& cells = rows_.cells();
    if (cells.size() != columns_.size()) {
      return fail(
          rows_.error_at(std::min(cells.size(), columns_.size()),
                         fmt::format("this row has {} cells, the header has {}", cells.size(), columns_.size())));
    }
    const auto time = times_.parse(trim(cells[time_]));
    if (!time)
      return fail(rows_.error_at(
          time_, fmt::format("\"{}\" is no time: expected RFC 3339 or Unix seconds", sanitize_utf8(cells[time_], 40))));
    row.time = *time;
    row.device = device_ == kNone ? 0 : find_device(cells[device_]);
    if (auto numbers = read_numbers(cells); !numbers) return fail(numbers.error());
    row.samples = samples_;
    row.events = events_;
    row.context_changed = false;
    row.context = nullptr;
    row.described = nullptr;
    if (!texts_.empty()) {
      if (auto read = read_texts(cells, row); !read) return fail(read.error());
    }
    return true;
  }

  const std::vector<std::string>& devices() const override { return devices_; }
  const std::vector<std::string>& unknown_columns() const override { return unknown_; }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;

  /// The texts that a device's rows told last, as hashes: enough to see that they changed.
  struct DeviceTexts {
    std::vector<std::size_t> hashes;
    std::unique_ptr<Context> context;
  };

  static std::string stem_of(const std::filesystem::path& file) {
    std::string name = file.filename().string();
    for (const std::string_view ending : {".gz", ".csv"}) {
      if (name.size() > ending.size() && name.ends_with(ending)) name.resize(name.size() - ending.size());
    }
    return name;
  }

  Result<> add_column(const std::string& name, std::size_t at) {
    Column column = parse_column(name, layout_);
    switch (column.kind) {
      case ColumnKind::time:
        time_ = at;
        break;
      case ColumnKind::device:
        device_ = at;
        break;
      case ColumnKind::ignored:
        unknown_.push_back(name);
        break;
      case ColumnKind::series:
      case ColumnKind::event:
        numbers_.push_back({static_cast<std::uint32_t>(at), column.index, column.kind == ColumnKind::event});
        break;
      case ColumnKind::boot_id:
      case ColumnKind::os_build:
      case ColumnKind::bios_version:
      case ColumnKind::platform_profile:
      case ColumnKind::host_chassis:
      case ColumnKind::utc_offset:
      case ColumnKind::model:
      case ColumnKind::vendor:
      case ColumnKind::bus:
      case ColumnKind::type:
        texts_.push_back(at);
        break;
    }
    columns_.push_back(std::move(column));
    return {};
  }

  std::uint32_t find_device(std::string_view name) {
    if (name.empty()) name = stem_;
    if (!devices_.empty() && devices_[last_device_] == name) return last_device_;
    const auto [at, added] =
        device_by_name_.try_emplace(std::string(name), static_cast<std::uint32_t>(devices_.size()));
    if (added) devices_.push_back(sanitize_utf8(name, kMaxCellName));
    return last_device_ = at->second;
  }

  Result<> read_numbers(const std::vector<std::string_view>& cells) {
    samples_.clear();
    events_.clear();
    for (const NumberColumn& column : numbers_) {
      std::string_view cell = cells[column.cell];
      if (cell.empty()) continue;
      auto number = parse_number(cell);
      if (!number) number = parse_number(trim(cell));
      if (!number) {
        if (trim(cell).empty()) continue;
        return fail(rows_.error_at(column.cell, fmt::format("\"{}\" is no number", sanitize_utf8(cell, 40))));
      }
      if (!column.event) {
        samples_.push_back({column.index, *number});
      } else if (*number < 0 || *number > 4e9 || *number != std::floor(*number)) {
        return fail(rows_.error_at(column.cell, fmt::format("\"{}\" is no number of events", sanitize_utf8(cell, 40))));
      } else {
        events_.push_back({column.index, static_cast<std::uint32_t>(*number)});
      }
    }
    return {};
  }

  Result<> read_texts(const std::vector<std::string_view>& cells, RecordingRow& row) {
    if (device_texts_.size() <= row.device) device_texts_.resize(row.device + 1);
    DeviceTexts& known = device_texts_[row.device];
    if (known.hashes.empty()) known.hashes.resize(texts_.size());
    described_.clear();
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      const std::string_view cell = cells[texts_[i]];
      if (cell.empty()) continue;
      const std::size_t hash = std::hash<std::string_view>()(cell) | 1u;
      if (known.hashes[i] == hash) continue;
      known.hashes[i] = hash;
      if (auto told = tell(columns_[texts_[i]], cell, texts_[i], known, row); !told) return told;
    }
    row.context = known.context.get();
    if (!described_.empty()) row.described = &described_;
    return {};
  }

  Result<> tell(const Column& column, std::string_view cell, std::size_t at, DeviceTexts& known, RecordingRow& row) {
    const std::string text = sanitize_utf8(trim(cell));
    if (is_context(column.kind)) {
      if (!known.context) known.context = std::make_unique<Context>();
      row.context_changed = true;
      return tell_context(column.kind, text, at, *known.context);
    }
    auto component = std::find_if(described_.begin(), described_.end(),
                                  [&](const Component& one) { return one.id == column.component; });
    if (component == described_.end()) {
      component = described_.emplace(component);
      component->id = column.component;
    }
    if (column.kind == ColumnKind::model) component->model = text;
    if (column.kind == ColumnKind::vendor) component->vendor = text;
    if (column.kind == ColumnKind::bus) component->bus = text;
    if (column.kind == ColumnKind::type) {
      const auto type = parse_component_type(text);
      if (!type) return fail(rows_.error_at(at, fmt::format("\"{}\" is no type of component", text)));
      component->type = *type;
    }
    return {};
  }

  Result<> tell_context(ColumnKind kind, const std::string& text, std::size_t at, Context& context) {
    if (kind == ColumnKind::boot_id) context.boot_id = text;
    if (kind == ColumnKind::os_build) context.os_build = text;
    if (kind == ColumnKind::bios_version) context.bios_version = text;
    if (kind == ColumnKind::platform_profile) context.platform_profile = text;
    if (kind == ColumnKind::host_chassis) context.host_chassis = text;
    if (kind != ColumnKind::utc_offset) return {};
    const auto hours = parse_number(text);
    if (!hours || std::abs(*hours) > 24)
      return fail(rows_.error_at(at, fmt::format("\"{}\" is no offset in hours", text)));
    context.utc_offset = *hours;
    return {};
  }

  struct NumberColumn {
    std::uint32_t cell;
    std::uint32_t index;
    bool event;
  };

  CsvRows rows_;
  Layout& layout_;
  std::string stem_;
  TimeParser times_;
  std::vector<Column> columns_;
  std::vector<NumberColumn> numbers_;
  std::vector<std::size_t> texts_;
  std::size_t time_{kNone};
  std::size_t device_{kNone};
  std::vector<std::string> unknown_;
  std::vector<std::string> devices_;
  std::unordered_map<std::string, std::uint32_t> device_by_name_;
  std::uint32_t last_device_{};
  std::vector<DeviceTexts> device_texts_;
  std::vector<Sample> samples_;
  std::vector<EventSample> events_;
  std::vector<Component> described_;
};

}  // namespace

Result<std::unique_ptr<RecordingReader>> RecordingReader::open(const std::filesystem::path& file, Layout& layout) {
  auto source = ByteSource::open(file);
  if (!source) return fail(Error{source.error().code, file.string() + ": " + source.error().message});
  auto reader = std::make_unique<CsvRecording>(std::move(*source), file, layout);
  if (auto header = reader->read_header(); !header) return fail(header.error());
  return reader;
}

}  // namespace hale::rules
