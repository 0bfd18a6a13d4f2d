#include <fmt/format.h>

#include <cmath>

#include "agent/service/haled.hpp"
#include "core/text.hpp"

namespace hale::agent {
namespace {

constexpr std::string_view kHelp = R"(haled: watches this PC's health. Runs in the foreground until SIGTERM.
  --config FILE   JSON configuration; without it every default holds, as with {}
  --sysfs DIR     stands in for /sys
  --procfs DIR    stands in for /proc
  --devfs DIR     stands in for /dev
  --replay FILE   a recording (.csv, .csv.gz) instead of this machine's sensors
  --speed N       how many times faster than recorded; 0 = as fast as it can (default 1)
  --version, --help
State lies in $HALE_STATE_DIR, else $STATE_DIRECTORY, else /var/lib/hale.
)";

Usage mistake(std::string what) { return {2, fmt::format("haled: {}; --help lists the options\n", what)}; }

Result<double> parse_speed(std::string_view text) {
  const auto speed = parse_double(text);
  if (!speed || !std::isfinite(*speed) || *speed < 0)
    return fail(Errc::invalid_input, fmt::format("--speed must be a number from 0, is \"{}\"", text));
  return *speed;
}

}  // namespace

tl::expected<HaledArguments, Usage> parse_haled_arguments(const std::vector<std::string>& words) {
  HaledArguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view name = words[i];
    if (name == "--help" || name == "-h") return tl::unexpected(Usage{0, std::string(kHelp)});
    if (name == "--version") return tl::unexpected(Usage{0, "haled " HALE_VERSION "\n"});
    std::string value;
    const auto equals = name.find('=');
    const bool joined = equals != std::string_view::npos;
    if (joined) {
      value = std::string(name.substr(equals + 1));
      name = name.substr(0, equals);
    }
    const bool known = name == "--config" || name == "--sysfs" || name == "--procfs" || name == "--devfs" ||
                       name == "--replay" || name == "--speed";
    if (!known) return tl::unexpected(mistake(fmt::format("unknown option {}", name)));
    if (!joined) {
      if (i + 1 >= words.size()) return tl::unexpected(mistake(fmt::format("{} needs a value", name)));
      value = words[++i];
    }
    if (name == "--config") arguments.config = value;
    if (name == "--replay") arguments.replay = value;
    if (name == "--sysfs") arguments.roots.sys = value;
    if (name == "--procfs") arguments.roots.proc = value;
    if (name == "--devfs") arguments.roots.dev = value;
    if (name == "--sysfs" || name == "--procfs" || name == "--devfs") arguments.roots.captured = true;
    if (name != "--speed") continue;
    const auto speed = parse_speed(value);
    if (!speed) return tl::unexpected(mistake(speed.error().message));
    arguments.speed = *speed;
  }
  return arguments;
}

}  // namespace hale::agent
