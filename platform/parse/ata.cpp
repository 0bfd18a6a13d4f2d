#include "platform/parse/ata.hpp"

#include "platform/parse/bytes.hpp"
#include "platform/parse/smart_decode.hpp"

namespace hale {
namespace {

// IDENTIFY DEVICE words.
constexpr std::size_t kSerialWord = 10, kFirmwareWord = 23, kModelWord = 27, kLba28Word = 60, kSupportWord = 82,
                      kEnabledWord = 85, kLba48Word = 100;
constexpr std::size_t kSectorSizeWord = 106, kLogicalSizeWord = 117, kRotationWord = 217;

// SMART data and thresholds: 30 rows of 12 bytes from offset 2.
constexpr std::size_t kRows = 30, kRowBytes = 12, kFirstRow = 2;

// Self-test log: 21 descriptors of 24 bytes from offset 2, index of the newest at 508 (1-based, 0 = empty).
constexpr std::size_t kTests = 21, kTestBytes = 24, kFirstTest = 2, kTestIndex = 508;

// Error log: 5 entries of 90 bytes from offset 2 (five commands of 12, then 30 of error data), total at 452.
constexpr std::size_t kErrors = 5, kErrorBytes = 90, kFirstError = 2, kErrorIndex = 1, kErrorCount = 452;
constexpr std::size_t kErrorRegister = 60 + 1;  // in an entry: after the commands and one reserved byte
constexpr std::uint8_t kUnc = 0x40;

std::string where(const char* what) { return std::string("ATA ") + what; }

Result<> check_sector(std::string_view sector, const char* what, bool with_sum) {
  if (sector.size() != kAtaSector)
    return fail(Errc::invalid_input, where(what) + " of " + std::to_string(sector.size()) + " bytes, 512 are expected");
  if (bytes::all_equal(sector))
    return fail(Errc::invalid_input, where(what) + " holds one repeated byte: the drive did not answer");
  unsigned sum = 0;
  for (const char c : sector) sum += static_cast<unsigned char>(c);
  if (with_sum && sum % 256 != 0) return fail(Errc::invalid_input, where(what) + " has a wrong checksum");
  return {};
}

std::uint16_t word(std::string_view sector, std::size_t index) { return bytes::u16(sector, index * 2); }

// ATA strings put the first character in the high byte of each word.
std::string swapped_text(std::string_view sector, std::size_t first_word, std::size_t words) {
  std::string text;
  for (std::size_t i = 0; i < words; ++i) {
    const auto pair = word(sector, first_word + i);
    text += static_cast<char>(pair >> 8U);
    text += static_cast<char>(pair & 0xffU);
  }
  return bytes::text(text, 0, text.size());
}

std::uint64_t sector_size(std::string_view identify) {
  const auto sizes = word(identify, kSectorSizeWord);
  const bool valid = (sizes & 0xc000U) == 0x4000U;
  if (!valid || (sizes & 0x1000U) == 0) return 512;
  return std::uint64_t{2} * bytes::little(identify, kLogicalSizeWord * 2, 4);  // counted in words
}

// The registers that a SAT layer puts into sense data: descriptor format 72h with an ATA return descriptor 09h, or
// fixed format 70h.
struct AtaRegisters {
  int count{};
  int lba_mid{};
  int lba_high{};
};

Result<AtaRegisters> registers_of(std::string_view sense) {
  const auto none = [] { return fail(Errc::unsupported, "the drive's bridge returned no ATA registers"); };
  if (sense.size() < 8) return none();
  const auto format = bytes::u8(sense, 0) & 0x7fU;
  if (format == 0x72) {
    for (std::size_t at = 8; at + 14 <= sense.size(); at += 2U + bytes::u8(sense, at + 1)) {
      if (bytes::u8(sense, at) == 0x09 && bytes::u8(sense, at + 1) == 0x0c) {
        return AtaRegisters{bytes::u8(sense, at + 5), bytes::u8(sense, at + 9), bytes::u8(sense, at + 11)};
      }
    }
    return none();
  }
  // SAT-3 table "fixed format": ASC/ASCQ 00h/1Dh "ATA pass-through information available"; information and
  // command-specific fields hold them.
  const bool passthrough = bytes::u8(sense, 12) == 0x00 && bytes::u8(sense, 13) == 0x1d;
  if (format != 0x70 || sense.size() < 14 || !passthrough) return none();
  return AtaRegisters{bytes::u8(sense, 6), bytes::u8(sense, 10), bytes::u8(sense, 11)};
}

SmartAttribute read_row(std::string_view sector, std::size_t at, const std::string& model) {
  SmartAttribute row;
  row.id = bytes::u8(sector, at);
  row.prefailure = (bytes::u16(sector, at + 1) & 1U) != 0;
  row.normalized = bytes::u8(sector, at + 3);
  row.worst = bytes::u8(sector, at + 4);
  row.raw48 = bytes::little(sector, at + 5, 6);
  row.value = decode_smart_raw(model, row.id, *row.raw48);
  return row;
}

}  // namespace

Result<> parse_ata_identify(std::string_view sector, SmartReport& report) {
  // Word 255 carries a checksum only where its low byte says so.
  const bool with_sum = sector.size() == kAtaSector && bytes::u8(sector, 510) == 0xa5;
  if (auto ok = check_sector(sector, "identify data", with_sum); !ok) return ok;
  report.protocol = DriveProtocol::ata;
  report.serial = swapped_text(sector, kSerialWord, 10);
  report.firmware = swapped_text(sector, kFirmwareWord, 4);
  report.model = swapped_text(sector, kModelWord, 20);
  const auto lba48 = bytes::little(sector, kLba48Word * 2, 8);
  const auto lba = lba48 != 0 ? lba48 : bytes::little(sector, kLba28Word * 2, 4);
  if (lba != 0 && lba < (std::uint64_t{1} << 48U)) report.capacity_bytes = lba * sector_size(sector);
  const auto rotation = word(sector, kRotationWord);
  if (rotation == 1) report.rotation_rpm = 0;
  if (rotation >= 0x0401 && rotation <= 0xfffe && rotation <= 20'000) report.rotation_rpm = rotation;
  if ((word(sector, kSupportWord) & 1U) != 0) report.smart_enabled = (word(sector, kEnabledWord) & 1U) != 0;
  return {};
}

Result<> parse_ata_smart_data(std::string_view sector, SmartReport& report) {
  if (auto ok = check_sector(sector, "SMART data", true); !ok) return ok;
  report.protocol = DriveProtocol::ata;
  report.attributes.clear();
  for (std::size_t i = 0; i < kRows; ++i) {
    const auto at = kFirstRow + i * kRowBytes;
    if (bytes::u8(sector, at) != 0) report.attributes.push_back(read_row(sector, at, report.model));
  }
  finish_ata_report(report);
  return {};
}

Result<> parse_ata_smart_thresholds(std::string_view sector, SmartReport& report) {
  if (auto ok = check_sector(sector, "SMART thresholds", true); !ok) return ok;
  for (std::size_t i = 0; i < kRows; ++i) {
    const auto at = kFirstRow + i * kRowBytes;
    const auto id = bytes::u8(sector, at);
    for (auto& attribute : report.attributes) {
      if (id == 0 || attribute.id != id) continue;
      attribute.threshold = bytes::u8(sector, at + 1);
      // Threshold 0 never trips.
      attribute.failing_now =
          *attribute.threshold > 0 && attribute.normalized && *attribute.normalized <= *attribute.threshold;
      attribute.failed_past = !attribute.failing_now && *attribute.threshold > 0 && attribute.worst &&
                              *attribute.worst <= *attribute.threshold;
    }
  }
  return {};
}

Result<bool> parse_ata_smart_status(std::string_view sense) {
  const auto registers = registers_of(sense);
  if (!registers) return fail(registers.error());
  if (registers->lba_mid == 0x4f && registers->lba_high == 0xc2) return true;
  if (registers->lba_mid == 0xf4 && registers->lba_high == 0x2c) return false;
  return fail(Errc::unsupported, "the drive's verdict is neither passed nor failed");
}

Result<int> parse_ata_power_mode(std::string_view sense) {
  const auto registers = registers_of(sense);
  if (!registers) return fail(registers.error());
  return registers->count;
}

Result<> parse_ata_self_test_log(std::string_view sector, SmartReport& report) {
  if (auto ok = check_sector(sector, "self-test log", true); !ok) return ok;
  const std::size_t newest = bytes::u8(sector, kTestIndex);
  report.self_tests = report.self_tests_failed = 0;
  if (newest > kTests)
    return fail(Errc::invalid_input,
                where("self-test log") + " whose newest entry is " + std::to_string(newest) + " of 21");
  for (std::size_t i = 0; i < kTests; ++i) {
    const auto at = kFirstTest + i * kTestBytes;
    const auto number = bytes::u8(sector, at);
    const auto status = static_cast<unsigned>(bytes::u8(sector, at + 1) >> 4U);
    if (number == 0 && bytes::little(sector, at + 2, 2) == 0) continue;
    // 0 completed, 1 and 2 aborted, 3..8 failed (8 = handling damage), 15 running.
    const bool failed = status >= 3 && status <= 8;
    ++*report.self_tests;
    if (failed) ++*report.self_tests_failed;
    if (i + 1 == newest) report.latest_self_test_failed = failed;
  }
  return {};
}

Result<> parse_ata_error_log(std::string_view sector, SmartReport& report) {
  if (auto ok = check_sector(sector, "error log", true); !ok) return ok;
  if (bytes::u8(sector, kErrorIndex) > kErrors)
    return fail(Errc::invalid_input, where("error log") + " with an index beyond its 5 entries");
  report.error_log_count = bytes::u16(sector, kErrorCount);
  report.error_log_unc = 0;
  for (std::size_t i = 0; i < kErrors && bytes::u8(sector, kErrorIndex) != 0; ++i) {
    if ((bytes::u8(sector, kFirstError + i * kErrorBytes + kErrorRegister) & kUnc) != 0) ++*report.error_log_unc;
  }
  return {};
}

}  // namespace hale
