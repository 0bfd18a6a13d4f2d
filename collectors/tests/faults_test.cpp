// What goes wrong when sensors are read: once reported, never in the way of the others.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "collectors/sensor_file_linux.hpp"
#include "collectors/sweep.hpp"
#include "collectors/tests/machine.hpp"
#include "collectors/tests/unprivileged.hpp"
#include "core/text.hpp"

namespace hale::test {
namespace {

using namespace std::chrono_literals;

/// A process whose files under /proc say ESRCH once it has ended: as an attribute of a device that was pulled out says
/// ENODEV.
class ShortLived {
 public:
  ShortLived() : pid_(fork()) {
    if (pid_ == 0) {
      pause();
      _exit(0);
    }
    REQUIRE(pid_ > 0);
  }
  ~ShortLived() { end(); }
  ShortLived(const ShortLived&) = delete;
  ShortLived& operator=(const ShortLived&) = delete;
  std::string file() const { return "/proc/" + std::to_string(pid_) + "/oom_score_adj"; }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_;
};

TEST_CASE("an energy counter that only root may read is reported once, with what to do") {
  Machine machine("sys/class/powercap/intel-rapl:0/name\tpackage-0\nsys/class/powercap/intel-rapl:0/energy_uj\t1000\n");
  std::filesystem::permissions(machine.path() / "sys/class/powercap/intel-rapl:0/energy_uj",
                               std::filesystem::perms::none);
  std::filesystem::permissions(machine.path(), std::filesystem::perms::all);
  const auto collector = find_collector(machine.environment(), "power");
  const Unprivileged now;
  const auto first = machine.sweep(*collector);
  REQUIRE(first.partial_errors.size() == 1);
  CHECK(first.partial_errors[0].collector == "power");
  CHECK(first.partial_errors[0].what == "package-0");
  CHECK(first.partial_errors[0].error.code == Errc::permission);
  CHECK(first.partial_errors[0].error.message.find("udev rule") != std::string::npos);
  for (int sweep = 0; sweep < 400; ++sweep) {
    machine.pass(10s);
    CHECK(machine.sweep(*collector).partial_errors.empty());
  }
  CHECK(collector->status().state == CollectorState::error);
  CHECK(collector->status().detail.find("package-0") != std::string::npos);
}

TEST_CASE("a class folder that may not be listed is an error of the collector, not silence") {
  Machine machine("sys/class/hwmon/hwmon0/name\tx\n");
  std::filesystem::permissions(machine.path(), std::filesystem::perms::all);
  std::filesystem::permissions(machine.path() / "sys/class/hwmon", std::filesystem::perms::none);
  const auto collector = find_collector(machine.environment(), "fan");
  {
    const Unprivileged now;
    CHECK(machine.sweep(*collector).partial_errors.size() == 1);
  }
  CHECK(collector->status().state == CollectorState::error);
  CHECK(collector->status().detail.find("hwmon") != std::string::npos);
  std::filesystem::permissions(machine.path() / "sys/class/hwmon", std::filesystem::perms::all);
}

TEST_CASE("a chip that vanishes between two sweeps is reported once, at once, however many sensors it had") {
  ShortLived device;
  std::string tree =
      "sys/class/hwmon/hwmon0/name\tstays\nsys/class/hwmon/hwmon0/temp1_input\t30000\nsys/class/hwmon/hwmon1/"
      "name\tgoes\n";
  for (int i = 1; i < 6; ++i)
    tree += "sys/class/hwmon/hwmon1/temp" + std::to_string(i) + "_input\t-> " + device.file() + "\n";
  Machine machine(tree);
  const auto collector = find_collector(machine.environment(), "temperature");
  CHECK(machine.sweep(*collector).readings.size() == 6);
  device.end();
  machine.change("sys/class/hwmon/hwmon1\t!gone\n");
  const auto sweep = machine.sweep(*collector);
  REQUIRE(sweep.partial_errors.size() == 1);
  CHECK(sweep.partial_errors[0].what == "goes-virtual-0");
  CHECK(sweep.partial_errors[0].error.code == Errc::not_found);
  CHECK(sweep.readings.size() == 1);
  machine.pass(10s);
  CHECK(machine.sweep(*collector).partial_errors.empty());
}

TEST_CASE("a sensor whose device is gone although its chip is listed costs no new search at every sweep") {
  ShortLived device;
  Machine machine("sys/class/hwmon/hwmon0/name\thalf\nsys/class/hwmon/hwmon0/temp1_input\t-> " + device.file() +
                  "\nsys/class/hwmon/hwmon0/temp2_input\t30000\n");
  const auto collector = find_collector(machine.environment(), "temperature");
  machine.sweep(*collector);
  device.end();
  machine.pass(10s);
  CHECK(machine.sweep(*collector).partial_errors.size() == 1);
  machine.pass(10s);
  const auto later = machine.sweep(*collector);
  CHECK(later.partial_errors.empty());
  CHECK(value_of(later, "hw.temperature/half-virtual-0.temp2") == 30.0);
}

TEST_CASE("sensors that fail each in their own way are told at most once, and hold up none of the others") {
  const std::string chip = "sys/class/hwmon/hwmon0/";
  Machine machine(chip + "name\todd\n" + chip + "temp1_input\t30000\n" + chip +
                  "temp1_label\tCaf\\xe9 \\xff\n" +            // not UTF-8
                  chip + "temp2_input\t-> /proc/self/mem\n" +  // EIO
                  chip + "temp3_input\t\n" +                   // 0 bytes
                  chip + "temp4_input\t!fifo\n" +              // would block for ever
                  chip + "temp5_input\tn/a\n" + chip + "temp6_input\t31000\n");
  const auto collector = find_collector(machine.environment(), "temperature");
  std::map<std::string, int> told;
  for (int sweep = 0; sweep < 5; ++sweep) {
    const auto seen = machine.sweep(*collector);
    CHECK(seen.readings.size() == 2);
    CHECK(value_of(seen, "hw.temperature/odd-virtual-0.temp6") == 31.0);
    for (const auto& error : seen.partial_errors) ++told[error.what];
    for (const auto& component : seen.components) CHECK(sanitize_utf8(component.name) == component.name);
    machine.pass(10s);
  }
  CHECK(told["odd-virtual-0.temp2"] == 1);
  CHECK(told["odd-virtual-0.temp5"] == 1);
  for (const auto& [what, times] : told) {
    INFO(what);
    CHECK(times == 1);
  }
  CHECK(collector->status().detail.find("temp2") != std::string::npos);
}

TEST_CASE("a failure that comes and goes is told again at most once an hour") {
  FaultLog faults("temperature");
  Collection out;
  for (int minute = 0; minute < 180; ++minute) {
    out.time = from_unix_ms(60'000LL * minute);
    faults.failed(out, "sensor", Error{Errc::io, "EIO"});
    faults.worked("sensor");
  }
  CHECK(out.partial_errors.size() == 3);
}

TEST_CASE("a failure of another kind is told at once") {
  FaultLog faults("temperature");
  Collection out;
  faults.failed(out, "sensor", Error{Errc::io, "EIO"});
  faults.failed(out, "sensor", Error{Errc::permission, "EPERM"});
  CHECK(out.partial_errors.size() == 2);
  CHECK(faults.summary() == "sensor: EPERM");
}

TEST_CASE("an attribute is kept open and read anew each time") {
  Machine machine("sys/value\t1\n");
  SensorFile file(machine.path() / "sys/value");
  CHECK(file.read_int() == 1);
  machine.change("sys/value\t-273200\n");
  CHECK(file.read_int() == -273200);
  machine.change("sys/value\t12 34\n");
  CHECK(file.read_int().error().code == Errc::invalid_input);
  machine.change("sys/value\t99999999999999999999\n");
  CHECK(file.read_int().error().code == Errc::invalid_input);
  machine.change("sys/value\t\n");
  CHECK(file.read_int().error().code == Errc::unsupported);
  machine.change("sys/value\t7\n");
  CHECK(file.read_int() == 7);
}

TEST_CASE("text of an attribute is valid UTF-8, bounded and without control characters") {
  Machine machine("sys/label\t  Fan\\x01 \\xff\\xfe links  \nsys/long\t" + std::string(4000, 'x') + "\n");
  CHECK(read_text_once(machine.path() / "sys/label").value() == "Fan  \xEF\xBF\xBD\xEF\xBF\xBD links");
  CHECK(read_text_once(machine.path() / "sys/long").value().size() <= 256);
  CHECK(read_text_once(machine.path() / "sys/none").error().code == Errc::not_found);
}

}  // namespace
}  // namespace hale::test
