#pragma once
#include <string>
#include <string_view>

#include "agent/texts/texts.hpp"
#include "core/finding.hpp"

namespace hale::agent {

/// Words of the pages: those of Hale's programs, and agent/page/words/<language>.json on top.
Texts page_texts(std::string_view language);

/// Text made safe for HTML content and attribute values. Bytes that HTML does not allow (control characters, broken
/// UTF-8) become U+FFFD; more than 8 KiB is cut.
std::string escape_html(std::string_view text);

/// The first letter large: rules' titles are written to follow "Please plan: ".
std::string capitalized(std::string text);

/// "<p>…</p>", nothing for an empty text.
std::string paragraph(std::string_view text, std::string_view look = {});
std::string heading(std::string_view text);
/// "Act now" with its sign: colour is never the only difference.
std::string level_mark(Severity severity, const Texts& texts);
std::string level_word(Severity severity, const Texts& texts);
/// A coloured word with a tick ("good"), a dash ("neutral") or a warning's sign.
std::string mark(std::string_view look, std::string_view word);
/// A row of a table, each cell text.
std::string row(std::initializer_list<std::string_view> cells);

struct PageParts {
  std::string_view title;
  std::string_view machine;  ///< maker and model, for the head of the page
  std::string_view body;     ///< HTML, the rest is text
  bool drawings{false};      ///< brings what drawings are made of
};
/// A whole self-contained page: no scripts, nothing loaded from elsewhere, light and dark, printable.
std::string make_page(std::string_view language, const PageParts& parts);

}  // namespace hale::agent
