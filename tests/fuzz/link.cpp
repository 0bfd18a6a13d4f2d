// Links of pages, as any web page may hand them to hale-desktop.
#include "agent/desktop/link.hpp"

#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hale;
  const auto input = fuzz::text_of(data, size);
  const auto link = agent::parse_link(input);
  if (!link) return 0;
  fuzz::expect(agent::make_link(*link) == input, "a link is exactly what Hale itself would write");
  fuzz::expect(link->action == agent::LinkAction::feedback ? agent::is_fingerprint(link->fingerprint) : link->fingerprint.empty(),
               "a link carries a fingerprint or nothing");
  return 0;
}
