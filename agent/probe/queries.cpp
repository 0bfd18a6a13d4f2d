#include "agent/probe/queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "core/text.hpp"
#include "platform/device_io_linux.hpp"
#include "platform/files.hpp"
#include "platform/parse/ata.hpp"

namespace hale::probe {
namespace {

constexpr std::uint8_t kSmart = 0xb0, kIdentifyDevice = 0xec, kCheckPowerMode = 0xe5;
constexpr std::uint8_t kReadData = 0xd0, kReadThresholds = 0xd1, kReadLog = 0xd5, kReturnStatus = 0xda;
constexpr std::uint8_t kSmartMid = 0x4f, kSmartHigh = 0xc2;  // the signature every SMART command carries
constexpr std::uint8_t kErrorLog = 0x01, kSelfTestLog = 0x06;
constexpr int kStandby = 0x00, kStandbyY = 0x01;

constexpr auto kQueries = std::to_array<Query>({
    {"nvme-smart", "/dev/nvmeN", "NVMe SMART / health log page 2, 512 bytes"},
    {"nvme-identify", "/dev/nvmeN", "NVMe identify controller, 4096 bytes"},
    {"ata-identify", "/dev/sdX", "IDENTIFY DEVICE, 512 bytes"},
    {"ata-smart-data", "/dev/sdX", "SMART READ DATA, 512 bytes"},
    {"ata-smart-thresholds", "/dev/sdX", "SMART READ THRESHOLDS, 512 bytes"},
    {"ata-smart-status", "/dev/sdX", "SMART RETURN STATUS, 64 bytes of sense data"},
    {"ata-selftest-log", "/dev/sdX", "SMART self-test log, 512 bytes"},
    {"ata-error-log", "/dev/sdX", "SMART summary error log, 512 bytes"},
    {"ata-power-mode", "/dev/sdX", "CHECK POWER MODE, 64 bytes of sense data; answers for a sleeping disk too"},
    {"rapl", "intel-rapl:N[:M]", "energy counter of a power domain (energy_uj), as text"},
});

Answer refused(const Error& error) {
  return {error.code == Errc::invalid_input ? Outcome::bad_request : Outcome::failed, {}, error.message};
}

template <class T>
Answer answer_of(const Result<T>& result, std::string T::*field) {
  return result ? Answer{Outcome::ok, (*result).*field, {}} : refused(result.error());
}

Answer ask_nvme(std::string_view path, std::uint8_t opcode, std::uint32_t namespace_id, std::uint32_t cdw10,
                std::uint32_t bytes) {
  const auto disk = DiskDevice::open(path);
  if (!disk) return refused(disk.error());
  if (disk->kind() != DiskDevice::Kind::nvme_controller)
    return {Outcome::bad_request, {}, std::string(path) + " is not an NVMe controller"};
  auto data = nvme_admin_read(*disk, opcode, namespace_id, cdw10, bytes);
  return data ? Answer{Outcome::ok, std::move(*data), {}} : refused(data.error());
}

Result<AtaReply> power_mode(const DiskDevice& disk) {
  AtaCommand command;
  command.command = kCheckPowerMode;
  return ata_pass_through(disk, command);
}

Answer ask_ata(std::string_view path, const AtaCommand& command) {
  const auto disk = DiskDevice::open(path);
  if (!disk) return refused(disk.error());
  if (disk->kind() != DiskDevice::Kind::scsi_disk)
    return {Outcome::bad_request, {}, std::string(path) + " is not a SATA disk"};
  const auto mode = power_mode(*disk);
  // A drive that cannot say whether it sleeps is not asked anything that could wake it.
  if (!mode) return refused(mode.error());
  const auto count = parse_ata_power_mode(mode->sense);
  if (command.command == kCheckPowerMode) return {Outcome::ok, mode->sense, {}};
  if (!count) return refused(count.error());
  if (*count == kStandby || *count == kStandbyY)
    return {Outcome::asleep, {}, std::string(path) + " is asleep and stays so"};
  const auto reply = ata_pass_through(*disk, command);
  return answer_of(reply, command.read_sectors != 0 ? &AtaReply::data : &AtaReply::sense);
}

AtaCommand smart(std::uint8_t feature, std::uint8_t log = 0) {
  return {kSmart, feature, log, kSmartMid, kSmartHigh, feature != kReturnStatus ? std::uint8_t{1} : std::uint8_t{0}};
}

// Domain names as powercap makes them; nothing else may become part of the path.
bool is_rapl_domain(std::string_view name) {
  if (!name.starts_with("intel-rapl:") || name.size() > 24) return false;
  const auto rest = name.substr(11);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (rest.empty() || !digit(rest.front()) || !digit(rest.back()) || rest.find("::") != std::string_view::npos)
    return false;
  return std::all_of(rest.begin(), rest.end(), [&](char c) { return digit(c) || c == ':'; });
}

Answer ask_rapl(std::string_view domain) {
  if (!is_rapl_domain(domain)) return {Outcome::bad_request, {}, "a RAPL domain reads intel-rapl:N or intel-rapl:N:M"};
  auto text = read_file(fmt::format("/sys/class/powercap/{}/energy_uj", domain), 64);
  return text ? Answer{Outcome::ok, std::move(*text), {}} : refused(text.error());
}

}  // namespace

std::span<const Query> queries() { return kQueries; }

Answer ask(std::string_view query, std::string_view argument) {
  // All namespaces; 512 bytes are 128 dwords, counted from 0.
  if (query == "nvme-smart") return ask_nvme(argument, 0x02, 0xffffffffU, 0x02U | (127U << 16U), 512);
  if (query == "nvme-identify") return ask_nvme(argument, 0x06, 0, 1, 4096);
  if (query == "ata-identify") return ask_ata(argument, {kIdentifyDevice, 0, 0, 0, 0, 1});
  if (query == "ata-smart-data") return ask_ata(argument, smart(kReadData));
  if (query == "ata-smart-thresholds") return ask_ata(argument, smart(kReadThresholds));
  if (query == "ata-smart-status") return ask_ata(argument, smart(kReturnStatus));
  if (query == "ata-selftest-log") return ask_ata(argument, smart(kReadLog, kSelfTestLog));
  if (query == "ata-error-log") return ask_ata(argument, smart(kReadLog, kErrorLog));
  if (query == "ata-power-mode") return ask_ata(argument, {kCheckPowerMode, 0, 0, 0, 0, 0});
  if (query == "rapl") return ask_rapl(argument);
  return {Outcome::bad_request, {}, fmt::format("unknown query '{}'; --help lists them", sanitize_utf8(query, 32))};
}

std::string serve_line(std::string_view line) {
  const auto parts = split(trim(line), ' ');
  const auto answer =
      parts.size() == 2 ? ask(parts[0], parts[1]) : Answer{Outcome::bad_request, {}, "a request reads QUERY ARGUMENT"};
  switch (answer.outcome) {
    case Outcome::ok:
      return fmt::format("ok {}\n{}", answer.bytes.size(), answer.bytes);
    case Outcome::asleep:
      return fmt::format("asleep {}\n", answer.message);
    case Outcome::failed:
    case Outcome::bad_request:
      return fmt::format("failed {}\n", answer.message);
  }
  return {};
}

}  // namespace hale::probe
