#include "collectors/cpu/proc_stat.hpp"

#include <array>

#include "core/text.hpp"

namespace hale {

std::optional<CpuTimes> parse_proc_stat(std::string_view text) {
  // user nice system idle iowait irq softirq steal [guest guest_nice]
  constexpr std::size_t kIdle = 3;
  constexpr std::size_t kIowait = 4;
  constexpr std::size_t kSteal = 7;
  const auto line = text.substr(0, text.find('\n'));
  if (!line.starts_with("cpu ")) return std::nullopt;
  CpuTimes times;
  std::size_t field = 0;
  for (const auto word : split(line.substr(4), ' ')) {
    if (word.empty()) continue;
    const auto value = parse_uint(word);
    if (!value) return std::nullopt;
    if (field > kSteal) break;
    times.total += *value;
    if (field != kIdle && field != kIowait) times.busy += *value;
    ++field;
  }
  if (field <= kIdle) return std::nullopt;
  return times;
}

std::optional<double> utilisation(const CpuTimes& before, const CpuTimes& after) {
  // iowait may go backwards (proc(5)): then total can, while busy does not.
  if (after.total <= before.total || after.busy < before.busy) return std::nullopt;
  const auto share = static_cast<double>(after.busy - before.busy) / static_cast<double>(after.total - before.total);
  return share > 1.0 ? 1.0 : share;
}

}  // namespace hale
