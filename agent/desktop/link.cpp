#include "agent/desktop/link.hpp"

#include <fmt/format.h>

#include "core/text.hpp"

namespace hale::agent {
namespace {

constexpr std::size_t kMaxLink = 512;
constexpr std::string_view kPrefix = "hale:feedback/";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

}  // namespace

Result<FeedbackLink> parse_link(std::string_view link) {
  const auto refused = [] {
    return fail(Errc::invalid_input, "only hale:feedback/ID/did_it and hale:feedback/ID/not_a_problem can be followed");
  };
  if (link.size() > kMaxLink || !link.starts_with(kPrefix)) return refused();
  link.remove_prefix(kPrefix.size());
  const auto slash = link.find('/');
  if (slash == std::string_view::npos || slash == 0) return refused();
  FeedbackLink parsed;
  for (std::size_t i = 0; i < slash; ++i) {
    if (is_plain(link[i])) {
      parsed.fingerprint.push_back(link[i]);
      continue;
    }
    const auto code = link[i] == '%' && i + 2 < slash ? parse_hex(link.substr(i + 1, 2)) : std::nullopt;
    if (!code || *code < 0x20 || *code > 0x7E) return refused();
    parsed.fingerprint.push_back(static_cast<char>(*code));
    i += 2;
  }
  const auto answer = parse_answer(link.substr(slash + 1));
  if (!answer || (*answer != Answer::did_it && *answer != Answer::not_a_problem)) return refused();
  parsed.answer = *answer;
  return parsed;
}

std::string make_link(const FeedbackLink& link) {
  std::string out(kPrefix);
  for (const char c : link.fingerprint) {
    if (is_plain(c))
      out.push_back(c);
    else
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out + "/" + std::string(to_string(link.answer));
}

}  // namespace hale::agent
