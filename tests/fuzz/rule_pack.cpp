// Rule packs, their texts, the gate's table and the names of evidence.
#include "rules/engine/compiled_rules.hpp"
#include "rules/loader/load.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hale;
  auto input = fuzz::text_of(data, size);
  const auto choice = fuzz::take_choice(input, 4);
  rules::CompiledRules compiled;
  const rules::NamedText file{"pack.json", std::string(input)};
  const auto loaded = choice == 0 ? rules::load_pack(file, compiled) : choice == 1 ? rules::load_texts(file, "en", compiled)
                      : choice == 2 ? rules::load_gate(file, compiled) : rules::load_names(file, "en", compiled);
  if (!loaded) fuzz::expect(loaded.error().message.starts_with("pack.json"), "an error names the file");
  return 0;
}
