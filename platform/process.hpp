#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace hale {

struct ProcessSpec {
  std::filesystem::path program;  ///< absolute, or a name looked up in a fixed list of system folders; never through a shell
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  ///< replaces the parent's
  std::chrono::milliseconds deadline{10'000};
  std::size_t max_output{1u << 20};  ///< more is cut, and the child ended
  std::string input;                 ///< given to its standard input
};

struct ProcessResult {
  int exit_code{};           ///< 128 + the signal's number when a signal ended it, as shells say
  std::string output;
  std::string error_output;  ///< at most 16 KiB
  bool output_cut{false};
};

/// Runs a child to its end, in a process group of its own; whatever it leaves running in that group is killed when it ends. On the deadline the group
/// is killed (SIGKILL, so ignoring SIGTERM does not help) and reaped, and the error is timeout. A child stuck in the kernel cannot be reaped: it is
/// left behind after a second and reaped by a later call. The child dies with the calling thread. Errors: not_found, permission, timeout, io.
/// Blocks the caller; thread-safe.
Result<ProcessResult> run_process(const ProcessSpec& spec);

/// Where a program is, looked up in the folder of this program, then the system's (/usr/sbin, /usr/bin, /sbin, /bin); empty when absent.
std::filesystem::path find_program(const std::string& name);
std::filesystem::path own_folder();

}  // namespace hale
