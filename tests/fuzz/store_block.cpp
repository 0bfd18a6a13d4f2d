// Blocks of readings in the agent's store: damaged ones must be refused.
#include "agent/store/block.hpp"

#include "platform/compression.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hale;
  auto input = fuzz::text_of(data, size);
  // Packed as well, or the fuzzer would never get past the compression.
  const auto block = fuzz::take_choice(input, 2) == 0 ? agent::decode_block(zstd_compress(input)) : agent::decode_block(input);
  if (!block) return 0;
  for (const auto& column : block->columns) {
    fuzz::expect(column.rows.size() == column.values.size(), "every value has its row");
    for (const auto row : column.rows) fuzz::expect(row < block->times.size(), "every row has its time");
  }
  return 0;
}
