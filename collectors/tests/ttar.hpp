#pragma once
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "platform/compression.hpp"
#include "tests/support/tree.hpp"

namespace hale::test {

/// A line of a file in a ttar archive: NULLBYTE stands for one, EOF at the end of the last line for "no newline"; a
/// backslash before them quotes.
inline std::string ttar_line(const std::string& line) {
  std::string out;
  for (std::size_t i = 0; i < line.size();) {
    if (line.compare(i, 9, "\\NULLBYTE") == 0) {
      out += "NULLBYTE";
      i += 9;
    } else if (line.compare(i, 8, "NULLBYTE") == 0) {
      out += '\0';
      i += 8;
    } else {
      out += line[i++];
    }
  }
  return out;
}

/// Unpacks a gzip-compressed ttar text archive (Path / Lines / content, SymlinkTo, Directory; modes are ignored).
/// Returns how many entries there were.
inline int unpack_ttar(const std::filesystem::path& archive, const std::filesystem::path& folder) {
  const auto text = gzip_decompress(read_all(archive), 64u << 20);
  REQUIRE(text.has_value());
  std::istringstream lines(*text);
  std::string line;
  std::filesystem::path path;
  int entries = 0;
  while (std::getline(lines, line)) {
    const auto colon = line.find(": ");
    if (line.starts_with("#") || colon == std::string::npos) continue;
    const auto key = line.substr(0, colon);
    const auto value = line.substr(colon + 2);
    if (key == "Path" || key == "Directory") {
      REQUIRE(value.find("..") == std::string::npos);
      path = folder / value;
      ++entries;
      if (key == "Directory") std::filesystem::create_directories(path);
    } else if (key == "SymlinkTo") {
      write_entry(path, "-> " + value);
    } else if (key == "Lines") {
      std::filesystem::create_directories(path.parent_path());
      std::ofstream file(path, std::ios::binary | std::ios::trunc);
      for (int left = std::stoi(value); left > 0 && std::getline(lines, line); --left) {
        const bool cut = left == 1 && line.ends_with("EOF") && !line.ends_with("\\EOF");
        file << ttar_line(cut ? line.substr(0, line.size() - 3) : line) << (cut ? "" : "\n");
      }
    }
  }
  return entries;
}

}  // namespace hale::test
