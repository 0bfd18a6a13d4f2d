#pragma once
#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

/// Captured machines as text: the format that tests/support/unpack_tree describes.
namespace hale::test {

inline int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/// \n \t \\ \xHH; anything else stays as it is.
inline std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 'n')
      out += '\n', ++i;
    else if (next == 't')
      out += '\t', ++i;
    else if (next == '\\')
      out += '\\', ++i;
    else if (next == 'x' && i + 3 < text.size() && hex_digit(text[i + 2]) >= 0 && hex_digit(text[i + 3]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 2]) * 16 + hex_digit(text[i + 3]));
      i += 3;
    } else
      out += text[i];
  }
  return out;
}

inline void write_entry(const std::filesystem::path& path, std::string_view content) {
  namespace fs = std::filesystem;
  if (content == "!gone") {
    fs::remove_all(path);
    return;
  }
  fs::create_directories(path.parent_path());
  const bool link = content.starts_with("-> ");
  if (link || content == "!fifo") fs::remove(path);
  if (link) return fs::create_symlink(content.substr(3), path);
  if (content == "!fifo") {
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    return;
  }
  // In place, as the kernel's files keep their identity while their content changes.
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!content.empty()) file << unescape(content) << '\n';
  REQUIRE(file.good());
}

/// Lays `text` out below `folder`. Returns the seconds of a line "@after<TAB>N", else 10: how long after the tree
/// before this one it is seen.
inline int unpack_tree(const std::string& text, const std::filesystem::path& folder) {
  for (const char* root : {"sys", "proc", "dev"}) std::filesystem::create_directories(folder / root);
  std::istringstream lines(text);
  std::string line;
  int after = 10;
  while (std::getline(lines, line)) {
    if (line.empty() || line[0] == '#') continue;
    const auto tab = line.find('\t');
    const auto path = line.substr(0, tab);
    INFO("line: " << line);
    REQUIRE(path.find("..") == std::string::npos);
    if (path == "@after") {
      after = std::stoi(line.substr(tab + 1));
    } else if (path.ends_with('/')) {
      std::filesystem::create_directories(folder / path);
    } else {
      REQUIRE(tab != std::string::npos);
      write_entry(folder / path, std::string_view(line).substr(tab + 1));
    }
  }
  return after;
}

inline std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace hale::test
