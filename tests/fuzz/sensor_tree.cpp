// A machine's /sys and /proc as text ("PATH<TAB>CONTENT" a line, "@change" = the collectors look, then the tree changes), read by every collector.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "collectors/collector.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/fake_clock.hpp"

using namespace hale;
namespace fs = std::filesystem;

namespace {

fs::path make_root() {
  std::string pattern = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / "hale-fuzz-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  static const fs::path root = pattern;
  std::atexit([] {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  });
  return root;
}

/// False for a path that would leave the tree or be absurdly deep.
bool is_inside(std::string_view path) {
  if (path.empty() || path.size() > 200 || path.find('\0') != std::string_view::npos || std::count(path.begin(), path.end(), '/') > 12) return false;
  for (const auto& part : fs::path(path)) {
    if (part == ".." || part == "/") return false;
  }
  return true;
}

void write_line(const fs::path& root, std::string_view line) {
  const auto tab = line.find('\t');
  if (tab == std::string_view::npos || !is_inside(line.substr(0, tab))) return;
  const fs::path path = root / line.substr(0, tab);
  const auto content = line.substr(tab + 1);
  std::error_code error;
  if (content == "!gone") {
    fs::remove_all(path, error);
    return;
  }
  fs::create_directories(path.parent_path(), error);
  if (content.starts_with("-> ") && is_inside(content.substr(3))) {
    fs::create_symlink(root / content.substr(3), path, error);  // stays inside
    return;
  }
  std::ofstream(path, std::ios::binary) << content << '\n';
}

void sweep(const std::vector<std::unique_ptr<Collector>>& collectors, test::FakeClock& clock) {
  clock.advance(std::chrono::hours(1));
  Collection out;
  out.time = clock.now();
  for (const auto& collector : collectors) collector->collect(out, true);
  for (const auto& reading : out.readings) fuzz::expect(std::isfinite(reading.value), "every reading is a number");
  for (const auto& component : out.components) fuzz::expect(!component.id.empty() && component.id.size() <= 128, "every component has a bounded id");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fs::path root = make_root();
  static int run = 0;
  const fs::path folder = root / std::to_string(run++);
  for (const char* part : {"sys", "proc", "dev"}) fs::create_directories(folder / part);
  test::FakeClock clock;
  CollectorEnvironment environment;
  environment.roots = {folder / "sys", folder / "proc", folder / "dev", true};
  environment.serial_salt = "a salt of sixteen";
  environment.clock = &clock;
  const auto collectors = make_collectors(environment);
  auto input = fuzz::text_of(data, std::min<std::size_t>(size, 20'000));
  int changes = 0;
  while (!input.empty()) {
    const auto line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    if (line.starts_with("@change") && ++changes < 4) {
      sweep(collectors, clock);
    } else {
      write_line(folder, line);
    }
  }
  sweep(collectors, clock);
  sweep(collectors, clock);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  return 0;
}
