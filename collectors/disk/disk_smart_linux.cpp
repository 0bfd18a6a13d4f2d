#include "collectors/disk/disk_smart_linux.hpp"

#include <fmt/format.h>

#include "platform/parse/ata.hpp"
#include "platform/parse/nvme.hpp"
#include "platform/parse/smartctl.hpp"
#include "platform/process.hpp"

namespace hale {
namespace {

constexpr std::chrono::milliseconds kSmartctlDeadline{10'000};

Result<SmartReading> read_nvme(const DiskInfo& disk, ProbeClient& probe) {
  SmartReading reading;
  const auto health = probe.ask("nvme-smart", disk.node);
  if (!health) return fail(health.error());
  if (auto ok = parse_nvme_smart(health->bytes, reading.report); !ok) return fail(ok.error());
  // Only the critical temperature comes from here: its absence is no failure.
  if (const auto identify = probe.ask("nvme-identify", disk.node))
    std::ignore = parse_nvme_identify(identify->bytes, reading.report);
  return reading;
}

// An extra that the drive may not have, or whose sector may be damaged: absent then.
template <class Parse>
bool ask_extra(ProbeClient& probe, const DiskInfo& disk, const char* query, Parse parse) {
  const auto answer = probe.ask(query, disk.node);
  if (!answer) return answer.error().code != Errc::timeout;
  if (!answer->asleep && !answer->bytes.empty()) parse(answer->bytes);
  return true;
}

Result<SmartReading> read_ata(const DiskInfo& disk, ProbeClient& probe) {
  SmartReading reading;
  auto& report = reading.report;
  const auto mode = probe.ask("ata-power-mode", disk.node);
  if (!mode) return fail(mode.error());
  const auto count = parse_ata_power_mode(mode->bytes);
  if (!count) return fail(count.error());
  reading.asleep = *count <= 0x01;  // 00h and 01h: standby
  if (reading.asleep) return reading;
  const auto identify = probe.ask("ata-identify", disk.node);
  if (!identify) return fail(identify.error());
  if (identify->asleep) return SmartReading{true, {}};
  if (auto ok = parse_ata_identify(identify->bytes, report); !ok) return fail(ok.error());
  if (report.smart_enabled == false)
    return fail(Errc::unsupported, "SMART is switched off in this disk (smartctl -s on switches it on)");
  const auto data = probe.ask("ata-smart-data", disk.node);
  if (!data) return fail(data.error());
  if (data->asleep) return SmartReading{true, {}};
  if (auto ok = parse_ata_smart_data(data->bytes, report); !ok) return fail(ok.error());
  const auto set_verdict = [&](std::string_view sense) {
    if (const auto passed = parse_ata_smart_status(sense)) report.self_assessment = *passed;
  };
  // A disk that lets one question time out is not asked the next.
  const bool answers = ask_extra(probe, disk, "ata-smart-thresholds",
                                 [&](auto bytes) { std::ignore = parse_ata_smart_thresholds(bytes, report); }) &&
                       ask_extra(probe, disk, "ata-smart-status", set_verdict) &&
                       ask_extra(probe, disk, "ata-selftest-log",
                                 [&](auto bytes) { std::ignore = parse_ata_self_test_log(bytes, report); });
  if (answers)
    ask_extra(probe, disk, "ata-error-log", [&](auto bytes) { std::ignore = parse_ata_error_log(bytes, report); });
  return reading;
}

Result<SmartReading> read_smartctl(const DiskInfo& disk, const std::filesystem::path& smartctl) {
  ProcessSpec spec;
  spec.program = smartctl;
  spec.arguments = {"--json", "-n", "standby", "-a", fmt::format("/dev/{}", disk.node)};
  spec.deadline = kSmartctlDeadline;
  const auto result = run_process(spec);
  if (!result) return fail(result.error());
  auto report = parse_smartctl_json(result->output);
  if (report) return SmartReading{false, std::move(*report)};
  const auto& said = report.error().message;
  if (said.find("STANDBY") != std::string::npos || said.find("SLEEP") != std::string::npos)
    return SmartReading{true, {}};
  return fail(std::move(report.error()));
}

bool may_help(Errc code) { return code != Errc::timeout && code != Errc::not_found; }

}  // namespace

Result<SmartReading> read_smart(const DiskInfo& disk, ProbeClient& probe, const std::filesystem::path& smartctl) {
  auto native = disk.nvme ? read_nvme(disk, probe) : read_ata(disk, probe);
  if (native || smartctl.empty() || !may_help(native.error().code)) return native;
  auto other = read_smartctl(disk, smartctl);
  if (other) return other;
  return fail(native.error().code, fmt::format("{}; {}", native.error().message, other.error().message));
}

}  // namespace hale
