#pragma once
#include <string>
#include <string_view>

namespace hale::agent {

/// Text made safe for HTML content and attribute values.
std::string escape_html(std::string_view text);

/// The first letter large: rules' titles are written to follow "Please plan: ".
std::string capitalized(std::string text);

/// A whole self-contained page: no scripts, nothing loaded from elsewhere, light and dark, printable. `body` is HTML;
/// the rest is text.
std::string make_page(std::string_view language, std::string_view title, std::string_view body);

}  // namespace hale::agent
