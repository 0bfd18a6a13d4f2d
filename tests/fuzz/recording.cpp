// Recordings through the whole pipeline: reader, gate, rules, notification policy.
#include "rules/recording.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/codec.hpp"
#include "platform/compression.hpp"
#include "rules/rule_set.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace hale;
namespace fs = std::filesystem;

namespace {

fs::path make_folder() {
  std::string pattern = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / "hale-fuzz-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  static const fs::path folder = pattern;
  std::atexit([] {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  });
  return folder;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fs::path folder = make_folder();
  static const auto rules = rules::RuleSet::builtin();
  fuzz::expect(rules.has_value(), "the built-in rules load");
  auto input = fuzz::text_of(data, size);
  const auto choice = fuzz::take_choice(input, 3);
  const fs::path file = folder / (choice == 0 ? "r.csv" : choice == 1 ? "r.csv.gz" : "r.json");
  std::ofstream(file, std::ios::binary) << (choice == 1 ? gzip_compress(input) : std::string(input));
  rules::ReplayOptions options;
  options.from_smartctl = choice == 2;
  std::string complaints;
  const int code = rules::replay(*rules, {file}, options,
                                 [](std::string_view line) { fuzz::expect(parse_json(line).has_value(), "every line of a replay is JSON"); },
                                 [&](std::string_view line) { complaints += line; });
  fuzz::expect(code == 0 || (code == 2 && !complaints.empty()), "a replay ends well, or says what is wrong");
  return 0;
}
