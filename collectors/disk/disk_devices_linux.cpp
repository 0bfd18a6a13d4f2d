#include "collectors/disk/disk_devices_linux.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "collectors/sensor_file_linux.hpp"
#include "core/text.hpp"
#include "platform/crypto.hpp"
#include "platform/files.hpp"

namespace hale {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxDisks = 256;

std::size_t digits(std::string_view text) {
  const auto end = text.find_first_not_of("0123456789");
  return end == std::string_view::npos ? text.size() : end;
}

// "nvme0n1" -> "nvme0"; a multipath name "nvme0c1n1" is a path, not a disk. Empty for anything else.
std::string nvme_controller(std::string_view name) {
  if (!name.starts_with("nvme")) return {};
  const auto number = digits(name.substr(4));
  const auto rest = name.substr(4 + number);
  const bool whole =
      number > 0 && rest.starts_with('n') && rest.size() > 1 && digits(rest.substr(1)) == rest.size() - 1;
  return whole ? std::string(name.substr(0, 4 + number)) : std::string();
}

bool is_scsi_disk(std::string_view name) {
  return name.starts_with("sd") && name.size() > 2 && name.size() <= 5 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz", 2) == std::string_view::npos;
}

// Path below /sys of a class entry's device, with links resolved.
std::string device_of(const fs::path& sys, const fs::path& link) {
  std::error_code error;
  const auto root = fs::canonical(sys, error);
  const auto device = error ? fs::path() : fs::canonical(link, error);
  if (error) return {};
  auto below = device.lexically_relative(root).generic_string();
  return below.starts_with("devices/") ? below : std::string();
}

// VPD page 80h: 4 bytes of header, then the serial number. vpd_pg80 is binary, and libata makes it for SATA disks too.
std::string vpd_serial(const fs::path& device) {
  const auto page = read_file(device / "vpd_pg80", 256);
  if (!page || page->size() <= 4) return {};
  const auto length = static_cast<std::size_t>(static_cast<unsigned char>((*page)[3]));
  return std::string(trim(sanitize_utf8(std::string_view(*page).substr(4, length), 64)));
}

void describe_nvme(const fs::path& device, DiskInfo& disk) {
  disk.nvme = true;
  disk.rotational = false;
  disk.model = text_or_empty(device / "model");
  disk.firmware = text_or_empty(device / "firmware_rev");
  disk.serial = text_or_empty(device / "serial");
}

void describe_scsi(const fs::path& device, DiskInfo& disk) {
  disk.vendor = text_or_empty(device / "vendor");
  if (disk.vendor == "ATA") disk.vendor.clear();  // libata's word for "SATA"
  disk.model = text_or_empty(device / "model");
  disk.firmware = text_or_empty(device / "rev");
  disk.serial = vpd_serial(device);
  disk.wwid = text_or_empty(device / "wwid");
  disk.usb = disk.device.find("/usb") != std::string::npos;
}

std::optional<DiskInfo> describe(const fs::path& sys, const std::string& name) {
  const auto controller = nvme_controller(name);
  if (controller.empty() && !is_scsi_disk(name)) return std::nullopt;
  const auto block = sys / "block" / name;
  if (text_or_empty(block / "removable") == "1" || text_or_empty(block / "size") == "0") return std::nullopt;
  DiskInfo disk;
  disk.name = name;
  disk.node = controller.empty() ? name : controller;
  disk.device = device_of(sys, block / "device");
  disk.rotational = text_or_empty(block / "queue" / "rotational") != "0";
  if (controller.empty()) {
    describe_scsi(block / "device", disk);
  } else {
    describe_nvme(block / "device", disk);
  }
  if (disk.wwid.empty()) disk.wwid = text_or_empty(block / "wwid");
  return disk;
}

// crypto::hash_hex wants a key of 16..64 bytes whatever the salt's length.
std::string keyed_hash(std::string_view text, std::string_view salt) {
  return crypto::hash_hex(text, crypto::hash_hex(salt));
}

struct Maker {
  std::string_view prefix;
  std::string_view name;
};
// A prefix that ends in '#' wants a digit there: "ST4000DM000" is Seagate's, "STT_FTM28GX25H" is not.
constexpr auto kMakers = std::to_array<Maker>({
    {"Samsung", "Samsung"},    {"SAMSUNG", "Samsung"},   {"MZ", "Samsung"},
    {"Seagate", "Seagate"},    {"ST#", "Seagate"},       {"WDC", "Western Digital"},
    {"WD", "Western Digital"}, {"SanDisk", "SanDisk"},   {"HGST", "HGST"},
    {"HUS", "HGST"},           {"Hitachi", "Hitachi"},   {"HITACHI", "Hitachi"},
    {"TOSHIBA", "Toshiba"},    {"KIOXIA", "Kioxia"},     {"KXG", "Toshiba"},
    {"INTEL", "Intel"},        {"SSDPE", "Intel"},       {"SOLIDIGM", "Solidigm"},
    {"CT#", "Crucial"},        {"Crucial", "Crucial"},   {"Micron", "Micron"},
    {"MTFD", "Micron"},        {"KINGSTON", "Kingston"}, {"SK hynix", "SK hynix"},
    {"SKHynix", "SK hynix"},   {"HFS#", "SK hynix"},     {"HFM#", "SK hynix"},
    {"ADATA", "ADATA"},        {"XPG", "ADATA"},         {"PNY", "PNY"},
    {"LITEON", "Lite-On"},     {"Corsair", "Corsair"},   {"Sabrent", "Sabrent"},
    {"YMTC", "YMTC"},          {"Lexar", "Lexar"},       {"FUJITSU", "Fujitsu"},
    {"Maxtor", "Maxtor"},      {"OCZ", "OCZ"},           {"Patriot", "Patriot"},
    {"LENSE", "Lenovo"},
});

bool made_by(const Maker& maker, std::string_view model) {
  if (!maker.prefix.ends_with('#')) return model.starts_with(maker.prefix);
  const auto letters = maker.prefix.substr(0, maker.prefix.size() - 1);
  return model.starts_with(letters) && digits(model.substr(letters.size())) > 0;
}

}  // namespace

Result<std::vector<DiskInfo>> find_disks(const fs::path& sys) {
  const auto names = list_directory(sys / "block", 4096);
  if (!names) return fail(names.error());
  std::vector<DiskInfo> disks;
  std::set<std::string> nodes;
  for (const auto& name : *names) {
    auto disk = describe(sys, name);
    // Two namespaces of one controller are one disk.
    if (!disk || disks.size() == kMaxDisks || !nodes.insert(disk->node).second) continue;
    disks.push_back(std::move(*disk));
  }
  return disks;
}

void assign_disk_ids(std::vector<DiskInfo>& disks, std::string_view salt) {
  const auto identity = [](const DiskInfo& disk) {
    return disk.serial.empty() ? disk.wwid : disk.model + '\n' + disk.serial;
  };
  const auto place = [](const DiskInfo& disk) { return disk.device.empty() ? disk.name : disk.device; };
  std::map<std::string, int> uses;
  for (auto& disk : disks) {
    disk.serial = hash_serial(disk.serial, salt);
    ++uses[identity(disk)];
  }
  for (auto& disk : disks) {
    auto text = identity(disk);
    if (text.empty() || uses[text] > 1) text += '\n' + place(disk);
    disk.id = "disk-" + keyed_hash(text, salt).substr(0, 8);
  }
}

std::string hash_serial(std::string_view serial, std::string_view salt) {
  return serial.empty() ? std::string() : keyed_hash(serial, salt).substr(0, 32);
}

std::string_view disk_maker(std::string_view model) {
  const auto* found =
      std::find_if(kMakers.begin(), kMakers.end(), [&](const Maker& maker) { return made_by(maker, model); });
  return found == kMakers.end() ? std::string_view() : found->name;
}

std::optional<std::uint64_t> disk_activity(const fs::path& sys, std::string_view name) {
  const auto text = read_text_once(sys / "block" / std::string(name) / "stat");
  if (!text) return std::nullopt;
  // Fields 1 and 5: reads and writes completed.
  std::optional<std::uint64_t> reads;
  std::optional<std::uint64_t> writes;
  int field = 0;
  for (const auto part : split(*text, ' ')) {
    if (part.empty()) continue;
    ++field;
    if (field == 1) reads = parse_uint(part);
    if (field == 5) writes = parse_uint(part);
  }
  if (!reads || !writes) return std::nullopt;
  return *reads + *writes;
}

}  // namespace hale
