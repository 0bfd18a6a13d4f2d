#include <array>

#include "platform/parse/event_xml.hpp"

namespace hale {
namespace {

using enum EventSeverity;
using T = EventTarget;

// Numbers and fields: the providers' manifests (Windows 10, build 18990) and Microsoft's "Interpreting Event 153
// Errors"; legacy drivers (disk, Ntfs, volmgr, Display, BugCheck) by what they log [own].
constexpr auto kRows = std::to_array<WindowsEventRow>({
    // 17 is a corrected error of a PCIe link: counted, and no rule asks for it.
    {"Microsoft-Windows-WHEA-Logger", 17, "WHEA-Logger", info, T::pci, "ErrorSource PrimaryDeviceName"},
    {"Microsoft-Windows-WHEA-Logger", 18, "WHEA-Logger", critical, T::cpu,
     "ErrorSource ApicId MCABank MciStat ErrorType"},
    {"Microsoft-Windows-WHEA-Logger", 19, "WHEA-Logger", warning, T::cpu,
     "ErrorSource ApicId MCABank MciStat ErrorType"},
    {"Microsoft-Windows-WHEA-Logger", 20, "WHEA-Logger", critical, T::cpu,
     "ErrorSource ApicId MCABank MciStat ErrorType"},
    {"Microsoft-Windows-WHEA-Logger", 22, "WHEA-Logger", critical, T::memory, "ErrorSource"},
    {"Microsoft-Windows-WHEA-Logger", 23, "WHEA-Logger", warning, T::memory, "ErrorSource"},
    {"Microsoft-Windows-WHEA-Logger", 46, "WHEA-Logger", critical, T::memory, "ErrorSource PhysicalAddress"},
    {"Microsoft-Windows-WHEA-Logger", 47, "WHEA-Logger", warning, T::memory, "ErrorSource PhysicalAddress"},

    {"Microsoft-Windows-Kernel-Power", 41, "Kernel-Power", critical, T::host,
     "BugcheckCode SleepInProgress PowerButtonTimestamp"},
    {"Microsoft-Windows-Kernel-Power", 86, "Kernel-Power", critical, T::host, "_CRT _TMP"},
    {"Microsoft-Windows-Kernel-Power", 88, "Kernel-Power", critical, T::host, "_HOT _TMP"},
    {"Microsoft-Windows-Kernel-Processor-Power", 37, "Kernel-Processor-Power", info, T::cpu,
     "Group Number CapDurationInSeconds"},

    {"disk", 7, "disk", error, T::disk, ""},
    {"disk", 11, "disk", warning, T::disk, ""},
    {"disk", 51, "disk", warning, T::disk, ""},
    {"disk", 52, "disk", error, T::disk, ""},
    {"disk", 153, "disk", warning, T::disk, ""},
    {"disk", 154, "disk", error, T::disk, ""},
    {"stornvme", 11, "stornvme", warning, T::disk, ""},
    {"stornvme", 129, "stornvme", warning, T::disk, ""},
    {"storahci", 11, "storahci", warning, T::disk, ""},
    {"storahci", 129, "storahci", warning, T::disk, ""},
    {"Ntfs", 55, "Ntfs", error, T::host, ""},
    {"Microsoft-Windows-Ntfs", 55, "Ntfs", error, T::host, ""},
    {"Microsoft-Windows-Ntfs", 98, "Ntfs", error, T::host, "CorruptionActionState"},
    {"Microsoft-Windows-Ntfs", 140, "Ntfs", warning, T::host, "Error"},
    {"volmgr", 161, "volmgr", error, T::host, ""},

    {"Microsoft-Windows-WER-SystemErrorReporting", 1001, "BugCheck", critical, T::host, ""},
    {"BugCheck", 1001, "BugCheck", critical, T::host, ""},
    {"Display", 4101, "Display", warning, T::gpu, ""},
    // 1101 and 1201 are tests that were passed.
    {"Microsoft-Windows-MemoryDiagnostics-Results", 1102, "MemoryDiagnostics-Results", critical, T::memory, ""},
    {"Microsoft-Windows-MemoryDiagnostics-Results", 1202, "MemoryDiagnostics-Results", critical, T::memory, ""},
    {"EventLog", 6008, "EventLog", warning, T::host, ""},
});

}  // namespace

std::span<const WindowsEventRow> windows_event_rows() { return kRows; }

}  // namespace hale
