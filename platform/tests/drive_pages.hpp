#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Pages as drives return them, built field by field: shared by the parsers' tests and the disk collector's.
namespace hale::test {

inline void put(std::string& page, std::size_t offset, std::uint64_t value, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) page[offset + i] = static_cast<char>(value >> (8 * i) & 0xffU);
}

inline void put_text(std::string& page, std::size_t offset, std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) page[offset + i] = i < text.size() ? text[i] : ' ';
}

inline std::string nvme_smart_page(std::uint8_t warning = 0, std::uint8_t used = 3, std::uint64_t media_errors = 0) {
  std::string page(512, '\0');
  put(page, 0, warning, 1);
  put(page, 1, 273 + 41, 2);
  put(page, 3, 100, 1);
  put(page, 4, 10, 1);
  put(page, 5, used, 1);
  put(page, 32, 11'000'000, 8);
  put(page, 112, 321, 8);
  put(page, 128, 4321, 8);
  put(page, 144, 12, 8);
  put(page, 160, media_errors, 8);
  put(page, 192, 5, 4);
  put(page, 196, 1, 4);
  put(page, 200, 273 + 41, 2);
  put(page, 204, 273 + 55, 2);
  return page;
}

inline std::string nvme_identify_page(std::string_view model = "EXAMPLE NVME 1TB",
                                      std::string_view serial = "NVSER0001") {
  std::string page(4096, '\0');
  put_text(page, 4, serial, 20);
  put_text(page, 24, model, 40);
  put_text(page, 64, "2B4Q", 8);
  put(page, 266, 273 + 80, 2);
  put(page, 268, 273 + 85, 2);
  put(page, 280, 1'000'204'886'016, 8);
  return page;
}

inline void put_swapped(std::string& sector, std::size_t word, std::string_view text, std::size_t words) {
  for (std::size_t i = 0; i < words * 2; ++i) sector[word * 2 + (i ^ 1U)] = i < text.size() ? text[i] : ' ';
}

inline std::string ata_identify_sector(std::string_view model = "ST2000TEST01", std::string_view serial = "ZSER0001") {
  std::string sector(512, '\0');
  put_swapped(sector, 10, serial, 10);
  put_swapped(sector, 23, "CC52", 4);
  put_swapped(sector, 27, model, 20);
  put(sector, 82 * 2, 1, 2);
  put(sector, 85 * 2, 1, 2);
  put(sector, 100 * 2, 3'907'029'168, 8);
  put(sector, 217 * 2, 7200, 2);
  return sector;
}

struct AtaRow {
  std::uint8_t id;
  std::uint8_t normalized;
  std::uint8_t worst;
  std::uint64_t raw48;
  bool prefailure{false};
};

/// Makes the bytes of a sector add up to 0 mod 256.
inline std::string with_sum(std::string sector) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < 511; ++i) sum += static_cast<unsigned char>(sector[i]);
  sector[511] = static_cast<char>(256U - sum % 256U);
  return sector;
}

inline std::string ata_smart_sector(const std::vector<AtaRow>& rows) {
  std::string sector(512, '\0');
  put(sector, 0, 10, 2);
  for (std::size_t i = 0; i < rows.size() && i < 30; ++i) {
    const auto at = 2 + 12 * i;
    put(sector, at, rows[i].id, 1);
    put(sector, at + 1, rows[i].prefailure ? 1 : 0, 2);
    put(sector, at + 3, rows[i].normalized, 1);
    put(sector, at + 4, rows[i].worst, 1);
    put(sector, at + 5, rows[i].raw48, 6);
  }
  return with_sum(std::move(sector));
}

inline std::string ata_threshold_sector(const std::vector<std::pair<std::uint8_t, std::uint8_t>>& thresholds) {
  std::string sector(512, '\0');
  put(sector, 0, 10, 2);
  for (std::size_t i = 0; i < thresholds.size() && i < 30; ++i) {
    put(sector, 2 + 12 * i, thresholds[i].first, 1);
    put(sector, 3 + 12 * i, thresholds[i].second, 1);
  }
  return with_sum(std::move(sector));
}

/// Sense data with an ATA return descriptor, as Linux's libata answers a pass-through command with CK_COND.
inline std::string ata_sense(std::uint8_t count, std::uint8_t lba_mid, std::uint8_t lba_high) {
  std::string sense(22, '\0');
  put(sense, 0, 0x72, 1);
  put(sense, 1, 0x01, 1);
  put(sense, 3, 0x1d, 1);
  put(sense, 7, 14, 1);
  put(sense, 8, 0x09, 1);
  put(sense, 9, 0x0c, 1);
  put(sense, 13, count, 1);
  put(sense, 17, lba_mid, 1);
  put(sense, 19, lba_high, 1);
  put(sense, 21, 0x50, 1);
  return sense;
}

}  // namespace hale::test
