#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/http/message.hpp"
#include "fleet/service/accounts.hpp"
#include "fleet/service/context.hpp"
#include "fleet/service/rate_limit.hpp"

namespace hale::fleet {

/// Failed logins in a minute: one name from one address, and one address with any names.
struct LoginLimits {
  RateLimit pairs{5, std::chrono::seconds(60)};
  RateLimit addresses{20, std::chrono::seconds(60)};
};

/// One request of the console's API, authenticated and allowed. `store` is this thread's reading connection.
struct Call {
  Request& request;
  Context& context;
  Store& store;
  LoginLimits& logins;
  std::vector<std::string> path;  ///< what the pattern's {} matched
  Parameters parameters;
  std::optional<SessionRow> session;  ///< absent only on open routes
  Timestamp now;

  /// A query parameter; empty when absent.
  std::string_view parameter(std::string_view name) const;
};

using RouteHandler = Response (*)(Call&);

/// `pattern`: "/api/v1/devices/{}/findings"; {} matches one part.
struct Route {
  Method method;
  std::string_view pattern;
  Permission permission;
  RouteHandler handler;
};

/// Every route of the console's API: the one table that says who may do what.
std::span<const Route> console_routes();

struct Match {
  const Route* route{};  ///< null: none
  std::vector<std::string> path;
  std::string allow;  ///< methods that this path has, when only the method is wrong
};
Match find_route(std::span<const Route> routes, Method method, std::string_view path);

std::string_view to_string(Method method);

}  // namespace hale::fleet
