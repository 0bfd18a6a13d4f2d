#pragma once
#include <filesystem>
#include <string>

#include "tests/realdata/pipeline.hpp"

/// Other people's machines, each taken through the whole pipeline. What they were is written in the data's MANIFEST.
namespace hale::test {

/// A kernel log (plain or gzip; kmsg records, dmesg or syslog lines) through the events collector. Healthy logs carry
/// no usable dates: a sweep of 500 lines counts as ten seconds.
Pipeline::Tally judge_kernel_log(const rules::RuleSet& rules, const std::filesystem::path& log);

/// A Windows event log as exported XML, at its own times.
Pipeline::Tally judge_windows_log(const rules::RuleSet& rules, const std::filesystem::path& log);

/// What one look at a machine tells: an output of `sensors`, a captured /sys, a battery as upower prints it.
Pipeline::Tally judge_sensors(const rules::RuleSet& rules, const std::filesystem::path& output,
                              std::map<std::string, std::pair<double, double>>& extremes);
Pipeline::Tally judge_sysfs(const rules::RuleSet& rules, const std::filesystem::path& archive, const std::string& root,
                            std::map<std::string, std::pair<double, double>>& extremes);
Pipeline::Tally judge_battery(const rules::RuleSet& rules, const std::filesystem::path& output);

/// Series of temperatures, speeds and powers: every column with a unit in brackets ("[RPM]", "[W]", "[°C]") is a
/// component of its own. One row counts as `seconds`.
Pipeline::Tally judge_hwinfo(const rules::RuleSet& rules, const std::filesystem::path& log, int seconds,
                             std::map<std::string, std::pair<double, double>>& extremes);
/// sbc-bench's series: many runs, each a machine.
Pipeline::Tally judge_sbc_bench(const rules::RuleSet& rules, const std::filesystem::path& series,
                                std::map<std::string, std::pair<double, double>>& extremes);

}  // namespace hale::test
