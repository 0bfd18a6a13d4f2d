#include "tests/bench/disks/labelled.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include "rules/recording/byte_source.hpp"

namespace hale::bench {
namespace {

// drive_id,model,start_h,stop_h,fails_at_stop,s5,s10,s12,s187,s188,s189,s196,s197,s198
constexpr std::array<std::size_t, kAttributes.size()> kColumns{5, 8, 9, 11, 12, 13};

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> cells;
  while (true) {
    const auto comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

double number(std::string_view text) {
  double value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Result<std::string> read_all(const std::filesystem::path& file) {
  auto source = rules::ByteSource::open(file);
  if (!source) return fail(std::move(source).error());
  std::string text;
  std::string block(1 << 16, '\0');
  while (true) {
    const auto count = (*source)->read(block.data(), block.size());
    if (!count) return fail(count.error());
    if (*count == 0) return text;
    text.append(block, 0, *count);
  }
}

template <class Row>
Result<> each_row(const std::filesystem::path& file, std::size_t cells, const Row& row) {
  auto text = read_all(file);
  if (!text) return fail(std::move(text).error());
  std::string_view rest = *text;
  rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));  // the header
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto line = split(rest.substr(0, end));
    if (line.size() < cells) return fail(Errc::invalid_input, file.string() + ": a row is too short");
    row(line);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return {};
}

/// Noon UTC of "2016-06-16".
std::int64_t noon(std::string_view date) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (std::sscanf(std::string(date).c_str(), "%d-%u-%u", &year, &month, &day) != 3) return 0;
  const std::chrono::sys_days days = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  return days.time_since_epoch().count() * 86'400LL + 43'200;
}

}  // namespace

bool Drive::complete() const {
  const bool all =
      std::any_of(rows.begin(), rows.end(), [](const Interval& row) { return row.raw.back().has_value(); });
  return all && end() - rows.front().start >= 720;
}

std::size_t Drive::fold(std::size_t folds) const {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return (hash >> 33) % folds;
}

Result<std::vector<Drive>> read_labelled(const std::filesystem::path& folder) {
  std::map<std::string, std::int64_t, std::less<>> first;
  auto read = each_row(folder / "bb_2013_2016_drives.csv.gz", 7,
                       [&](const auto& cells) { first[std::string(cells[0])] = noon(cells[2]); });
  if (!read) return fail(std::move(read).error());
  std::vector<Drive> drives;
  read = each_row(folder / "bb_2013_2016_intervals.csv.gz", 14, [&](const auto& cells) {
    if (drives.empty() || drives.back().id != cells[0]) {
      drives.push_back({std::string(cells[0]), std::string(cells[1]), false, 0, {}});
      if (const auto known = first.find(cells[0]); known != first.end()) drives.back().first_second = known->second;
    }
    Interval row{static_cast<std::int64_t>(number(cells[2])), static_cast<std::int64_t>(number(cells[3])), {}};
    for (std::size_t i = 0; i < kColumns.size(); ++i) {
      if (!cells[kColumns[i]].empty()) row.raw[i] = number(cells[kColumns[i]]);
    }
    drives.back().failed |= cells[4] == "1";
    drives.back().rows.push_back(row);
  });
  if (!read) return fail(std::move(read).error());
  return drives;
}

}  // namespace hale::bench
