#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

#include "platform/parse/kernel_events.hpp"

using namespace hale;

namespace {

struct Example {
  const char* line;
  const char* event;   // source.code
  const char* device;
  EventSeverity severity;
};

using enum EventSeverity;
const Example kExamples[] = {
    {"ata3.00: error: { UNC }", "kernel.ata_media_error", "ata3.00", error},
    {"ata3.00: error: { AMNF }", "kernel.ata_media_error", "ata3.00", error},
    {"ata1.00: error: { ICRC ABRT }", "kernel.ata_link_error", "ata1.00", warning},
    {"ata1: SError: { PHYRdyChg BadCRC DevExch }", "kernel.ata_link_error", "ata1", warning},
    {"ata1: SError: { 10B8B Dispar }", "kernel.ata_link_error", "ata1", warning},
    {"ata1: SError: { Handshk }", "kernel.ata_link_error", "ata1", warning},
    {"ata1: SError: { LinkSeq TrStaTrns }", "kernel.ata_link_error", "ata1", warning},
    {"ata1: SError: { UnrecFIS }", "kernel.ata_link_error", "ata1", warning},
    {"ata5: limiting SATA link speed to 1.5 Gbps", "kernel.ata_link_slowed", "ata5", warning},
    {"ata5.00: limiting speed to UDMA/100:PIO4", "kernel.ata_link_slowed", "ata5.00", warning},
    {"ata2.00: exception Emask 0x0 SAct 0x7fffffff SErr 0x0 action 0x6 frozen", "kernel.ata_timeout", "ata2.00", warning},
    {"ata2.00: qc timeout (cmd 0xec)", "kernel.ata_timeout", "ata2.00", warning},
    {"ata2.00: qc timeout after 5000 msecs (cmd 0xec)", "kernel.ata_timeout", "ata2.00", warning},
    {"ata2: COMRESET failed (errno=-16)", "kernel.ata_reset", "ata2", warning},
    {"ata2: softreset failed (device not ready)", "kernel.ata_reset", "ata2", warning},
    {"ata2: hard resetting link", "kernel.ata_reset", "ata2", info},
    {"ata2.00: failed command: READ FPDMA QUEUED", "kernel.ata_command_failed", "ata2.00", info},
    {"ata2.00: failed command: WRITE DMA EXT", "kernel.ata_command_failed", "ata2.00", info},
    {"ata2.00: failed command: FLUSH CACHE EXT", "kernel.ata_command_failed", "ata2.00", info},
    {"ata2.00: revalidation failed (errno=-5)", "kernel.ata_lost", "ata2.00", error},
    {"nvme nvme0: controller is down; will reset: CSTS=0xffffffff, PCI_STATUS=0x10", "kernel.nvme_controller_down", "nvme0", warning},
    {"nvme nvme0: I/O 12 QID 3 timeout, reset controller", "kernel.nvme_timeout", "nvme0", warning},
    {"nvme nvme0: I/O tag 832 (f340) opcode 0x2 (I/O Cmd) QID 1 timeout, aborting req_op:READ(0) size:4096", "kernel.nvme_timeout", "nvme0", warning},
    {"nvme nvme0: Device not ready; aborting reset, CSTS=0x1", "kernel.nvme_reset_failed", "nvme0", error},
    {"nvme nvme0: Removing after probe failure status: -19", "kernel.nvme_reset_failed", "nvme0", error},
    {"nvme nvme0: Disabling device after reset failure: -19", "kernel.nvme_reset_failed", "nvme0", error},
    {"nvme nvme0: frozen state error detected, reset controller", "kernel.nvme_reset", "nvme0", warning},
    {"nvme0n1: I/O Cmd(0x2) @ LBA 2058, 8 blocks, Unrecovered Read Error (sct 0x2 / sc 0x81) MORE", "kernel.nvme_media_error", "nvme0n1", error},
    {"sd 2:0:0:0: [sdb] tag#5 Sense Key : Medium Error [current] ", "kernel.scsi_medium_error", "sdb", error},
    {"sd 2:0:0:0: [sdb]  Sense Key : Medium Error [current] [descriptor]", "kernel.scsi_medium_error", "sdb", error},
    {"sd 2:0:0:0: [sdb] tag#5 Sense Key : Hardware Error [current] ", "kernel.scsi_hardware_error", "sdb", error},
    {"critical medium error, dev sdb, sector 1234 op 0x0:(READ) flags 0x0", "kernel.blk_medium_error", "sdb", error},
    {"blk_update_request: critical medium error, dev nvme0n1, sector 1234", "kernel.blk_medium_error", "nvme0n1", error},
    {"timeout error, dev sdb, sector 1234", "kernel.blk_timeout", "sdb", warning},
    {"blk_update_request: timeout error, dev sdb, sector 1234", "kernel.blk_timeout", "sdb", warning},
    {"I/O error, dev sda, sector 1234 op 0x1:(WRITE) flags 0x800", "kernel.blk_io_error", "sda", warning},
    {"print_req_error: I/O error, dev sda, sector 1234", "kernel.blk_io_error", "sda", warning},
    {"Buffer I/O error on dev dm-0, logical block 3, lost async page write", "kernel.buffer_io_error", "dm-0", warning},
    {"Buffer I/O error on device sdb1, logical block 3", "kernel.buffer_io_error", "sdb1", warning},
    {"lost page write due to I/O error on sdb1", "kernel.buffer_io_error", "sdb1", warning},
    {"md/raid1:md0: Disk failure on sdb1, disabling device.", "kernel.md_disk_failure", "sdb1", error},
    {"EXT4-fs error (device sda2): ext4_lookup:1690: inode #2: comm secret: deleted inode referenced: 12", "kernel.ext4_error", "sda2", error},
    {"EXT3-fs error (device sda2): ext3_get_inode_loc: unable to read inode block", "kernel.ext4_error", "sda2", error},
    {"EXT2-fs error (device sda2): ext2_free_blocks", "kernel.ext4_error", "sda2", error},
    {"EXT4-fs (dm-2): Remounting filesystem read-only", "kernel.fs_readonly", "dm-2", error},
    {"BTRFS warning (device sdc): csum failed root 5 ino 257 off 0 csum 0x1 expected csum 0x2 mirror 1", "kernel.btrfs_csum_failed", "sdc", error},
    {"BTRFS warning (device sdc state EA): csum failed root 5", "kernel.btrfs_csum_failed", "sdc", error},
    {"BTRFS warning (device sdc1): checksum error at logical 12 on dev /dev/sdc1", "kernel.btrfs_csum_failed", "sdc1", error},
    {"BTRFS warning (device sdc1): sdc1 checksum verify failed on 12 wanted 1 found 2 level 0", "kernel.btrfs_csum_failed", "sdc1", error},
    {"BTRFS error (device sdc1): bdev /dev/mapper/secret errs: wr 0, rd 1, flush 0, corrupt 0, gen 0", "kernel.btrfs_device_errors", "sdc1", error},
    {"BTRFS error (device sdc1): parent transid verify failed on 12 wanted 1 found 2", "kernel.btrfs_corruption", "sdc1", error},
    {"BTRFS error (device sdc1): level verify failed on logical 12 mirror 1 wanted 1 found 0", "kernel.btrfs_corruption", "sdc1", error},
    {"BTRFS error (device sdc1): bad tree block start, want 1 have 2", "kernel.btrfs_corruption", "sdc1", error},
    {"BTRFS error (device sdc1): unable to fixup (regular) error at logical 1 on dev /dev/sdc1", "kernel.btrfs_corruption", "sdc1", error},
    {"BTRFS error (device sdc1): read time tree block corruption detected on logical 1 mirror 1", "kernel.btrfs_corruption", "sdc1", error},
    {"BTRFS critical (device sdc1): corrupt leaf: root=2 block=1", "kernel.btrfs_corruption", "sdc1", error},
    {"BTRFS: error (device sdc1) in __btrfs_free_extent:3069: errno=-2 No such entry", "kernel.btrfs_error", "sdc1", error},
    {"XFS (dm-1): Metadata corruption detected at xfs_agf_read_verify+0x78/0x120 [xfs], xfs_agf block 0x1", "kernel.xfs_corruption", "dm-1", error},
    {"XFS (dm-1): Metadata CRC error detected at xfs_agi_read_verify", "kernel.xfs_corruption", "dm-1", error},
    {"XFS (dm-1): Corruption of in-memory data detected.  Shutting down filesystem", "kernel.xfs_corruption", "dm-1", error},
    {"XFS (dm-1): Internal error XFS_WANT_CORRUPTED_GOTO at line 1 of file fs/xfs/x.c", "kernel.xfs_corruption", "dm-1", error},
    {"XFS (dm-1): metadata I/O error in \"xfs_trans_read_buf_map\" at daddr 0x1", "kernel.xfs_io_error", "dm-1", error},
    {"XFS (dm-1): log I/O error -5", "kernel.xfs_io_error", "dm-1", error},
    {"CPU 0: Machine Check Exception: 0000000000000007", "kernel.mce_uncorrected", "", critical},
    {"mce: [Hardware Error]: CPU 3: Machine Check Exception: 5 Bank 0: be00000000800400", "kernel.mce_uncorrected", "", critical},
    {"mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 5: be00000000000108", "kernel.mce", "", warning},
    {"mce: [Hardware Error]: Machine check events logged", "kernel.mce", "", warning},
    {"[Hardware Error]: Corrected error, no action required.", "kernel.mce_corrected", "", warning},
    {"[Hardware Error]: Deferred error, no action required.", "kernel.mce_deferred", "", error},
    {"[Hardware Error]: Uncorrected, software restartable error.", "kernel.mce_uncorrected", "", critical},
    {"[Hardware Error]: System Fatal error.", "kernel.mce_uncorrected", "", critical},
    {"{1}[Hardware Error]: event severity: corrected", "kernel.apei_corrected", "", warning},
    {"{1}[Hardware Error]: event severity: recoverable", "kernel.apei_recoverable", "", error},
    {"{1}[Hardware Error]: event severity: fatal", "kernel.apei_fatal", "", critical},
    {"EDAC MC0: 3 CE memory read error on CPU_SrcID#0_Ha#0_Chan#0_DIMM#0 (channel:0 slot:0 page:0x1)", "kernel.edac_ce", "", warning},
    {"EDAC MC0: CE page 0x9b7a9, offset 0x0, grain 8, syndrome 0x1, row 1, channel 0, label \"\": amd64_edac", "kernel.edac_ce", "", warning},
    {"EDAC MC0: 1 UE Multi-bit ECC on unknown memory (node:0 card:1)", "kernel.edac_ue", "", critical},
    {"EDAC MC0: UE page 0x0, offset 0x0, grain 4096, row 1, labels \":\": i3200 UE", "kernel.edac_ue", "", critical},
    {"Memory failure: 0x123: recovery action for dirty LRU page: Recovered", "kernel.memory_failure", "", error},
    {"MCE: Killing secret:84546 due to hardware memory corruption fault at 7fb8f7e410dc", "kernel.memory_failure", "", error},
    {"mce: Uncorrected hardware memory error in user-access at 1234", "kernel.memory_failure", "", error},
    {"pcieport 0000:00:1c.5: PCIe Bus Error: severity=Corrected, type=Physical Layer, (Receiver ID)", "kernel.pcie_corrected", "0000:00:1c.5", info},
    {"nvme 0000:01:00.0: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Transaction Layer", "kernel.pcie_uncorrected", "0000:01:00.0", error},
    {"mce: CPU2: Package temperature above threshold, cpu clock throttled (total events = 1)", "kernel.cpu_throttled", "", info},
    {"CPU2: Core temperature is above threshold, cpu clock is throttled (total events = 1)", "kernel.cpu_throttled", "", info},
    {"thermal thermal_zone0: acpitz: critical temperature reached, shutting down", "kernel.thermal_shutdown", "", critical},
    {"Critical temperature reached (105 C), shutting down", "kernel.thermal_shutdown", "", critical},
    {"thermal thermal_zone0: acpitz: critical temperature reached", "kernel.thermal_shutdown", "", critical},
    {"reboot: HARDWARE PROTECTION shutdown (Temperature too high)", "kernel.thermal_shutdown", "", critical},
    {"NVRM: Xid (PCI:0000:9b:00): 48, pid=1, name=secret, DBE", "Xid.48", "0000:9b:00", error},
    {"NVRM: Xid (PCI:0000:9b:00): 63, pid=1", "Xid.63", "0000:9b:00", warning},
    {"NVRM: Xid (PCI:0000:9b:00): 64, pid=1", "Xid.64", "0000:9b:00", error},
    {"NVRM: Xid (PCI:0000:9b:00): 74, pid=1", "Xid.74", "0000:9b:00", error},
    {"NVRM: Xid (PCI:0000:9b:00): 79, pid=1, GPU has fallen off the bus.", "Xid.79", "0000:9b:00", critical},
    {"NVRM: Xid (PCI:0000:9b:00): 94, pid=1", "Xid.94", "0000:9b:00", error},
    {"NVRM: Xid (PCI:0000:9b:00): 95, pid=1", "Xid.95", "0000:9b:00", error},
    {"NVRM: Xid (PCI:0000:9b:00): 119, pid=1, Timeout", "Xid.119", "0000:9b:00", error},
    {"NVRM: Xid (PCI:0000:9b:00): 120, pid=1", "Xid.120", "0000:9b:00", error},
    {"NVRM: Xid (PCI:0000:9b:00): 13, pid=1, name=game", "Xid.13", "0000:9b:00", info},
    {"NVRM: GPU 0000:9b:00.0: GPU has fallen off the bus.", "kernel.gpu_lost", "", critical},
    {"i915 0000:00:02.0: [drm] GPU HANG: ecode 9:1:85dffffb, in secret [123]", "kernel.gpu_hang", "", warning},
    {"amdgpu 0000:03:00.0: amdgpu: ring gfx_0.0.0 timeout, signaled seq=1, emitted seq=2", "kernel.gpu_hang", "0000:03:00.0", warning},
    {"[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring gfx timeout, signaled seq=1", "kernel.gpu_hang", "", warning},
    {"usb 1-1-port2: over-current condition", "kernel.usb_overcurrent", "1-1-port2", warning},
    {"hub 1-0:1.0: over-current condition on port 2", "kernel.usb_overcurrent", "1-0:1.0", warning},
    {"hub 1-0:1.0: over-current condition", "kernel.usb_overcurrent", "1-0:1.0", warning},
    {"watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [secret:1234]", "kernel.soft_lockup", "", warning},
    {"NMI watchdog: Watchdog detected hard LOCKUP on cpu 3", "kernel.hard_lockup", "", error},
};

}  // namespace

TEST_CASE("Each report of failing hardware is recognised with its device and severity") {
  for (const auto& example : kExamples) {
    CAPTURE(example.line);
    const auto event = recognise_kernel_message(example.line);
    REQUIRE(event.has_value());
    CHECK(event->source + "." + event->code == example.event);
    CHECK(event->device == example.device);
    CHECK(event->severity == example.severity);
  }
}

TEST_CASE("Every event of the table has an example above") {
  std::set<std::string> shown;
  for (const auto& example : kExamples) shown.insert(example.event);
  for (const auto& row : kernel_patterns()) {
    if (row.source.empty() || row.code == "#") continue;
    CAPTURE(row.pattern);
    CHECK(shown.contains(std::string(row.source) + "." + std::string(row.code)));
  }
}

TEST_CASE("Ordinary lines, plugs, resumes and other people's devices raise nothing") {
  for (const char* line : {
           "", "ata1: SATA link up 6.0 Gbps (SStatus 133 SControl 300)", "ata1.00: configured for UDMA/133",
           "ata1: exception Emask 0x10 SAct 0x0 SErr 0x4090000 action 0xe frozen", "ata1: SError: { CommWake DevExch }",
           "ata1.00: error: { ABRT }", "ata1.00: failed command: SMART", "nvme nvme0: Shutdown timeout set to 8 seconds",
           "nvme nvme0: Abort status: 0x0", "nvme nvme0: 8/0/0 default/read/poll queues",
           "nvme0n1: Write Zeroes(0x8) @ LBA 1, 8 blocks, Invalid Field in Command (sct 0x0 / sc 0x2) DNR",
           "sd 0:0:0:0: [sda] tag#1 Sense Key : Not Ready [current]", "sr 1:0:0:0: [sr0] tag#1 Sense Key : Medium Error [current]",
           "I/O error, dev sr0, sector 0 op 0x0:(READ)", "I/O error, dev loop3, sector 0", "I/O error, dev fd0, sector 0", "Buffer I/O error on dev nbd0, logical block 0",
           "critical target error, dev sda, sector 12 op 0x3:(DISCARD)", "BTRFS warning (device loop1): csum failed root 5",
           "BTRFS info (device sda1): bdev /dev/sda1 errs: wr 0, rd 0, flush 0, corrupt 5, gen 0", "EXT4-fs (sda1): mounted filesystem with ordered data mode",
           "XFS (sda1): Mounting V5 Filesystem", "EDAC MC: Ver: 3.0.0", "mce: CPU0: Core temperature/speed normal (total events = 1)",
           "amdgpu 0000:03:00.0: amdgpu: lockup timeout disabled", "NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.",
           "Out of memory: Killed process 123 (secret)", "usb 1-1: new high-speed USB device number 2", "r8169 0000:02:00.0 eth0: RTL8168h, XID 541, IRQ 30",
           "pcieport 0000:00:1c.0: AER: enabled with IRQ 122", "thermal_sys: Registered thermal governor 'step_wise'", "thermal LNXTHERM:00: registered as thermal_zone0",
           "systemd[1]: Reached target Hardware activated USB gadget."}) {
    CAPTURE(line);
    CHECK_FALSE(recognise_kernel_message(line).has_value());
  }
}

TEST_CASE("An event keeps numbers that say where, and nothing that names people, programs or files") {
  const auto lockup = recognise_kernel_message("watchdog: BUG: soft lockup - CPU#13 stuck for 22s! [secret:1234]");
  CHECK(lockup->number_field == "cpu");
  CHECK(lockup->number == "13");
  CHECK(recognise_kernel_message("EDAC MC0: 3 CE memory read error")->count == 3);
  CHECK(recognise_kernel_message("EDAC MC0: 99999999999999999999 CE x")->count == 1);
  for (const auto& example : kExamples) {
    const auto event = recognise_kernel_message(example.line);
    CHECK((event->device + event->number + event->number_field + event->code).find("secret") == std::string::npos);
  }
}

TEST_CASE("What dmesg, syslog and journalctl put before a message is taken off") {
  CHECK(strip_log_prefix("[  371.111818] mce: x") == "mce: x");
  CHECK(strip_log_prefix("[Sun Feb 23 16:24:18 2025] NVRM: x") == "NVRM: x");
  CHECK(strip_log_prefix("Feb  1 12:00:00 host kernel: [12.3] ata1: x") == "ata1: x");
  CHECK(strip_log_prefix("2024-01-05T10:00:00.1+01:00 host kernel: [12.3][T12] BTRFS: x") == "BTRFS: x");
  CHECK(strip_log_prefix("<3>[   12.3] ata1: x") == "ata1: x");
  CHECK(strip_log_prefix("[Hardware Error]: x") == "[Hardware Error]: x");
  CHECK(strip_log_prefix("[drm:amdgpu_job_timedout [amdgpu]] x") == "[drm:amdgpu_job_timedout [amdgpu]] x");
  CHECK(strip_log_prefix("") == "");
}

TEST_CASE("A kmsg record gives level, sequence, time and message without its dictionary") {
  const auto record = parse_kmsg_record("30,1234,206764307,-;ata1: hard resetting link\n SUBSYSTEM=scsi\n");
  REQUIRE(record.has_value());
  CHECK(record->level == 6);
  CHECK(record->sequence == 1234);
  CHECK(record->microseconds == 206'764'307);
  CHECK(record->message == "ata1: hard resetting link");
  CHECK(parse_kmsg_record("4,1,2,c,caller=T1;x")->message == "x");
  for (const char* bad : {"", "hello", "a,b,c;x", "1,2;x", "1,2,x,-;m", ";"}) CHECK_FALSE(parse_kmsg_record(bad).has_value());
}

TEST_CASE("A long hostile line is judged by its first half kilobyte in bounded time") {
  std::string line(1'000'000, '[');
  CHECK_FALSE(recognise_kernel_message(line).has_value());
  std::string stars;
  for (int i = 0; i < 100'000; ++i) stars += "CPU1: temperature ";
  CHECK_FALSE(recognise_kernel_message(stars).has_value());
}
