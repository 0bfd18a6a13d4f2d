#pragma once
#include <string>
#include <string_view>

#include "core/finding.hpp"
#include "core/result.hpp"

namespace hale::agent {

/// A link of the guide page: the closed list of what a page may ask for.
struct FeedbackLink {
  std::string fingerprint;
  Answer answer{};  ///< did_it or not_a_problem
};
/// "hale:feedback/<fingerprint>/did_it". Pure. Anything else is invalid_input.
Result<FeedbackLink> parse_link(std::string_view link);
/// The link of a finding, for the page.
std::string make_link(const FeedbackLink& link);

}  // namespace hale::agent
