#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/reading.hpp"
#include "core/result.hpp"

/// An event of Windows' log as EvtRender writes it (XML), by an allow-list. Pure, bounded (64 KiB an event, 16 levels,
/// 512 elements), thread-safe.
namespace hale {

/// What an event is about, so that the events collector can find the component.
enum class EventTarget : std::uint8_t { host, cpu, memory, gpu, pci, disk };

/// One row of the allow-list. The first row that fits an event counts.
struct WindowsEventRow {
  std::string_view provider;  ///< verbatim
  std::uint32_t id;
  std::string_view source;  ///< what Hale calls it: without "Microsoft-Windows-"
  EventSeverity severity;
  EventTarget target;
  std::string_view fields;  ///< names of EventData that may be kept, separated by blanks
};
std::span<const WindowsEventRow> windows_event_rows();

struct WindowsEvent {
  std::string source;  ///< "Kernel-Power"
  std::string code;    ///< "41"; where one number means several things, what it means here: "41-crash"
  EventSeverity severity{EventSeverity::warning};
  EventTarget target{};
  std::string device;  ///< "Harddisk1" or "RaidPort0" where the event names one
  Timestamp time;
  std::map<std::string, std::string> fields;  ///< only those of the row, and only plain values

  bool operator==(const WindowsEvent&) const = default;
};

/// Nothing for an event that is not on the list. Errors: invalid_input for what is no event at all, or too large.
///
/// - Kernel-Power 41 tells what ended the session: "41" the power went away, "41-crash" a blue screen, "41-button" the
///   power button was held, "41-sleep" it happened asleep.
/// - Ntfs 98 is "98-corrupt" where the volume needs repair; nothing where it is healthy, as it is told at each start.
/// - BugCheck 1001 is "0x124" for an error of the hardware (WHEA_UNCORRECTABLE_ERROR), else "1001".
Result<std::optional<WindowsEvent>> parse_event_xml(std::string_view xml);

}  // namespace hale
