#pragma once
#include <string_view>

#include "fleet/api/route.hpp"
#include "fleet/api/workers.hpp"
#include "fleet/http/message.hpp"
#include "fleet/service/context.hpp"

namespace hale::fleet {

inline constexpr std::string_view kSessionCookie = "__Host-hale_session";

/// The console listener's requests: pages, health and metrics at once; the API on worker threads, after session, role and CSRF checks.
class ConsoleApi {
 public:
  /// Gives the text of /metrics, and whether the server is ready.
  struct Status {
    std::function<std::string()> metrics;
    std::function<bool()> ready;
  };
  ConsoleApi(Context& context, Status status);

  /// Must not block: runs on a connection's thread.
  void handle(Request request, Respond respond);
  void stop() { workers_.stop(); }

 private:
  Response answer_api(Request& request);
  Response dispatch(Request& request, const Match& match);
  std::optional<Response> find_session(Call& call, Permission permission);

  Context& context_;
  Status status_;
  LoginLimits logins_;
  Workers workers_;
};

/// Why a request that changes something may be forged by another site; empty when it is not. Its Origin must be the Host it was sent to, or
/// one of `own_names` with the same port. Pure.
std::string_view csrf_refusal(const Request& request, const std::vector<std::string>& own_names = {});
void add_security_headers(Response& response);

}  // namespace hale::fleet
