#pragma once
#include <string_view>

namespace hale {

/// What the service manager is told (systemd sd_notify; nothing when there is none). Thread-safe.
void notify_ready();
void notify_stopping();
void notify_status(std::string_view status);
void notify_watchdog();

}  // namespace hale
