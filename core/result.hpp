#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace hale {

/// What kind of failure an Error is, so that a caller can decide without reading its words.
enum class Errc {
  invalid_input,  ///< outside bytes are malformed: config, pack, recording, page, request
  not_found,      ///< the thing does not exist: normal for sensors ("no such sensor")
  permission,     ///< the OS or a policy refused
  unsupported,    ///< exists, but cannot be read in this way
  timeout,        ///< a deadline passed
  unavailable,    ///< may work later: network, agent not running, database busy
  io,             ///< the OS reported an I/O error
  conflict,       ///< somebody else changed it first
  internal,       ///< a defect in Hale
};

/// A failure: says what happened, where, and what to do next. Callers add context in front as it travels up.
struct Error {
  Errc code{Errc::internal};
  std::string message;

  /// "reading config: " + message.
  Error with_context(std::string_view context) && {
    message.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }
  bool operator==(const Error&) const = default;
};

/// A value or the reason why there is none. Outside bytes and the OS never cause an exception across a module border.
template <class T = void>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace hale
