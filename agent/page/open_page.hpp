#pragma once
#include <filesystem>
#include <string>

#include "core/result.hpp"

namespace hale::agent {

/// Writes a page where the user's browser can read it and nobody else: $XDG_RUNTIME_DIR/hale, else ~/.cache/hale; the
/// folder is the user's own (0700), the file 0600. Errors: permission when somebody else's folder or a link lies there.
Result<std::filesystem::path> write_page(const std::string& name, const std::string& html);
/// Opens it with $BROWSER, else xdg-open, else a browser that is found, at a section when one is named. Does not wait
/// for the browser beyond a moment in which it may fail. Errors: not_found when there is none, with the page's path.
Result<> open_page(const std::filesystem::path& page, const std::string& section = {});

}  // namespace hale::agent
