// Why a rule cannot judge yet, as a service of another version may word it.
#include "agent/page/coverage_words.hpp"

#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hale;
  const auto reason = agent::parse_coverage_reason(fuzz::text_of(data, size));
  fuzz::expect(reason.kind != agent::CoverageReason::Kind::learning || (reason.of > 0 && reason.day >= 0 && reason.day <= reason.of),
               "a day of learning is one of those it takes");
  fuzz::expect(reason.needs.size() <= 8, "needs are bounded");
  return 0;
}
