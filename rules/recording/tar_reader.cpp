#include "rules/recording/tar_reader.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

namespace hale::rules {
namespace {

constexpr std::size_t kBlock = 512;

tl::unexpected<Error> cut_off() { return fail(Errc::invalid_input, "the archive is cut off"); }

/// Reads exactly `size` bytes; false at a clean end before the first of them.
Result<bool> read_all(ByteSource& source, char* into, std::size_t size) {
  std::size_t have = 0;
  while (have < size) {
    auto count = source.read(into + have, size - have);
    if (!count) return fail(count.error());
    if (*count == 0) return have == 0 ? Result<bool>(false) : Result<bool>(cut_off());
    have += *count;
  }
  return true;
}

std::optional<std::uint64_t> parse_octal(std::string_view field) {
  if (!field.empty() && (static_cast<unsigned char>(field[0]) & 0x80u) != 0) {
    std::uint64_t value = 0;
    for (std::size_t i = field.size() - 8; i < field.size(); ++i)
      value = value << 8 | static_cast<unsigned char>(field[i]);
    return value;
  }
  std::uint64_t value = 0;
  bool digits = false;
  for (const char c : field) {
    if (c == ' ' && !digits) continue;
    if (c == '\0' || c == ' ') break;
    if (c < '0' || c > '7') return {};
    digits = true;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

bool checksum_fits(const std::array<char, kBlock>& header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  return parse_octal({header.data() + 148, 8}) == sum;
}

std::string field_text(const char* field, std::size_t size) { return {field, strnlen(field, size)}; }

/// "27 path=some/long/name\n" records.
std::string pax_path(std::string_view records) {
  while (!records.empty()) {
    const auto space = records.find(' ');
    const auto end = records.find('\n');
    if (space == std::string_view::npos || end == std::string_view::npos || end < space) break;
    const auto record = records.substr(space + 1, end - space - 1);
    if (record.starts_with("path=")) return std::string(record.substr(5));
    records.remove_prefix(end + 1);
  }
  return {};
}

Result<> skip(ByteSource& source, std::uint64_t bytes) {
  std::array<char, 8192> waste;
  while (bytes > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, waste.size()));
    auto read = read_all(source, waste.data(), part);
    if (!read) return fail(read.error());
    if (!*read) return cut_off();
    bytes -= part;
  }
  return {};
}

}  // namespace

Result<> read_tar(ByteSource& source, std::size_t max_member,
                  const std::function<void(const std::string& path, std::string_view bytes, bool too_large)>& member) {
  std::array<char, kBlock> header;
  std::string long_name;
  std::string body;
  while (true) {
    auto more = read_all(source, header.data(), kBlock);
    if (!more) return fail(more.error());
    if (!*more || header[0] == '\0') return {};
    const auto size = parse_octal({header.data() + 124, 12});
    if (!size || !checksum_fits(header)) return fail(Errc::invalid_input, "is not a tar archive, or is damaged");
    const std::uint64_t padded = (*size + kBlock - 1) / kBlock * kBlock;
    if (padded < *size) return fail(Errc::invalid_input, "is not a tar archive, or is damaged");
    const char kind = header[156];
    if (*size > max_member) {
      if (auto skipped = skip(source, padded); !skipped) return skipped;
      if (kind == '0' || kind == '\0') member(field_text(header.data(), 100), {}, true);
      continue;
    }
    body.resize(static_cast<std::size_t>(padded));
    auto read = read_all(source, body.data(), body.size());
    if (!read) return fail(read.error());
    if (!*read && padded > 0) return cut_off();
    body.resize(static_cast<std::size_t>(*size));
    if (kind == 'L') {
      long_name = field_text(body.data(), body.size());
    } else if (kind == 'x') {
      long_name = pax_path(body);
    } else if (kind == '0' || kind == '\0') {
      std::string path = std::move(long_name);
      long_name.clear();
      if (path.empty()) {
        const std::string prefix =
            std::memcmp(header.data() + 257, "ustar\0", 6) == 0 ? field_text(header.data() + 345, 155) : "";
        path = (prefix.empty() ? "" : prefix + "/") + field_text(header.data(), 100);
      }
      member(path, body, false);
    } else if (kind != 'g') {
      long_name.clear();
    }
  }
}

}  // namespace hale::rules
