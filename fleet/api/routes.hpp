#pragma once
#include "fleet/api/route.hpp"

/// The handlers behind console_routes(), a group a file.
namespace hale::fleet::routes {

Response login(Call& call);
Response logout(Call& call);
Response me(Call& call);
Response change_own_password(Call& call);

Response summary(Call& call);
Response list_devices(Call& call);
Response get_device(Call& call);
Response list_series(Call& call);
Response get_telemetry(Call& call);
Response get_timeline(Call& call);
Response revoke_device(Call& call);

Response list_device_findings(Call& call);
Response list_findings(Call& call);

Response list_tokens(Call& call);
Response create_token(Call& call);
Response revoke_token(Call& call);
Response list_users(Call& call);
Response create_user(Call& call);
Response change_user(Call& call);
Response remove_user(Call& call);
Response list_audit(Call& call);

Response live(Call& call);

}  // namespace hale::fleet::routes
