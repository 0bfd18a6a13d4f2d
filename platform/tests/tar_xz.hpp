#pragma once
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

namespace hale::test {

/// Calls `member(path, content)` for each file of a .tar.xz, streaming. Needs xz (a package that Debian always has).
inline void for_each_tar_member(const std::filesystem::path& archive,
                                const std::function<void(const std::string&, const std::string&)>& member) {
  FILE* pipe = popen(("xz -dc '" + archive.string() + "'").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 512> header{};
  while (std::fread(header.data(), 1, header.size(), pipe) == header.size() && header[0] != '\0') {
    const auto size = std::strtoul(std::string(header.data() + 124, 12).c_str(), nullptr, 8);
    std::string content((size + 511) / 512 * 512, '\0');
    REQUIRE(std::fread(content.data(), 1, content.size(), pipe) == content.size());
    content.resize(size);
    if (header[156] == '0' || header[156] == '\0') {
      std::string path(header.data(), strnlen(header.data(), 100));
      const std::string prefix(header.data() + 345, strnlen(header.data() + 345, 155));
      if (!prefix.empty()) path.insert(0, prefix + "/");
      member(path, content);
    }
  }
  CHECK(pclose(pipe) == 0);
}

}  // namespace hale::test
