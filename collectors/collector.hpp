#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/reading.hpp"

namespace hale {

class Clock;

/// Where the OS shows its hardware. Injectable, so that a captured machine can stand in for this one.
struct SystemRoots {
  std::filesystem::path sys{"/sys"};
  std::filesystem::path proc{"/proc"};
  std::filesystem::path dev{"/dev"};
  /// True when any root is not this machine's own: then nothing outside the roots is asked (no ioctl, journal,
  /// smartctl, statvfs).
  bool captured{false};
};

enum class CollectorState { ok, absent, error };
std::string_view to_string(CollectorState state);

/// What `hale status` and `hale doctor` say of a collector.
struct CollectorStatus {
  CollectorState state{CollectorState::absent};
  std::string detail;  ///< for people: what is absent or wrong, and what would help
};

/// One kind of telemetry from one OS. A collector finds its devices by itself (hot-plug included), keeps files open
/// between sweeps where that is cheaper, and never throws. Used from one thread.
class Collector {
 public:
  virtual ~Collector() = default;
  virtual std::string_view name() const = 0;  ///< "temperature", "fan", ...
  /// Shortest sensible time between two collections: 0 = every sweep; disks and inventory are slower.
  virtual std::chrono::seconds interval() const { return std::chrono::seconds(0); }
  /// Adds what it sees now to `out`, everything at out.time. Failures go to out.partial_errors, once per state change.
  /// Components are added when they are new or changed since the last call, and all of them when `describe_all`.
  virtual void collect(Collection& out, bool describe_all) = 0;
  virtual CollectorStatus status() const = 0;
  /// Where it stopped reading, for collectors that read on from there; to be kept and handed back in
  /// CollectorEnvironment::bookmarks after a restart. Opaque, at most 1 KiB; empty = none.
  virtual std::string bookmark() const { return {}; }
};

/// Everything a collector may need from its surroundings.
struct CollectorEnvironment {
  SystemRoots roots;
  std::filesystem::path probe;                    ///< hale-probe; empty = not available
  std::filesystem::path smartctl;                 ///< empty = not installed
  std::string serial_salt;                        ///< keys the hash of serial numbers
  std::chrono::milliseconds disk_patience{1000};  ///< a collection waits so long for disks' health at most
  const Clock* clock{nullptr};                    ///< null = the system's; tests own their time
  std::map<std::string, std::string> bookmarks;   ///< by collector's name: what its bookmark() said last time
};

/// All collectors of this OS, in the order they run.
std::vector<std::unique_ptr<Collector>> make_collectors(const CollectorEnvironment& environment);

}  // namespace hale
