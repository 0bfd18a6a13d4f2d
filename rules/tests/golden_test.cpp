#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "rules/recording.hpp"
#include "rules/tests/harness.hpp"

using namespace hale;
using namespace hale::rules;

namespace {

std::string judge(const std::filesystem::path& recording) {
  std::string out;
  ReplayOptions options;
  options.coverage = false;
  std::string complaints;
  const int code = replay(
      {recording}, options, [&](std::string_view text) { out += text; },
      [&](std::string_view text) { complaints += text; });
  INFO(complaints);
  CHECK(code == 0);
  return out;
}

std::string read_all(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

// A case is a folder with recording.csv or recording.csv.gz and expected.jsonl. HALE_UPDATE_GOLDEN=1 writes what is
// said now; look at the difference.
TEST_CASE("every golden recording gives exactly the findings and messages that are written beside it") {
  const auto root = hale::test::source_dir() / "tests" / "golden" / "recordings";
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  REQUIRE(folders.size() >= 5);
  for (const auto& folder : folders) {
    const auto plain = folder / "recording.csv";
    const auto said = judge(std::filesystem::exists(plain) ? plain : folder / "recording.csv.gz");
    if (std::getenv("HALE_UPDATE_GOLDEN") != nullptr)
      std::ofstream(folder / "expected.jsonl", std::ios::binary) << said;
    INFO(folder.filename().string());
    std::istringstream expected(read_all(folder / "expected.jsonl"));
    std::istringstream actual(said);
    std::string expected_line;
    std::string actual_line;
    int line = 0;
    while (true) {
      const bool more = static_cast<bool>(std::getline(expected, expected_line));
      const bool said_more = static_cast<bool>(std::getline(actual, actual_line));
      ++line;
      INFO("line " << line);
      CHECK(more == said_more);
      if (!more || !said_more) break;
      CHECK(actual_line == expected_line);
    }
  }
}
