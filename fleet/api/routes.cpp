#include "fleet/api/routes.hpp"

#include <array>

namespace hale::fleet {

std::span<const Route> console_routes() {
  using namespace routes;
  static constexpr std::array kRoutes{
      Route{Method::post, "/api/v1/session", Permission::open, login},
      Route{Method::remove, "/api/v1/session", Permission::read, logout},
      Route{Method::get, "/api/v1/me", Permission::read, me},
      Route{Method::post, "/api/v1/me/password", Permission::read, change_own_password},
      Route{Method::get, "/api/v1/summary", Permission::read, summary},
      Route{Method::get, "/api/v1/devices", Permission::read, list_devices},
      Route{Method::get, "/api/v1/devices/{}", Permission::read, get_device},
      Route{Method::get, "/api/v1/devices/{}/series", Permission::read, list_series},
      Route{Method::get, "/api/v1/devices/{}/telemetry", Permission::read, get_telemetry},
      Route{Method::get, "/api/v1/devices/{}/findings", Permission::read, list_device_findings},
      Route{Method::get, "/api/v1/devices/{}/timeline", Permission::read, get_timeline},
      Route{Method::post, "/api/v1/devices/{}/revoke", Permission::revoke_devices, revoke_device},
      Route{Method::get, "/api/v1/findings", Permission::read, list_findings},
      Route{Method::get, "/api/v1/tokens", Permission::manage_tokens, list_tokens},
      Route{Method::post, "/api/v1/tokens", Permission::manage_tokens, create_token},
      Route{Method::remove, "/api/v1/tokens/{}", Permission::manage_tokens, revoke_token},
      Route{Method::get, "/api/v1/users", Permission::manage_users, list_users},
      Route{Method::post, "/api/v1/users", Permission::manage_users, create_user},
      Route{Method::patch, "/api/v1/users/{}", Permission::manage_users, change_user},
      Route{Method::remove, "/api/v1/users/{}", Permission::manage_users, remove_user},
      Route{Method::get, "/api/v1/audit", Permission::read_audit, list_audit},
      Route{Method::get, "/api/v1/live", Permission::read, live},
  };
  return kRoutes;
}

}  // namespace hale::fleet
