#include "collectors/gpu/gpu.hpp"

#include <dlfcn.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "collectors/tests/machine.hpp"

namespace hale::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Records which files below a folder are opened or read, folders themselves included.
class OpenWatch {
 public:
  explicit OpenWatch(const fs::path& root) : inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    REQUIRE(inotify_ >= 0);
    add(root);
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.is_directory() && !entry.is_symlink()) add(entry.path());
    }
    taken();  // our own walk
  }
  ~OpenWatch() { close(inotify_); }
  OpenWatch(const OpenWatch&) = delete;
  OpenWatch& operator=(const OpenWatch&) = delete;

  std::set<std::string> taken() {
    std::set<std::string> names;
    alignas(inotify_event) std::array<char, 65536> buffer{};
    ssize_t size = 0;
    while ((size = read(inotify_, buffer.data(), buffer.size())) > 0) {
      for (ssize_t at = 0; at < size;) {
        inotify_event event{};
        std::copy_n(buffer.data() + at, sizeof event, reinterpret_cast<char*>(&event));
        const std::string name = event.len > 0 ? buffer.data() + at + sizeof event : "";
        names.insert((folders_.at(event.wd) / name).string());
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    }
    return names;
  }

 private:
  void add(const fs::path& folder) {
    const int watch = inotify_add_watch(inotify_, folder.c_str(), IN_OPEN | IN_ACCESS);
    REQUIRE(watch >= 0);
    folders_[watch] = folder;
  }
  int inotify_;
  std::map<int, fs::path> folders_;
};

std::string nvidia_tree(const std::string& status, const std::string& control) {
  const std::string device = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/";
  return "sys/bus/pci/drivers/nvidia/0000:01:00.0\t-> ../../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0\n" +
         device + "driver\t-> ../../../../bus/pci/drivers/nvidia\n" + device + "power/runtime_status\t" + status +
         "\n" + device + "power/control\t" + control + "\n";
}

struct NvidiaMachine {
  explicit NvidiaMachine(const std::string& status, const std::string& control)
      : machine(nvidia_tree(status, control)),
        collector(make_gpu_collector(machine.environment(), std::make_shared<HwmonTree>(machine.environment()),
                                     HALE_NVML_STANDIN)) {}
  Machine machine;
  std::unique_ptr<Collector> collector;
};

/// The stand-in's own counters: the library is the same one when it is loaded twice.
int counter(const char* name) {
  void* library = dlopen(HALE_NVML_STANDIN, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  const auto* value = static_cast<const int*>(dlsym(library, name));
  REQUIRE(value != nullptr);
  return *value;
}

TEST_CASE("a GPU that sleeps is never woken: none of its files but power/runtime_status is opened, by any collector") {
  Machine machine(read_all(source_dir() / "collectors/gpu/testdata/asleep-then-awake/tree.txt"));
  const auto device = machine.path() / "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0";
  OpenWatch watch(device);
  std::vector<std::unique_ptr<Collector>> collectors;
  for (const char* kind : {"temperature", "fan", "power", "cpu", "gpu", "battery", "memory"})
    collectors.push_back(find_collector(machine.environment(), kind));
  for (int sweep = 0; sweep < 14; ++sweep) {  // more than two minutes: every periodic look is among them
    for (auto& collector : collectors) machine.sweep(*collector, sweep == 5);
    machine.pass(10s);
  }
  auto touched = watch.taken();
  CHECK(touched.erase((device / "power/runtime_status").string()) == 1);  // so the watch does see what is opened
  CHECK(touched == std::set<std::string>{});
}

TEST_CASE("a GPU that may sleep is left alone for ten seconds, so that reading it does not keep it awake") {
  Machine machine(read_all(source_dir() / "collectors/gpu/testdata/asleep-then-awake/tree.txt"));
  machine.change(read_all(source_dir() / "collectors/gpu/testdata/asleep-then-awake/tree.2.txt"));
  const auto collector = find_collector(machine.environment(), "gpu");
  CHECK(value_of(machine.sweep(*collector), "hw.temperature/gpu") == 71.0);
  machine.pass(1s);
  CHECK_FALSE(value_of(machine.sweep(*collector), "hw.temperature/gpu"));
  machine.pass(9s);
  CHECK(value_of(machine.sweep(*collector), "hw.temperature/gpu") == 71.0);
}

TEST_CASE("an NVIDIA GPU that is awake is read through its library") {
  NvidiaMachine nvidia("active", "on");
  const auto sweep = nvidia.machine.sweep(*nvidia.collector);
  CHECK(sweep.partial_errors.empty());
  CHECK(value_of(sweep, "hw.temperature/gpu") == 63.0);
  CHECK(value_of(sweep, "hw.temperature.limit/gpu/critical") == 98.0);
  CHECK(value_of(sweep, "hw.power/gpu") == 74.5);
  CHECK(value_of(sweep, "hw.gpu.utilization/gpu") == Catch::Approx(0.42));
  REQUIRE(sweep.components.size() == 1);
  CHECK(sweep.components[0].model == "Halcyon RTX 9070");
  CHECK(nvidia.collector->status().state == CollectorState::ok);
}

TEST_CASE("an NVIDIA GPU that sleeps is not asked, and its library is not even opened") {
  const int before = counter("standin_sessions_opened");
  NvidiaMachine nvidia("suspended", "auto");
  const auto sweep = nvidia.machine.sweep(*nvidia.collector);
  CHECK(sweep.readings.empty());
  CHECK(sweep.partial_errors.empty());
  CHECK(counter("standin_sessions_opened") == before);
  CHECK(nvidia.collector->status().detail.find("left asleep") != std::string::npos);
}

TEST_CASE("a session is not kept open on an NVIDIA GPU that may sleep, and lasts one reading a minute") {
  const int before = counter("standin_sessions_opened");
  NvidiaMachine nvidia("active", "auto");
  for (int sweep = 0; sweep < 12; ++sweep) {
    nvidia.machine.sweep(*nvidia.collector);
    CHECK(counter("standin_sessions_open") == 0);
    nvidia.machine.pass(10s);
  }
  CHECK(counter("standin_sessions_opened") == before + 2);
}

TEST_CASE("without NVIDIA's library the GPU is reported once as unreadable, and nothing stops") {
  Machine machine(nvidia_tree("active", "on"));
  const auto collector = make_gpu_collector(machine.environment(), std::make_shared<HwmonTree>(machine.environment()),
                                            "/nowhere/libnvidia-ml.so.1");
  CHECK(machine.sweep(*collector).partial_errors.size() == 1);
  machine.pass(10s);
  CHECK(machine.sweep(*collector).partial_errors.empty());
}

TEST_CASE("a captured machine never asks this machine's NVIDIA library") {
  Machine machine(nvidia_tree("active", "on"));
  const auto collector = find_collector(machine.environment(), "gpu");
  const auto sweep = machine.sweep(*collector);
  CHECK(sweep.readings.empty());
  CHECK(sweep.partial_errors.empty());
}

}  // namespace
}  // namespace hale::test
