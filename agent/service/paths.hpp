#pragma once
#include <filesystem>

namespace hale::agent {

/// $HALE_STATE_DIR, else systemd's $STATE_DIRECTORY, else /var/lib/hale.
std::filesystem::path state_folder();
/// <state>/control.sock with HALE_STATE_DIR set, else /run/hale/control.sock.
std::filesystem::path control_socket();

}  // namespace hale::agent
