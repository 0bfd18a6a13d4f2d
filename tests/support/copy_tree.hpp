#pragma once
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

namespace hale::test {

/// A copy of a fixture's folder that a test may change. Symlinks stay symlinks, relative ones keep pointing inside the copy.
inline void copy_tree(const std::filesystem::path& from, const std::filesystem::path& to) {
  namespace fs = std::filesystem;
  REQUIRE(fs::is_directory(from));
  fs::create_directories(to);
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks | fs::copy_options::overwrite_existing);
}

}  // namespace hale::test
