#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "collectors/collector.hpp"
#include "core/result.hpp"

namespace hale::agent {

struct HaledArguments {
  std::filesystem::path config;  ///< empty = {}
  SystemRoots roots;
  std::filesystem::path replay;
  double speed{1};
};

struct Usage {
  int exit_code{};
  std::string text;  ///< to print
};
/// Pure. Help, version and mistakes come back as Usage.
tl::expected<HaledArguments, Usage> parse_haled_arguments(const std::vector<std::string>& words);

/// Runs the service until SIGTERM: composes collectors, agent, control, uploads. Returns the exit code.
/// `restart` replaces this process by a fresh one (a collector hung); it does not return when it works.
int run_haled(const HaledArguments& arguments, const std::function<void()>& restart);

}  // namespace hale::agent
