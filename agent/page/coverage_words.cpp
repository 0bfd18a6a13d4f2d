#include "agent/page/coverage_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/text.hpp"

namespace hale::agent {
namespace {

constexpr std::string_view kMissing = "no reading of ";

/// Takes `word` off the front.
bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

std::optional<int> take_number(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  if (end == 0 || end > 6) return std::nullopt;
  const auto number = parse_uint(text.substr(0, end));
  text.remove_prefix(end);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

/// The component's id in front, as in "cpu: no reading of ...".
std::string_view without_component(std::string_view reason) {
  const auto colon = reason.find(": ");
  const bool is_id = colon != std::string_view::npos && reason.find(' ') == colon + 1;
  return is_id ? reason.substr(colon + 2) : reason;
}

/// "learning, day 4 of 18"; "has seen 3 of the 14 days ..."; "has 3 of the 20 weeks ...": 3 are full, so this is the
/// fourth.
bool parse_learning(std::string_view text, CoverageReason& parsed) {
  const bool running = take(text, "learning, day ");
  if (!running && !take(text, "has seen ") && !take(text, "has ")) return false;
  const auto day = take_number(text);
  if (!day || !(take(text, " of the ") || take(text, " of "))) return false;
  const auto of = take_number(text);
  if (!of || *of == 0) return false;
  parsed.day = std::min(running ? *day : *day + 1, *of);
  parsed.of = *of;
  parsed.weeks = text.starts_with(" weeks");
  return true;
}

std::string need_in_words(std::string_view need, const Texts& texts) {
  // "hw.physical_disk.smart 197", "log events (kernel.ata_timeout)"
  if (need.starts_with("log events")) return texts.get("coverage.log");
  const auto space = need.find(' ');
  auto name = texts.find("metric." + std::string(need.substr(0, space))).value_or(std::string(need));
  if (space != std::string_view::npos) name += " " + std::string(need.substr(space + 1));
  return name;
}

}  // namespace

CoverageReason parse_coverage_reason(std::string_view reason) {
  CoverageReason parsed;
  auto text = without_component(reason);
  parsed.text = text;
  if (text.empty()) return parsed;
  if (take(text, kMissing)) {
    parsed.kind = CoverageReason::Kind::missing;
    for (;;) {
      const auto next = text.find(" or ");
      parsed.needs.emplace_back(text.substr(0, next));
      if (next == std::string_view::npos || parsed.needs.size() == 8) break;
      text.remove_prefix(next + 4);
    }
  } else if (parse_learning(text, parsed)) {
    parsed.kind = CoverageReason::Kind::learning;
  } else if (text.starts_with("the causes are told apart")) {
    parsed.kind = CoverageReason::Kind::covered;
  } else {
    parsed.kind = text.starts_with("needs ") ? CoverageReason::Kind::waiting : CoverageReason::Kind::other;
  }
  return parsed;
}

std::string in_words(const CoverageReason& reason, const Texts& texts) {
  switch (reason.kind) {
    case CoverageReason::Kind::none:
      return {};
    case CoverageReason::Kind::missing: {
      std::string needs;
      for (const auto& need : reason.needs)
        if (const auto words = need_in_words(need, texts); needs.find(words) == std::string::npos)
          needs += (needs.empty() ? "" : texts.get("coverage.or")) + words;
      return texts.fill("coverage.missing", {needs});
    }
    case CoverageReason::Kind::learning:
      return texts.fill(reason.weeks ? "coverage.learning_weeks" : "coverage.learning",
                        {std::to_string(reason.day), std::to_string(reason.of)});
    case CoverageReason::Kind::waiting:
      return texts.get("coverage.waiting");
    case CoverageReason::Kind::covered:
      return texts.get("coverage.covered");
    case CoverageReason::Kind::other:
      return reason.text;
  }
  return {};
}

}  // namespace hale::agent
