// JSON forms of findings and their kin: what reads must write back to something that reads as the same.
#include "core/codec.hpp"

#include <nlohmann/json.hpp>

#include "tests/fuzz/fuzz.hpp"

using namespace hale;

namespace {

template <class Value>
void check(const nlohmann::json& document, Result<Value> (*read)(const nlohmann::json&)) {
  const auto value = read(document);
  if (!value) return fuzz::expect(!value.error().message.empty(), "an error has words");
  const auto text = dump_json(to_json(*value));
  const auto again = parse_json(text);
  fuzz::expect(again.has_value(), "what is written parses");
  const auto second = read(*again);
  fuzz::expect(second.has_value(), "what is written reads");
  fuzz::expect(dump_json(to_json(*second)) == text, "writing is stable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = fuzz::text_of(data, size);
  const auto choice = fuzz::take_choice(input, 7);
  const auto document = parse_json(input, 1u << 20);
  if (!document) return 0;
  switch (choice) {
    case 0: check(*document, finding_from_json); break;
    case 1: check(*document, notification_from_json); break;
    case 2: check(*document, outcome_from_json); break;
    case 3: check(*document, evidence_from_json); break;
    case 4: check(*document, component_from_json); break;
    case 5: check(*document, event_from_json); break;
    default: check(*document, context_from_json); break;
  }
  return 0;
}
