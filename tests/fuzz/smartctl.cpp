// What smartctl prints, JSON and text, as pasted, wrapped and cut by people.
#include "platform/parse/smartctl.hpp"

#include <cmath>

#include "platform/parse/smart_raw_text.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace hale;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = fuzz::text_of(data, size);
  if (fuzz::take_choice(input, 2) == 0) {
    if (const auto report = parse_smartctl(input)) {
      std::vector<Reading> readings;
      append_smart_readings(*report, "disk0", {}, readings);
      for (const auto& reading : readings) fuzz::expect(std::isfinite(reading.value), "every reading is a number");
      fuzz::expect(report->attributes.size() <= 256, "attributes are bounded");
    }
  } else {
    const auto raw = parse_printed_raw("ST4000DM000", 7, input);
    if (raw.raw48) fuzz::expect(*raw.raw48 < 1ULL << 48, "48 bits are 48 bits");
  }
  return 0;
}
