#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

/// What every fuzzer needs. A fuzzer fails by a crash, a sanitizer's report, or `expect`.
namespace hale::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

/// Takes the first byte as a choice between `count` entry points; seeds begin with the letter 'a' for the first, 'b' for the second, ...
inline unsigned take_choice(std::string_view& input, unsigned count) {
  if (input.empty()) return 0;
  const auto choice = (static_cast<unsigned char>(input.front()) + 256u - 'a') % count;
  input.remove_prefix(1);
  return choice;
}

/// A property that must hold whatever the input.
inline void expect(bool holds, std::string_view what) {
  if (holds) return;
  std::cerr << "property broken: " << what << '\n';
  std::abort();
}

}  // namespace hale::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
