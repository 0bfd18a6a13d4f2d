#include "agent/desktop/link.hpp"

#include <algorithm>

namespace hale::agent {
namespace {

constexpr std::size_t kMaxLink = 64;
constexpr std::size_t kFingerprint = 16;
constexpr std::string_view kScheme = "hale:";
constexpr LinkAction kPlain[] = {LinkAction::quiet, LinkAction::pause, LinkAction::uploads, LinkAction::help,
                                 LinkAction::erase};
constexpr Answer kAnswers[] = {Answer::did_it, Answer::not_a_problem, Answer::later, Answer::book};

}  // namespace

std::string_view to_string(LinkAction action) {
  switch (action) {
    case LinkAction::feedback:
      return "feedback";
    case LinkAction::quiet:
      return "quiet";
    case LinkAction::pause:
      return "pause";
    case LinkAction::uploads:
      return "uploads";
    case LinkAction::help:
      return "help";
    case LinkAction::erase:
      return "erase";
  }
  return {};
}

bool is_fingerprint(std::string_view text) {
  return text.size() == kFingerprint &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<Link> parse_link(std::string_view link) {
  const auto refused = [] {
    return fail(Errc::invalid_input,
                "this is no link that Hale follows: only hale:help, quiet, pause, uploads, erase and "
                "feedback/FINDING/did_it, not_a_problem, later, book");
  };
  if (link.size() > kMaxLink || !link.starts_with(kScheme)) return refused();
  link.remove_prefix(kScheme.size());
  for (const auto action : kPlain)
    if (link == to_string(action)) return Link{action, {}, {}};
  constexpr std::string_view kFeedback = "feedback/";
  if (!link.starts_with(kFeedback)) return refused();
  link.remove_prefix(kFeedback.size());
  if (link.size() <= kFingerprint || link[kFingerprint] != '/') return refused();
  const auto fingerprint = link.substr(0, kFingerprint);
  const auto answer = parse_answer(link.substr(kFingerprint + 1));
  const bool known = answer && std::find(std::begin(kAnswers), std::end(kAnswers), *answer) != std::end(kAnswers);
  if (!known || !is_fingerprint(fingerprint)) return refused();
  return Link{LinkAction::feedback, std::string(fingerprint), *answer};
}

std::string make_link(const Link& link) {
  auto out = std::string(kScheme) + std::string(to_string(link.action));
  if (link.action == LinkAction::feedback) out += "/" + link.fingerprint + "/" + std::string(to_string(link.answer));
  return out;
}

}  // namespace hale::agent
