#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.hpp"
#include "platform/clock.hpp"
#include "tests/support/data.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/tree.hpp"

namespace hale::test {

/// A captured machine in a temporary folder, with the collectors that look at it.
class Machine {
 public:
  explicit Machine(const std::string& tree = {}) {
    unpack_tree(tree, folder_.path());
    environment_.roots = {folder_.path() / "sys", folder_.path() / "proc", folder_.path() / "dev", true};
    environment_.serial_salt = "a salt of at least 16 bytes";
    environment_.clock = &clock_;
  }

  /// Changes files, waits as long as the text says (else 10 s).
  void change(const std::string& tree) { clock_.advance(std::chrono::seconds(unpack_tree(tree, folder_.path()))); }
  void pass(std::chrono::milliseconds time) { clock_.advance(time); }
  FakeClock& clock() { return clock_; }
  std::filesystem::path path() const { return folder_.path(); }
  CollectorEnvironment& environment() { return environment_; }

  Collection sweep(Collector& collector, bool describe_all = false) {
    Collection out;
    out.time = clock_.now();
    collector.collect(out, describe_all);
    return out;
  }

 private:
  TemporaryFolder folder_;
  FakeClock clock_;
  CollectorEnvironment environment_;
};

inline std::unique_ptr<Collector> find_collector(const CollectorEnvironment& environment, std::string_view name) {
  for (auto& collector : make_collectors(environment)) {
    if (collector->name() == name) return std::move(collector);
  }
  FAIL("no collector is called " << name);
  return nullptr;
}

/// "hw.temperature/cpu", "hw.temperature.limit/cpu/critical", "system.uptime".
inline std::string column(const Reading& reading) {
  std::string text(info(reading.metric).name);
  if (!reading.component.empty()) text += "/" + reading.component;
  if (!reading.key.empty()) text += "/" + reading.key;
  return text;
}

inline std::optional<double> value_of(const Collection& sweep, std::string_view name) {
  for (const auto& reading : sweep.readings) {
    if (column(reading) == name) return reading.value;
  }
  return std::nullopt;
}

inline std::string_view name_of(Errc code) {
  switch (code) {
    case Errc::invalid_input:
      return "invalid_input";
    case Errc::not_found:
      return "not_found";
    case Errc::permission:
      return "permission";
    case Errc::unsupported:
      return "unsupported";
    case Errc::timeout:
      return "timeout";
    case Errc::unavailable:
      return "unavailable";
    case Errc::io:
      return "io";
    case Errc::conflict:
      return "conflict";
    case Errc::internal:
      return "internal";
  }
  return {};
}

}  // namespace hale::test
