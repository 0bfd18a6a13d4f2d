#include "fleet/api/problems.hpp"

#include "core/text.hpp"
#include "fleet/ingest/batch.hpp"
#include "fleet/service/log.hpp"

namespace hale::fleet {

Response problem_of(const Error& error) {
  switch (error.code) {
    case Errc::invalid_input:
      return problem(422, "Malformed", error.message);
    case Errc::not_found:
      return problem(404, "Not found", error.message);
    case Errc::permission:
      return problem(403, "Forbidden", error.message);
    case Errc::unsupported:
      return problem(422, "Not supported", error.message);
    case Errc::conflict:
      return problem(409, "Conflict", error.message);
    case Errc::timeout:
    case Errc::unavailable:
      log::warning("unavailable", {{"error", error.message}});
      return busy(503, "The server cannot do this right now; try again later.", std::chrono::seconds(30));
    case Errc::io:
    case Errc::internal:
      break;
  }
  log::error("internal", {{"error", error.message}});
  return problem(500, "Internal error",
                 "The server failed at this; its log says why. Try again, or tell its operator.");
}

tl::expected<std::string, Response> json_body(Request& request) {
  const std::string type =
      to_lower_ascii(trim(request.header("content-type").substr(0, request.header("content-type").find(';'))));
  if (type != "application/json") {
    return tl::unexpected(problem(415, "Unsupported media type", "Send JSON, with Content-Type: application/json."));
  }
  auto text = decompress_body(to_lower_ascii(trim(request.header("content-encoding"))), std::move(request.body));
  if (text) return std::move(*text);
  if (text.error().code == Errc::unsupported)
    return tl::unexpected(problem(415, "Unsupported encoding", text.error().message));
  const bool large =
      text.error().message.find("unpacks to more than") != std::string::npos;  // platform/compression.hpp
  if (large) return tl::unexpected(problem(413, "Too large", text.error().message + "; send less at once"));
  return tl::unexpected(problem(422, "Malformed", text.error().message));
}

}  // namespace hale::fleet
