#pragma once
#include "core/result.hpp"
#include "fleet/http/message.hpp"

namespace hale::fleet {

/// The answer for an error of the store or a service. Internal details go to the log, not to the client.
Response problem_of(const Error& error);

/// The body of a JSON request as text: checks Content-Type and Content-Encoding, and unpacks. An error is the answer to
/// give.
tl::expected<std::string, Response> json_body(Request& request);

}  // namespace hale::fleet
