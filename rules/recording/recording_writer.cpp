#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "rules/layout.hpp"
#include "rules/recording.hpp"

namespace hale::rules {
namespace {

std::string csv_quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

using Cells = std::map<std::string, std::string>;

Cells cells_of(const Collection& collection) {
  Cells cells;
  const Context& context = collection.context;
  const std::pair<const char*, const std::string*> texts[] = {{"boot_id", &context.boot_id},
                                                              {"os.build", &context.os_build},
                                                              {"bios.version", &context.bios_version},
                                                              {"platform.profile", &context.platform_profile},
                                                              {"host.chassis", &context.host_chassis}};
  for (const auto& [name, text] : texts) {
    if (!text->empty()) cells[name] = *text;
  }
  if (context.utc_offset) cells["host.utc_offset"] = fmt::format("{}", *context.utc_offset);
  for (const Component& component : collection.components) {
    if (component.type != ComponentType::other) cells["hw.type/" + component.id] = to_string(component.type);
    if (!component.model.empty()) cells["hw.model/" + component.id] = component.model;
    if (!component.vendor.empty()) cells["hw.vendor/" + component.id] = component.vendor;
    if (!component.bus.empty()) cells["hw.bus/" + component.id] = component.bus;
  }
  // fmt writes the shortest digits that read back as the same number.
  for (const Reading& reading : collection.readings)
    cells[name_of({reading.metric, reading.component, reading.key})] = fmt::format("{}", reading.value);
  std::map<std::string, std::uint64_t> events;
  for (const Event& event : collection.events)
    events[fmt::format("hale.event/{}/{}.{}", event.component, event.source, event.code)] += event.count;
  for (const auto& [name, count] : events) cells[name] = std::to_string(count);
  return cells;
}

/// A column that comes up later rewrites the file with a longer header; that is rare, and a recording is whole at any
/// moment.
class CsvWriter final : public RecordingWriter {
 public:
  explicit CsvWriter(std::filesystem::path file) : file_(std::move(file)) {}

  Result<> open() {
    stream_.open(file_, std::ios::binary | std::ios::trunc);
    return check();
  }

  Result<> write(const Collection& collection) override {
    Cells cells = cells_of(collection);
    bool grew = columns_.empty();
    for (const auto& [name, cell] : cells) {
      if (!known_.insert(name).second) continue;
      columns_.push_back(name);
      grew = true;
    }
    if (grew) {
      if (auto written = rewrite(); !written) return written;
    }
    std::string line = to_rfc3339(collection.time);
    for (const std::string& name : columns_) {
      line += ',';
      const auto cell = cells.find(name);
      if (cell == cells.end()) continue;
      // Texts hold until they change.
      if (is_text(name) && std::exchange(told_[name], cell->second) == cell->second) continue;
      line += csv_quoted(cell->second);
    }
    stream_ << line << '\n';
    stream_.flush();
    return check();
  }

  Result<> close() override {
    stream_.close();
    return check();
  }

 private:
  static bool is_text(const std::string& name) {
    return name.starts_with("hw.model/") || name.starts_with("hw.vendor/") || name.starts_with("hw.type/") ||
           name.starts_with("hw.bus/") || name.starts_with("host.") || name == "boot_id" || name == "os.build" ||
           name == "bios.version" || name == "platform.profile";
  }

  std::string header() const {
    std::string line = "time";
    for (const std::string& name : columns_) line += ',' + csv_quoted(name);
    return line;
  }

  Result<> rewrite() {
    stream_.close();
    const auto longer = std::filesystem::path(file_) += ".new";
    std::ifstream old(file_, std::ios::binary);
    std::ofstream fresh(longer, std::ios::binary | std::ios::trunc);
    fresh << header() << '\n';
    std::string line;
    const std::size_t before = written_columns_;
    if (before > 0) std::getline(old, line);
    while (std::getline(old, line)) fresh << line << std::string(columns_.size() - before, ',') << '\n';
    fresh.close();
    std::error_code error;
    if (fresh) std::filesystem::rename(longer, file_, error);
    if (!fresh || error)
      return fail(Errc::io, fmt::format("{}: cannot be written: {}", file_.string(),
                                        error ? error.message() : std::strerror(errno)));
    written_columns_ = columns_.size();
    stream_.clear();
    stream_.open(file_, std::ios::binary | std::ios::app);
    return check();
  }

  Result<> check() {
    if (stream_) return {};
    return fail(Errc::io, fmt::format("{}: cannot be written: {}", file_.string(), std::strerror(errno)));
  }

  std::filesystem::path file_;
  std::ofstream stream_;
  std::vector<std::string> columns_;
  std::set<std::string> known_;
  std::map<std::string, std::string> told_;
  std::size_t written_columns_{};
};

}  // namespace

Result<std::unique_ptr<RecordingWriter>> RecordingWriter::create(const std::filesystem::path& file) {
  auto writer = std::make_unique<CsvWriter>(file);
  if (auto opened = writer->open(); !opened) return fail(opened.error());
  return writer;
}

}  // namespace hale::rules
