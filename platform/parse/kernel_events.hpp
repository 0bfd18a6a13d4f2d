#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/reading.hpp"

/// Lines of the Linux kernel's log that concern hardware, by an allow-list of patterns. Pure, bounded (512 bytes a
/// line), thread-safe.
namespace hale {

/// What kind of thing a pattern's device names, so that the events collector can find the component.
enum class KernelDevice : std::uint8_t {
  host,    ///< nothing is named: the PC
  cpu,     ///< the processor
  memory,  ///< the memory
  ata,     ///< "ata3" or "ata3.00"
  block,   ///< "sdb", "sdb1", "nvme0n1p2", "dm-0", "md0"
  nvme,    ///< "nvme0"
  pci,     ///< "0000:01:00.0", a function of any kind
  gpu,     ///< "0000:9b:00" or with function; may be empty
  usb,     ///< "1-1-port2"
};

/// One row of the table. The pattern is matched from the message's first byte and need not reach its end: '*' = any
/// run, "%d" = a device's name,
/// "%n" = a decimal number, a blank = one or more blanks, everything else literally.
struct KernelPattern {
  std::string_view pattern;
  std::string_view source;  ///< "kernel", or "Xid" for NVIDIA's numbered reports
  std::string_view code;    ///< "ata_media_error"; "#" = the number that "%n" matched
  EventSeverity severity;
  KernelDevice device;
  std::string_view number_field;  ///< what "%n" counts: "cpu", "port"; "count" = so many at once; empty = not kept
};

/// The whole allow-list, most specific first: the first that matches wins.
std::span<const KernelPattern> kernel_patterns();

struct KernelEvent {
  std::string source;
  std::string code;
  EventSeverity severity{EventSeverity::warning};
  KernelDevice device_kind{KernelDevice::host};
  std::string device;  ///< as the kernel named it; empty when the line names none
  std::uint32_t count{1};
  std::string number_field;  ///< "cpu" or "port" with `number`, or empty
  std::string number;

  bool operator==(const KernelEvent&) const = default;
};

/// The event that a message (without time stamp and level) stands for; nothing for everything else, and for loop,
/// network, RAM and optical devices, whose errors say nothing about this PC's hardware.
std::optional<KernelEvent> recognise_kernel_message(std::string_view message);

/// The year that "rtc_cmos 00:03: setting system clock to 2000-01-01T00:01:10 UTC (946684870)" names; nothing for any
/// other message.
std::optional<int> parse_rtc_year(std::string_view message);

/// A line as dmesg, syslog or journalctl print it, without level, time stamp, host and caller. A bare message comes
/// back as it is.
std::string_view strip_log_prefix(std::string_view line);

/// One record of /dev/kmsg: "level,sequence,microseconds,flags;message\n KEY=value…".
struct KmsgRecord {
  int level{};  ///< 0 (emergency) .. 7 (debug)
  std::uint64_t sequence{};
  std::uint64_t microseconds{};  ///< since boot
  std::string_view message;      ///< points into the record; without the dictionary lines
};
Result<KmsgRecord> parse_kmsg_record(std::string_view record);

}  // namespace hale
