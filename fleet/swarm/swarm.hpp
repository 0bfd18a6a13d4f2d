#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace hale::swarm {

/// How a device connects for an upload.
enum class Connect : std::uint8_t {
  kept,     ///< one connection for all
  resumed,  ///< a new one each, resuming the TLS session of the one before: what hale-upload does
  full,     ///< a new one each, with a full handshake
};

struct Options {
  std::string token_text;
  std::filesystem::path work;  ///< folder for the devices' states; exists
  std::string upload_url;      ///< uploads go here in place of the fleet (a peer in a benchmark); empty: the fleet
  int devices{10};
  std::chrono::milliseconds time{10'000};  ///< of uploading
  double rate{0};                          ///< uploads a second over all devices; 0 = as fast as it goes
  Connect connect{Connect::kept};
  int threads{1};
  std::chrono::milliseconds hold{0};  ///< keep the connections open that long afterwards
  bool allow_remote{false};
  const std::atomic<bool>* cancel{};
};

struct Report {
  int enrolled{};
  double enrol_s{}, upload_s{};
  std::uint64_t uploads{}, accepted{}, rejected{}, failed{};
  std::vector<double> latency_ms;  ///< of each answered upload, connecting included; ascending
  std::string first_error;
};

/// Enrols that many simulated devices with the uploader's own code and lets each upload five-minute summaries through
/// its own outbox. Errors: permission (the target is not this machine and that was not allowed), invalid_input (token,
/// bounds), and what enrolling says. `holding` runs before the connections are held.
Result<Report> run(const Options& options, const std::function<void(const Report&)>& holding);

/// This machine itself, by address or as "localhost".
bool is_loopback(std::string_view url);
/// The value below which that part (0..1) of ascending values lies; 0 without any.
double percentile(const std::vector<double>& ascending, double part);

}  // namespace hale::swarm
