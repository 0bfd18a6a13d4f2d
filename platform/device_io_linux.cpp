#include "platform/device_io_linux.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/text.hpp"
#include "platform/files.hpp"

namespace hale {
namespace {

constexpr unsigned kTimeoutMs = 5000;
constexpr std::uint8_t kNvmeGetLogPage = 0x02, kNvmeIdentify = 0x06;
constexpr std::uint32_t kMaxNvmeBytes = 4096;
constexpr std::uint8_t kAtaPassThrough16 = 0x85;
constexpr std::uint8_t kPioIn = 4 << 1, kNonData = 3 << 1;
constexpr std::uint8_t kReadFlags = 0x0e;        // from the device, in sectors, count in the sector count register
constexpr std::uint8_t kReturnRegisters = 0x20;  // CK_COND
constexpr std::uint8_t kCheckCondition = 0x02;
constexpr std::uint16_t kHostTimeout = 0x03;  // DID_TIME_OUT
constexpr std::uint8_t kAtaReturnDescriptor = 0x09;

// The kernel's word, and what would help.
Error from_errno(int error, const std::string& what) {
  auto result = errno_error(error, what);
  if (result.code == Errc::permission)
    result.message += " (hale-probe needs CAP_SYS_RAWIO, CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH)";
  return result;
}

bool all_in(std::string_view text, char low, char high) {
  for (const char c : text) {
    if (c < low || c > high) return false;
  }
  return !text.empty();
}

// The kernel's own numbers for this name, "259:0".
Result<dev_t> kernel_number(std::string_view name, DiskDevice::Kind kind) {
  const auto folder = kind == DiskDevice::Kind::nvme_controller ? "/sys/class/nvme" : "/sys/block";
  const auto text = read_file(fmt::format("{}/{}/dev", folder, name), 64);
  if (!text) return fail(Errc::not_found, fmt::format("no disk {} in {}", name, folder));
  const auto parts = split(trim(*text), ':');
  const auto major_number = parts.size() == 2 ? parse_uint(parts[0]) : std::nullopt;
  const auto minor_number = parts.size() == 2 ? parse_uint(parts[1]) : std::nullopt;
  if (!major_number || !minor_number) return fail(Errc::io, fmt::format("{}/{}/dev is not MAJOR:MINOR", folder, name));
  return makedev(static_cast<unsigned>(*major_number), static_cast<unsigned>(*minor_number));
}

// The node must be what its name says: a swapped or hand-made node could lead a privileged reader anywhere.
Result<> check_node(const std::string& path, DiskDevice::Kind kind) {
  struct stat node {};
  if (lstat(path.c_str(), &node) != 0) return fail(from_errno(errno, path));
  const bool right_type = kind == DiskDevice::Kind::nvme_controller ? S_ISCHR(node.st_mode) : S_ISBLK(node.st_mode);
  if (!right_type) return fail(Errc::invalid_input, path + " is not a disk's device node");
  const auto number = kernel_number(std::string_view(path).substr(5), kind);
  if (!number) return fail(number.error());
  if (*number != node.st_rdev)
    return fail(Errc::invalid_input, path + " leads to another device than the kernel's disk of that name");
  return {};
}

bool has_return_descriptor(const std::array<unsigned char, 64>& sense) {
  const unsigned format = sense[0] & 0x7fU;
  return (format == 0x72 && sense[8] == kAtaReturnDescriptor) ||
         (format == 0x70 && sense[12] == 0 && sense[13] == 0x1d);
}

Result<> judge_reply(const sg_io_hdr_t& header, const std::array<unsigned char, 64>& sense, bool wants_registers) {
  if (header.host_status == kHostTimeout) return fail(Errc::timeout, "the disk did not answer within 5 s");
  if (header.host_status != 0)
    return fail(Errc::io, fmt::format("the disk's adapter failed (host status {})", header.host_status));
  if (wants_registers) {
    if (has_return_descriptor(sense)) return {};
    return fail(Errc::unsupported, "the disk's adapter or bridge does not pass ATA registers back");
  }
  if (header.status == 0) return {};
  if (header.status == kCheckCondition) {
    return fail(Errc::unsupported,
                fmt::format("the disk refused the command (sense {:02x} {:02x} {:02x})", sense[1], sense[2], sense[3]));
  }
  return fail(Errc::io, fmt::format("the disk's adapter answered with SCSI status {:02x}", header.status));
}

}  // namespace

Result<DiskDevice::Kind> disk_kind(std::string_view path) {
  const auto refuse = [&] {
    return fail(Errc::invalid_input, fmt::format("'{}' is not /dev/nvmeN or /dev/sdX", sanitize_utf8(path, 64)));
  };
  if (path.starts_with("/dev/nvme")) {
    const auto number = path.substr(9);
    if (!all_in(number, '0', '9') || number.size() > 3) return refuse();
    return DiskDevice::Kind::nvme_controller;
  }
  if (path.starts_with("/dev/sd")) {
    const auto letters = path.substr(7);
    if (!all_in(letters, 'a', 'z') || letters.size() > 3) return refuse();
    return DiskDevice::Kind::scsi_disk;
  }
  return refuse();
}

Result<DiskDevice> DiskDevice::open(std::string_view path) {
  const auto kind = disk_kind(path);
  if (!kind) return fail(kind.error());
  const std::string name(path);
  if (auto ok = check_node(name, *kind); !ok) return fail(ok.error());
  // check_node() refused links; between it and here only root could swap the node, and root needs no probe.
  // O_NONBLOCK: an open must neither wait for a medium nor spin a disk up.
  FileDescriptor descriptor(::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!descriptor) return fail(from_errno(errno, "opening " + name));
  return DiskDevice(std::move(descriptor), *kind);
}

Result<std::string> nvme_admin_read(const DiskDevice& disk, std::uint8_t opcode, std::uint32_t namespace_id,
                                    std::uint32_t cdw10, std::uint32_t bytes) {
  const bool allowed = opcode == kNvmeGetLogPage || opcode == kNvmeIdentify;
  if (!allowed || bytes > kMaxNvmeBytes || disk.kind() != DiskDevice::Kind::nvme_controller) {
    return fail(Errc::invalid_input, "not a read-only NVMe question");
  }
  std::string data(bytes, '\0');
  nvme_admin_cmd command{};
  command.opcode = opcode;
  command.nsid = namespace_id;
  command.addr = reinterpret_cast<std::uintptr_t>(data.data());
  command.data_len = bytes;
  command.cdw10 = cdw10;
  command.timeout_ms = kTimeoutMs;
  const int status = ioctl(disk.descriptor(), NVME_IOCTL_ADMIN_CMD, &command);
  if (status < 0) return fail(from_errno(errno, "asking the NVMe drive"));
  if (status > 0)
    return fail(Errc::unsupported, fmt::format("the NVMe drive refused the command (status {:#x})", status));
  return data;
}

Result<AtaReply> ata_pass_through(const DiskDevice& disk, const AtaCommand& command) {
  if (disk.kind() != DiskDevice::Kind::scsi_disk || command.read_sectors > 1)
    return fail(Errc::invalid_input, "not a read-only ATA question");
  const bool reads = command.read_sectors != 0;
  std::array<unsigned char, 16> cdb{};
  cdb[0] = kAtaPassThrough16;
  cdb[1] = reads ? kPioIn : kNonData;
  cdb[2] = reads ? kReadFlags : kReturnRegisters;
  cdb[4] = command.feature;
  cdb[6] = command.read_sectors;
  cdb[8] = command.lba_low;
  cdb[10] = command.lba_mid;
  cdb[12] = command.lba_high;
  cdb[14] = command.command;
  AtaReply reply;
  reply.data.resize(std::size_t{512} * command.read_sectors);
  std::array<unsigned char, 64> sense{};
  sg_io_hdr_t header{};
  header.interface_id = 'S';
  header.cmd_len = static_cast<unsigned char>(cdb.size());
  header.cmdp = cdb.data();
  header.mx_sb_len = static_cast<unsigned char>(sense.size());
  header.sbp = sense.data();
  header.timeout = kTimeoutMs;
  header.dxfer_direction = reads ? SG_DXFER_FROM_DEV : SG_DXFER_NONE;
  header.dxfer_len = static_cast<unsigned>(reply.data.size());
  header.dxferp = reads ? reply.data.data() : nullptr;
  if (ioctl(disk.descriptor(), SG_IO, &header) != 0) return fail(from_errno(errno, "asking the disk"));
  if (auto ok = judge_reply(header, sense, !reads); !ok) return fail(ok.error());
  reply.sense.assign(reinterpret_cast<const char*>(sense.data()), sense.size());
  return reply;
}

}  // namespace hale
