#include "fleet/api/assets.hpp"

#include "core/embedded.hpp"
#include "core/text.hpp"

HALE_DECLARE_EMBEDDED(fleet_console)
HALE_DECLARE_EMBEDDED(fleet_openapi)

namespace hale::fleet {
namespace {

constexpr std::string_view kNotBuilt =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Hale</title><h1>The console was not built into "
    "this server</h1>"
    "<p>The API works (see <a href=\"/api/openapi.yaml\">/api/openapi.yaml</a>). Build the pages in fleet/console with "
    "npm, then configure with "
    "HALE_CONSOLE_DIST naming the folder they were built into.</p></html>\n";

std::string_view type_of(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".json", "application/json"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".webmanifest", "application/manifest+json"}};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

bool accepts_gzip(const Request& request) {
  for (const auto part : split(request.header("accept-encoding"), ',')) {
    const auto coding = trim(part);
    if (coding.substr(0, coding.find(';')) == "gzip")
      return coding.find("q=0") == std::string_view::npos || coding.find("q=0.") != std::string_view::npos;
  }
  return false;
}

}  // namespace

Response console_page(const Request& request) {
  const auto files = embedded::fleet_console();
  std::string name = percent_decode(request.path).value_or("/").substr(1);
  const EmbeddedFile* file = name.empty() || name.ends_with(".gz") ? nullptr : find_embedded(files, name);
  if (file == nullptr) {
    const auto slash = name.rfind('/');
    // A missing script is an error; any other path is a page of the console's own router.
    if (name.starts_with("assets/") || name.find('.', slash == std::string::npos ? 0 : slash) != std::string::npos) {
      return problem(404, "Not found", "There is no such page.");
    }
    name = "index.html";
    file = find_embedded(files, name);
  }
  Response response;
  response.content_type = "text/html; charset=utf-8";
  if (file == nullptr) {
    response.text = kNotBuilt;
    return response;
  }
  response.content_type = type_of(name);
  response.text = file->bytes;
  response.headers.emplace_back("Cache-Control",
                                name.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.emplace_back("Vary", "Accept-Encoding");
  const EmbeddedFile* packed = accepts_gzip(request) ? find_embedded(files, name + ".gz") : nullptr;
  if (packed != nullptr) {
    response.text = packed->bytes;
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

Response openapi_document() {
  Response response;
  response.content_type = "application/yaml; charset=utf-8";
  response.text = embedded::fleet_openapi().front().bytes;
  return response;
}

}  // namespace hale::fleet
