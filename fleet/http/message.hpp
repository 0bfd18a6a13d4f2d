#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.hpp"

/// HTTP as values: what routes see. Only session_beast.cpp knows the library beneath.
namespace hale::fleet {

class EventStream;

enum class Method : std::uint8_t { get, head, post, patch, remove, other };

/// The certificate a client showed in its handshake. Not yet checked against revocation.
struct PeerCertificate {
  bool trusted{};      ///< issued by the listener's CA, expiry aside
  std::string reason;  ///< why not trusted
  std::string serial;  ///< hex, lower case, as Certificates writes it
  std::string common_name;
  Timestamp not_after{};
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Method method{Method::other};
  std::string path;   ///< without the query, still percent-encoded
  std::string query;  ///< after '?', still percent-encoded
  Headers headers;    ///< names in lower case
  std::string body;
  std::string remote;                           ///< address without port
  std::shared_ptr<const PeerCertificate> peer;  ///< null: none was shown

  /// The first header of that (lower-case) name; empty when absent.
  std::string_view header(std::string_view name) const;
  /// A cookie's value; empty when absent.
  std::string_view cookie(std::string_view name) const;
};

/// `text` of a static asset points into the program; everything else is in `body`.
struct Response {
  int status{200};
  std::string content_type{"application/json"};
  Headers headers;
  std::string body;
  std::string_view text{};
  std::shared_ptr<EventStream> stream{};  ///< set: the answer is text/event-stream, fed until closed

  std::string_view bytes() const { return text.empty() ? std::string_view(body) : text; }
};

/// RFC 9457. `detail` says what is wrong and what to do; `type` is for programs.
Response problem(int status, std::string_view title, std::string_view detail, std::string_view type = "about:blank");
/// 429 or 503 with Retry-After.
Response busy(int status, std::string_view detail, std::chrono::seconds retry_after);

/// Query parameters, decoded; the first of a name counts. nullopt: malformed percent-encoding or over 64 parameters.
using Parameters = std::vector<std::pair<std::string, std::string>>;
std::optional<Parameters> parse_query(std::string_view query);
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Takes the answer to one request; called exactly once, from any thread.
using Respond = std::function<void(Response)>;
/// Must not block: it runs on the connection's own thread.
using Handler = std::function<void(Request, Respond)>;

}  // namespace hale::fleet
