#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "collectors/collector.hpp"

namespace hale {

/// What a disk answered to one question of hale-probe's list.
struct ProbeAnswer {
  bool asleep{false};  ///< then there are no bytes
  std::string bytes;
};

/// Asks disks through whatever there is. One question at a time, from one thread; each ends within its deadline.
class ProbeClient {
 public:
  virtual ~ProbeClient() = default;
  /// `node` is "sda" or "nvme0". Errors: unavailable (no way to ask), permission, unsupported, not_found, timeout, io.
  virtual Result<ProbeAnswer> ask(std::string_view query, std::string_view node) = 0;
};

/// A captured machine's answers, files <dev>/<node>.<query>; this machine's: the socket /run/hale/probe.sock when it
/// exists, else hale-probe as a child when `environment.probe` names it. The deadline of a question is 8 s.
std::unique_ptr<ProbeClient> make_probe_client(const CollectorEnvironment& environment,
                                               std::filesystem::path socket = "/run/hale/probe.sock");

}  // namespace hale
