#include <array>

#include "platform/parse/kernel_events.hpp"

namespace hale {
namespace {

using enum EventSeverity;
using D = KernelDevice;

// Texts are those of the Linux kernel's own sources, 2.6.32 to 6.15 (several wordings of one report are several rows).
constexpr auto kPatterns = std::to_array<KernelPattern>({
    // drivers/ata/libata-eh.c: the decoded error register and SATA error bits.
    {"%d: error: { *UNC*}", "kernel", "ata_media_error", error, D::ata, ""},
    {"%d: error: { *AMNF*}", "kernel", "ata_media_error", error, D::ata, ""},
    {"%d: error: { *ICRC*}", "kernel", "ata_link_error", warning, D::ata, ""},
    {"%d: SError: { *BadCRC*}", "kernel", "ata_link_error", warning, D::ata, ""},
    {"%d: SError: { *Dispar*}", "kernel", "ata_link_error", warning, D::ata, ""},
    {"%d: SError: { *Handshk*}", "kernel", "ata_link_error", warning, D::ata, ""},
    {"%d: SError: { *LinkSeq*}", "kernel", "ata_link_error", warning, D::ata, ""},
    {"%d: SError: { *TrStaTrns*}", "kernel", "ata_link_error", warning, D::ata, ""},
    {"%d: SError: { *UnrecFIS*}", "kernel", "ata_link_error", warning, D::ata, ""},
    {"%d: limiting SATA link speed to", "kernel", "ata_link_slowed", warning, D::ata, ""},
    {"%d: limiting speed to", "kernel", "ata_link_slowed", warning, D::ata, ""},
    // Emask 0x10 with frozen is a link that changed (a plug); the device's own frozen exceptions are time-outs.
    {"%d: exception Emask 0x10 ", "", "", info, D::ata, ""},
    {"%d: exception Emask * frozen", "kernel", "ata_timeout", warning, D::ata, ""},
    {"%d: qc timeout ", "kernel", "ata_timeout", warning, D::ata, ""},
    {"%d: COMRESET failed", "kernel", "ata_reset", warning, D::ata, ""},
    {"%d: softreset failed", "kernel", "ata_reset", warning, D::ata, ""},
    {"%d: hard resetting link", "kernel", "ata_reset", info, D::ata, ""},
    {"%d: failed command: READ", "kernel", "ata_command_failed", info, D::ata, ""},
    {"%d: failed command: WRITE", "kernel", "ata_command_failed", info, D::ata, ""},
    {"%d: failed command: FLUSH", "kernel", "ata_command_failed", info, D::ata, ""},
    {"%d: revalidation failed", "kernel", "ata_lost", error, D::ata, ""},

    // drivers/nvme/host/pci.c, core.c. Sense code type 2 is "media and data integrity errors".
    {"nvme %d: controller is down; will reset", "kernel", "nvme_controller_down", warning, D::nvme, ""},
    {"nvme %d: I/O * timeout, ", "kernel", "nvme_timeout", warning, D::nvme, ""},
    {"nvme %d: Device not ready", "kernel", "nvme_reset_failed", error, D::nvme, ""},
    {"nvme %d: Removing after probe failure", "kernel", "nvme_reset_failed", error, D::nvme, ""},
    {"nvme %d: Disabling device after reset failure", "kernel", "nvme_reset_failed", error, D::nvme, ""},
    {"nvme %d: frozen state error detected, reset controller", "kernel", "nvme_reset", warning, D::nvme, ""},
    {"%d: * @ LBA *(sct 0x2 / sc 0x", "kernel", "nvme_media_error", error, D::block, ""},

    // drivers/scsi/constants.c and block/blk-core.c.
    {"sd *[%d] *Sense Key : Medium Error", "kernel", "scsi_medium_error", error, D::block, ""},
    {"sd *[%d] *Sense Key : Hardware Error", "kernel", "scsi_hardware_error", error, D::block, ""},
    {"critical medium error, dev %d", "kernel", "blk_medium_error", error, D::block, ""},
    {"*: critical medium error, dev %d", "kernel", "blk_medium_error", error, D::block, ""},
    {"timeout error, dev %d", "kernel", "blk_timeout", warning, D::block, ""},
    {"*: timeout error, dev %d", "kernel", "blk_timeout", warning, D::block, ""},
    {"I/O error, dev %d, sector", "kernel", "blk_io_error", warning, D::block, ""},
    {"*: I/O error, dev %d, sector", "kernel", "blk_io_error", warning, D::block, ""},
    {"Buffer I/O error on dev %d, logical block", "kernel", "buffer_io_error", warning, D::block, ""},
    {"Buffer I/O error on device %d, logical block", "kernel", "buffer_io_error", warning, D::block, ""},
    {"lost page write due to I/O error on %d", "kernel", "buffer_io_error", warning, D::block, ""},
    {"md/raid*: Disk failure on %d, disabling", "kernel", "md_disk_failure", error, D::block, ""},

    // fs/ext4, fs/btrfs, fs/xfs.
    {"EXT4-fs error (device %d*", "kernel", "ext4_error", error, D::block, ""},
    {"EXT3-fs error (device %d*", "kernel", "ext4_error", error, D::block, ""},
    {"EXT2-fs error (device %d*", "kernel", "ext4_error", error, D::block, ""},
    {"EXT4-fs (%d): Remounting filesystem read-only", "kernel", "fs_readonly", error, D::block, ""},
    {"BTRFS *(device %d*): csum failed", "kernel", "btrfs_csum_failed", error, D::block, ""},
    {"BTRFS *(device %d*): checksum error at logical", "kernel", "btrfs_csum_failed", error, D::block, ""},
    {"BTRFS *(device %d*): *checksum verify failed", "kernel", "btrfs_csum_failed", error, D::block, ""},
    // The same counters as "info" are what was stored before, told at every mount.
    {"BTRFS error (device %d*): bdev * errs: ", "kernel", "btrfs_device_errors", error, D::block, ""},
    {"BTRFS error (device %d*): parent transid verify failed", "kernel", "btrfs_corruption", error, D::block, ""},
    {"BTRFS error (device %d*): level verify failed", "kernel", "btrfs_corruption", error, D::block, ""},
    {"BTRFS error (device %d*): bad tree block start", "kernel", "btrfs_corruption", error, D::block, ""},
    {"BTRFS error (device %d*): unable to fixup", "kernel", "btrfs_corruption", error, D::block, ""},
    {"BTRFS error (device %d*): *tree block corruption detected", "kernel", "btrfs_corruption", error, D::block, ""},
    {"BTRFS critical (device %d*): corrupt", "kernel", "btrfs_corruption", error, D::block, ""},
    {"BTRFS: error (device %d*) in ", "kernel", "btrfs_error", error, D::block, ""},
    {"XFS (%d): Metadata corruption detected", "kernel", "xfs_corruption", error, D::block, ""},
    {"XFS (%d): Metadata CRC error detected", "kernel", "xfs_corruption", error, D::block, ""},
    {"XFS (%d): Corruption ", "kernel", "xfs_corruption", error, D::block, ""},
    {"XFS (%d): Internal error ", "kernel", "xfs_corruption", error, D::block, ""},
    {"XFS (%d): metadata I/O error", "kernel", "xfs_io_error", error, D::block, ""},
    {"XFS (%d): log I/O error", "kernel", "xfs_io_error", error, D::block, ""},

    // arch/x86/kernel/cpu/mce, drivers/edac, drivers/acpi/apei, mm/memory-failure.c.
    {"CPU %n: Machine Check Exception:", "kernel", "mce_uncorrected", critical, D::cpu, "cpu"},
    {"*[Hardware Error]: CPU %n: Machine Check Exception:", "kernel", "mce_uncorrected", critical, D::cpu, "cpu"},
    {"*[Hardware Error]: CPU %n: Machine Check:", "kernel", "mce", warning, D::cpu, "cpu"},
    {"*[Hardware Error]: Machine check events logged", "kernel", "mce", warning, D::cpu, ""},
    {"*[Hardware Error]: Corrected error, no action required", "kernel", "mce_corrected", warning, D::cpu, ""},
    {"*[Hardware Error]: Deferred error, no action required", "kernel", "mce_deferred", error, D::cpu, ""},
    {"*[Hardware Error]: Uncorrected, software", "kernel", "mce_uncorrected", critical, D::cpu, ""},
    {"*[Hardware Error]: System Fatal error", "kernel", "mce_uncorrected", critical, D::cpu, ""},
    {"*[Hardware Error]: event severity: corrected", "kernel", "apei_corrected", warning, D::host, ""},
    {"*[Hardware Error]: event severity: recoverable", "kernel", "apei_recoverable", error, D::host, ""},
    {"*[Hardware Error]: event severity: fatal", "kernel", "apei_fatal", critical, D::host, ""},
    {"EDAC MC*: %n CE ", "kernel", "edac_ce", warning, D::memory, "count"},
    {"EDAC MC*: CE ", "kernel", "edac_ce", warning, D::memory, ""},
    {"EDAC MC*: %n UE ", "kernel", "edac_ue", critical, D::memory, "count"},
    {"EDAC MC*: UE ", "kernel", "edac_ue", critical, D::memory, ""},
    {"Memory failure: 0x*: recovery action for", "kernel", "memory_failure", error, D::memory, ""},
    {"*MCE*: Killing * due to hardware memory corruption", "kernel", "memory_failure", error, D::memory, ""},
    {"*Uncorrected hardware memory error in user-access", "kernel", "memory_failure", error, D::memory, ""},
    // "Correctable" since 6.11.
    {"* %d: PCIe Bus Error: severity=Correct", "kernel", "pcie_corrected", info, D::pci, ""},
    {"* %d: PCIe Bus Error: severity=Uncorrect", "kernel", "pcie_uncorrected", error, D::pci, ""},

    // drivers/thermal.
    {"*CPU%n: *temperature*above threshold, cpu clock*throttled", "kernel", "cpu_throttled", info, D::cpu, "cpu"},
    {"*ritical temperature reached*shutting down", "kernel", "thermal_shutdown", critical, D::host, ""},
    {"thermal thermal_zone*: critical temperature reached", "kernel", "thermal_shutdown", critical, D::host, ""},
    {"*HARDWARE PROTECTION shutdown (Temperature too high)", "kernel", "thermal_shutdown", critical, D::host, ""},

    // NVIDIA's list of Xid errors: those of the hardware, then everything else (mostly the application's).
    {"NVRM: Xid (PCI:%d): 48,", "Xid", "48", error, D::gpu, ""},
    {"NVRM: Xid (PCI:%d): 63,", "Xid", "63", warning, D::gpu, ""},
    {"NVRM: Xid (PCI:%d): 64,", "Xid", "64", error, D::gpu, ""},
    {"NVRM: Xid (PCI:%d): 74,", "Xid", "74", error, D::gpu, ""},
    {"NVRM: Xid (PCI:%d): 79,", "Xid", "79", critical, D::gpu, ""},
    {"NVRM: Xid (PCI:%d): 94,", "Xid", "94", error, D::gpu, ""},
    {"NVRM: Xid (PCI:%d): 95,", "Xid", "95", error, D::gpu, ""},
    {"NVRM: Xid (PCI:%d): 119,", "Xid", "119", error, D::gpu, ""},
    {"NVRM: Xid (PCI:%d): 120,", "Xid", "120", error, D::gpu, ""},
    {"NVRM: Xid (PCI:%d): %n,", "Xid", "#", info, D::gpu, ""},
    {"NVRM: GPU *fallen off the bus", "kernel", "gpu_lost", critical, D::gpu, ""},
    {"*GPU HANG: ecode", "kernel", "gpu_hang", warning, D::gpu, ""},
    {"amdgpu %d: *ring * timeout, ", "kernel", "gpu_hang", warning, D::gpu, ""},
    {"[drm:amdgpu_job_timedout *ring * timeout", "kernel", "gpu_hang", warning, D::gpu, ""},

    // drivers/usb/core, kernel/watchdog*.c.
    {"usb %d: over-current condition", "kernel", "usb_overcurrent", warning, D::usb, ""},
    {"hub %d: over-current condition on port %n", "kernel", "usb_overcurrent", warning, D::usb, "port"},
    {"hub %d: over-current condition", "kernel", "usb_overcurrent", warning, D::usb, ""},
    {"*soft lockup - CPU#%n stuck for", "kernel", "soft_lockup", warning, D::host, "cpu"},
    {"*hard LOCKUP on cpu %n", "kernel", "hard_lockup", error, D::host, "cpu"},
});

}  // namespace

std::span<const KernelPattern> kernel_patterns() { return kPatterns; }

}  // namespace hale
