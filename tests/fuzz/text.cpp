// Numbers, times, UTF-8 and component ids out of any bytes.
#include "core/text.hpp"

#include "core/component.hpp"
#include "core/time.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace hale;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz::text_of(data, size);
  const auto clean = sanitize_utf8(input, 100);
  fuzz::expect(clean.size() <= 100, "cleaned text keeps its bound");
  fuzz::expect(sanitize_utf8(clean, 100) == clean, "clean text stays as it is");
  if (const auto time = parse_time(input)) fuzz::expect(parse_rfc3339(to_rfc3339(*time)) == *time, "a time survives being written");
  if (const auto number = parse_int(input)) fuzz::expect(parse_int(std::to_string(*number)) == *number, "a number survives being written");
  static_cast<void>(parse_uint(input));
  static_cast<void>(parse_hex(input));
  static_cast<void>(parse_double(input));
  const auto cut = size / 3;
  const auto id = make_component_id(input.substr(0, cut), input.substr(cut, cut), input.substr(2 * cut));
  fuzz::expect(id.size() <= 96, "an id keeps its bound");
  for (const char c : id) {
    fuzz::expect((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-', "an id has plain characters only");
  }
  static_cast<void>(nearest(input, {"interval_s", "quiet_hours"}));
  return 0;
}
