// Batches and deliveries of the wire.
#include "core/envelope.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace hale;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = fuzz::text_of(data, size);
  if (fuzz::take_choice(input, 2) == 0) {
    if (const auto envelope = decode_envelope(input)) {
      const auto again = decode_envelope(encode(*envelope));
      fuzz::expect(again && again->items.size() == envelope->items.size(), "a batch survives being written");
      for (std::size_t i = 0; i < again->items.size(); ++i) {
        fuzz::expect(again->items[i].id == envelope->items[i].id && again->items[i].body == envelope->items[i].body, "an item survives being written");
      }
    }
  } else if (const auto delivery = decode_delivery(input)) {
    const auto again = decode_delivery(encode(*delivery));
    fuzz::expect(again && again->accepted == delivery->accepted && again->keep == delivery->keep, "a delivery survives being written");
  }
  return 0;
}
