// haled's configuration file.
#include "agent/config/config.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hale;
  const auto config = agent::parse_config(fuzz::text_of(data, size), "config.json");
  if (!config) {
    fuzz::expect(config.error().message.starts_with("config.json"), "an error names the file");
    return 0;
  }
  fuzz::expect(config->sweep_interval_s >= 1, "an interval is at least a second");
  fuzz::expect(config->quiet_from_minute >= 0 && config->quiet_from_minute < 24 * 60, "quiet hours are of one day");
  return 0;
}
