#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "core/finding.hpp"
#include "core/result.hpp"

namespace hale::agent {

/// The closed list of what a page may ask for. hale-desktop asks the person before it does any of it.
enum class LinkAction : std::uint8_t { feedback, quiet, pause, uploads, help, erase };

struct Link {
  LinkAction action{};
  std::string fingerprint;  ///< of feedback only
  Answer answer{};          ///< of feedback only: did_it, not_a_problem, later or book
};

/// "hale:help", "hale:feedback/<16 hex digits>/did_it". Pure. Whatever is not exactly one of these is invalid_input:
/// nothing is decoded, and nothing but a finding's fingerprint can be carried.
Result<Link> parse_link(std::string_view link);
std::string make_link(const Link& link);
std::string_view to_string(LinkAction action);
/// 16 lower-case hex digits, as findings have.
bool is_fingerprint(std::string_view text);

}  // namespace hale::agent
