// The captured laptop of tests/golden/machines: what the benchmark and the demo run on.
#include <time.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <set>

#include "collectors/tests/machine.hpp"

namespace hale::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kKinds[] = {"temperature", "fan", "power", "cpu", "gpu", "battery", "memory"};

std::string laptop() { return read_all(source_dir() / "tests/golden/machines/laptop40/tree.txt"); }

struct Laptop {
  Laptop() {
    for (const char* kind : kKinds) collectors.push_back(find_collector(machine.environment(), kind));
  }
  Collection sweep() {
    Collection out;
    out.time = machine.clock().now();
    for (auto& collector : collectors) collector->collect(out, false);
    machine.pass(10s);
    return out;
  }
  Machine machine{laptop()};
  std::vector<std::unique_ptr<Collector>> collectors;
};

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

TEST_CASE("the captured laptop has at least forty sensors, each with its component, and no failure") {
  Laptop pc;
  auto first = pc.sweep();
  unpack_tree(
      "proc/stat\tcpu  285512 1021 93217 9821345 12034 0 4312 0 0 0\n"
      "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj\t31565926535\n",
      pc.machine.path());
  const auto second = pc.sweep();
  CHECK(first.partial_errors.empty());
  CHECK(second.partial_errors.empty());
  CHECK(second.readings.size() >= 40);
  std::set<std::string> known;
  for (const auto& component : first.components) CHECK(known.insert(component.id).second);
  for (const auto& reading : second.readings) {
    INFO(column(reading));
    CHECK((reading.component.empty() || known.contains(reading.component)));
  }
  for (const char* needed : {"hw.temperature/cpu", "hw.temperature/gpu", "hw.temperature/acpi", "hw.power/cpu",
                             "hw.power.limit/cpu/long_term", "system.cpu.utilization", "system.cpu.frequency",
                             "hale.cpu.throttle.time", "system.uptime", "hw.battery.charge/battery",
                             "hw.battery.capacity.full/battery", "system.power.online", "hw.gpu.utilization/gpu"}) {
    INFO(needed);
    CHECK((value_of(first, needed) || value_of(second, needed)));
  }
  CHECK(value_of(first, "hw.temperature.limit/cpu/critical") == 100.0);
  CHECK(value_of(second, "hw.power/cpu") == 15.0);
  CHECK(second.context.platform_profile == "balanced");
}

TEST_CASE("a sweep over the captured laptop costs well under a millisecond of CPU") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr double kBound = 10e-3;
#else
  constexpr double kBound = 1e-3;
#endif
  Laptop pc;
  pc.sweep();
  constexpr int kSweeps = 60;  // ten minutes: periodic looks for new devices are part of the price
  const double before = cpu_seconds();
  for (int i = 0; i < kSweeps; ++i) pc.sweep();
  const double each = (cpu_seconds() - before) / kSweeps;
  INFO("microseconds of CPU a sweep: " << each * 1e6);
  CHECK(each < kBound);
  if (std::getenv("HALE_SHOW_COST") != nullptr) WARN("microseconds of CPU a sweep: " << each * 1e6);
}

TEST_CASE("tests/support/unpack_tree lays out the same tree as the tests do") {
  const Machine ours(laptop() +
                     "sys/odd/escapes\ta\\tb\\\\c\\nd\\x41\nsys/odd/empty\t\nsys/odd/pipe\t!fifo\nsys/odd/folder/\n");
  const TemporaryFolder work;
  const auto text = work.path() / "tree.txt";
  std::ofstream(text)
      << laptop() << "sys/odd/escapes\ta\\tb\\\\c\\nd\\x41\nsys/odd/empty\t\nsys/odd/pipe\t!fifo\nsys/odd/folder/\n";
  const auto script = (source_dir() / "tests/support/unpack_tree").string();
  REQUIRE(std::system((script + " " + text.string() + " " + (work.path() / "out").string()).c_str()) == 0);
  const auto compare =
      "cd " + work.path().string() + " && diff -r --no-dereference -x pipe out " + ours.path().string();
  CHECK(std::system(compare.c_str()) == 0);
  CHECK(std::filesystem::is_fifo(work.path() / "out/sys/odd/pipe"));
}

TEST_CASE("unpack_tree refuses a path that leaves its folder") {
  const TemporaryFolder work;
  std::ofstream(work.path() / "tree.txt") << "sys/../../escaped\tx\n";
  const auto script = (source_dir() / "tests/support/unpack_tree").string();
  CHECK(std::system(
            (script + " " + (work.path() / "tree.txt").string() + " " + (work.path() / "out").string() + " 2>/dev/null")
                .c_str()) != 0);
}

}  // namespace
}  // namespace hale::test
