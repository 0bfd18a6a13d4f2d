#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/texts/texts.hpp"

namespace hale::agent {

/// Why a rule cannot judge yet, taken apart so that it can be said in the reader's language.
struct CoverageReason {
  enum class Kind : std::uint8_t { none, missing, learning, waiting, covered, other };
  Kind kind{Kind::none};
  std::vector<std::string> needs;  ///< missing: names of metrics or log events, one of which is enough
  int day{}, of{};                 ///< learning: day 4 of 18
  bool weeks{};                    ///< ... or week
  std::string text;                ///< as the rules said it, without the component
};
/// Understands what rules/engine says: "cpu: no reading of hw.fan.speed", "learning, day 4 of 18", "has 3 of the 20
/// days of readings it needs". Pure. What it does not know is `other`, shown as it is; `covered`: more exact rules
/// judge.
CoverageReason parse_coverage_reason(std::string_view reason);
std::string in_words(const CoverageReason& reason, const Texts& texts);

}  // namespace hale::agent
