#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "platform/errno_linux.hpp"
#include "platform/service.hpp"

namespace hale {
namespace {

/// The protocol of sd_notify(3), without its library: one datagram to $NOTIFY_SOCKET; '@' in front means an abstract address.
void tell_manager(const std::string& message) {
  const char* address = std::getenv("NOTIFY_SOCKET");
  sockaddr_un target{};
  if (address == nullptr || (address[0] != '/' && address[0] != '@')) return;
  const std::size_t length = std::strlen(address);
  if (length >= sizeof(target.sun_path)) return;
  target.sun_family = AF_UNIX;
  std::memcpy(&target.sun_path[0], address, length);
  if (address[0] == '@') target.sun_path[0] = '\0';
  const FileDescriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  // A manager that does not listen is not the service's problem; it restarts what it misses.
  static_cast<void>(::sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&target), size));
}

}  // namespace

void notify_ready() { tell_manager("READY=1"); }

void notify_stopping() { tell_manager("STOPPING=1"); }

void notify_status(std::string_view status) {
  std::string line(status);
  for (char& c : line) {
    if (c == '\n') c = ' ';
  }
  tell_manager("STATUS=" + line);
}

void notify_watchdog() { tell_manager("WATCHDOG=1"); }

}  // namespace hale
