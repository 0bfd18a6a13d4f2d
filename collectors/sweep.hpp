#pragma once
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.hpp"
#include "platform/clock.hpp"

/// What every collector of many small sensors needs: reporting each failure once, describing components once, looking
/// for new devices seldom.
namespace hale {

/// Adds a reading at the sweep's time.
void add_reading(Collection& out, Metric metric, std::string_view component, double value, std::string_view key = {});

/// Reports a failure when it begins or changes its kind; one that comes and goes is said again at most once an hour.
class FaultLog {
 public:
  explicit FaultLog(std::string_view collector) : collector_(collector) {}
  void failed(Collection& out, const std::string& what, const Error& error);
  /// Call on every success: costs nothing while nothing failed.
  void worked(const std::string& what);
  void forget(const std::string& what) { faults_.erase(what); }
  /// Failures that last, for status(): "a: reason; b: reason", shortened; empty when there are none.
  std::string summary() const;
  bool any() const;

 private:
  struct Fault {
    Error error;
    Timestamp reported;
    bool lasting{true};
  };
  std::string collector_;
  std::map<std::string, Fault> faults_;
};

/// Tells components when they are new or changed, all of them when asked.
class ComponentBook {
 public:
  /// What exists now; replaces what was set before.
  void set(std::vector<Component> components);
  void tell(Collection& out, bool describe_all);
  const std::vector<Component>& components() const { return components_; }

 private:
  std::vector<Component> components_;
  std::map<std::string, Component> told_;
  bool pending_{false};
};

/// True at first, and then once per `every` of steady time.
class EverySoOften {
 public:
  explicit EverySoOften(std::chrono::seconds every) : every_(every) {}
  bool due(Clock::Steady now);
  void reset() { started_ = false; }

 private:
  std::chrono::seconds every_;
  Clock::Steady last_{};
  bool started_{false};
};

/// How often hot-plug is looked for: one listing of a class folder.
inline constexpr std::chrono::seconds kRescanInterval{60};

/// ok when there are sensors ("3 fans": `nouns` in the plural), error when all that exist fail, else absent with
/// `hint`.
CollectorStatus status_of(std::size_t sensors, std::string_view nouns, const FaultLog& faults, std::string_view hint);

inline const Clock& clock_of(const CollectorEnvironment& environment) {
  return environment.clock != nullptr ? *environment.clock : system_clock();
}

}  // namespace hale
