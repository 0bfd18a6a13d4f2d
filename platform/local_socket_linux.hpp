#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>

#include "core/result.hpp"

namespace hale {

/// The address of a Unix socket; invalid_input when the path does not fit into one (107 bytes).
inline Result<sockaddr_un> make_socket_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& text = path.native();
  if (text.empty() || text.size() >= sizeof(address.sun_path)) {
    return fail(Errc::invalid_input, text + ": a socket's path has 1 to " + std::to_string(sizeof(address.sun_path) - 1) + " bytes");
  }
  std::memcpy(&address.sun_path[0], text.data(), text.size());
  return address;
}

inline const sockaddr* socket_address(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

}  // namespace hale
