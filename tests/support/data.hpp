#pragma once
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace hale::test {

inline std::filesystem::path source_dir() { return HALE_SOURCE_DIR; }

/// Real recorded data, read in place: HALE_DATA, else ../shared/data beside the checkout. Skips the test, with the reason, where there is none.
inline std::filesystem::path data_or_skip(const std::string& part) {
  const char* named = std::getenv("HALE_DATA");
  const auto folder = (named != nullptr ? std::filesystem::path(named) : source_dir() / ".." / "shared" / "data") / part;
  if (!std::filesystem::exists(folder)) SKIP("no recorded data: " << part);
  return folder;
}

/// A fresh folder, removed at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hale-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) FAIL("cannot make a temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace hale::test
